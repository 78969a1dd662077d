# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From trained weights to integers, and the integer arithmetic of TFLite.

Activations are i8 with a scale and a zero point each, found on training clips;
weights are i8 with a scale for each output channel; sums are i32. `run` computes
what a TFLite runtime computes, to the bit: every rounding is the one of the
reference kernels (TFLite's quantisation specification; gemmlowp's fixedpoint.h
for the softmax), and it stands on NumPy's integers alone.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from frontend import STEPS_PER_DB
from network import INPUT_SCALE, same


@dataclass
class Layer:
    """One operator of the integer model; the fields are those of its TFLite form."""
    kind: str  # conv depthwise pool reshape dense softmax
    scale: float  # of the output
    zero: int
    shape: tuple = ()  # of the output, without the batch
    stride: int = 1
    relu: bool = False
    weight: np.ndarray = None  # i8, output channels first
    weight_scale: np.ndarray = None  # f32[channels], or f32[1]
    bias: np.ndarray = None  # i32
    extra: dict = field(default_factory=dict)


def activation_range(low, high):
    """(scale, zero point) so that low..high and 0 fit into i8; 0 exactly."""
    low, high = min(float(low), 0.0), max(float(high), 0.0)
    scale = float(np.float32((high - low) / 255.0))
    return scale, int(np.clip(round(-128 - low / scale), -128, 127))


def quantized_weights(weight, per_channel):
    """i8 in -127..127, symmetric; the scales are stored as f32."""
    rows = weight.reshape(len(weight), -1) if per_channel else weight.reshape(1, -1)
    scale = (np.maximum(np.abs(rows).max(axis=1), 1e-8) / 127.0).astype(np.float32)
    wide = scale.reshape((-1,) + (1,) * (weight.ndim - 1)).astype(np.float64)
    return np.clip(np.rint(weight / wide), -127, 127).astype(np.int8), scale


# --------------------------------------------------------------------------
# Arithmetic


def multiplier(real):
    """(m, shift): real = m · 2^(shift - 31), m of 31 bits."""
    fraction, shift = math.frexp(real)
    m = int(math.floor(fraction * (1 << 31) + 0.5))
    if m == 1 << 31:
        m, shift = m // 2, shift + 1
    return (0, 0) if shift < -31 else (m, shift)


def doubling_high_mul(a, b):
    """gemmlowp's SaturatingRoundingDoublingHighMul; i64 in and out, of i32 values."""
    product = np.asarray(a, np.int64) * np.asarray(b, np.int64)
    nudged = product + np.where(product >= 0, 1 << 30, 1 - (1 << 30))
    return np.where(nudged >= 0, nudged >> 31, -(-nudged >> 31))  # towards 0


def rounding_shift(x, exponent):
    """x / 2^exponent, halves away from 0."""
    mask = (np.int64(1) << exponent) - 1
    return (x >> exponent) + ((x & mask) > (mask >> 1) + (x < 0))


def rescale(x, m, shift):
    """x · m · 2^(shift - 31) with both of TFLite's roundings."""
    left, right = np.maximum(shift, 0), np.maximum(-np.asarray(shift), 0)
    return rounding_shift(doubling_high_mul(x << left, m), right)


def channel_multipliers(layer, input_scale):
    pairs = [multiplier(float(input_scale) * float(w) / float(layer.scale))
             for w in layer.weight_scale]
    return np.array([m for m, _ in pairs], np.int64), np.array([s for _, s in pairs], np.int64)


def to_output(layer, accumulated, input_scale):
    m, shift = channel_multipliers(layer, input_scale)
    out = rescale(accumulated + layer.bias.astype(np.int64), m, shift) + layer.zero
    return np.clip(out, layer.zero if layer.relu else -128, 127).astype(np.int8)


def windows(x, kernel, stride, fill):
    """[n, rows, columns, c, kh, kw] of [n, h, w, c]."""
    rows, columns = (same(x.shape[1], kernel[0], stride), same(x.shape[2], kernel[1], stride))
    padded = np.pad(x, ((0, 0), rows, columns, (0, 0)), constant_values=fill)
    view = np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=(1, 2))
    return view[:, ::stride, ::stride]


def convolve(layer, x, scale, zero):
    seen = windows(x.astype(np.int32), layer.weight.shape[2:], layer.stride, zero) - zero
    # Exact in f64, where the sums are: they stay far below 2^53.
    weight = layer.weight.astype(np.float64)
    if layer.kind == "depthwise":
        sums = np.einsum("nyxckl,ckl->nyxc", seen.astype(np.float64), weight[:, 0], optimize=True)
    else:
        flat = seen.astype(np.float64).reshape(seen.shape[:3] + (-1,))
        sums = flat @ weight.reshape(len(weight), -1).T
    return to_output(layer, sums.astype(np.int64), scale)


def average(x):
    """Mean over rows and columns; halves away from 0; scale and zero point stay."""
    n = x.shape[1] * x.shape[2]
    total = x.astype(np.int64).sum(axis=(1, 2), keepdims=True)
    magnitude = (np.abs(total) + n // 2) // n
    return np.clip(np.sign(total) * magnitude, -128, 127).astype(np.int8)


def exp_of_negative(a):
    """gemmlowp's exp_on_negative_values: Q5.26 in, Q0.31 out."""
    quarter = np.int64(1) << 24
    part = (a & (quarter - 1)) - quarter  # in [-1/4, 0), Q5.26
    x = (part << 5) + (np.int64(1) << 28)  # Q0.31, moved by 1/8
    x2 = doubling_high_mul(x, x)
    x3 = doubling_high_mul(x2, x)
    x4 = doubling_high_mul(x2, x2)
    term = rounding_shift(x4, 2)
    term = rounding_shift(doubling_high_mul(term + x3, 715827883) + x2, 1)
    result = 1895147668 + doubling_high_mul(1895147668, x + term)
    remainder = part - a
    for exponent, factor in ((-2, 1672461947), (-1, 1302514674), (0, 790015084), (1, 290630308),
                             (2, 39332535), (3, 720401), (4, 242)):
        bit = (remainder >> (26 + exponent)) & 1
        result = np.where(bit == 1, doubling_high_mul(result, factor), result)
    return np.where(a == 0, (1 << 31) - 1, result)


def one_over_one_plus(a):
    """gemmlowp's one_over_one_plus_x_for_x_in_0_1: Q0.31 in and out."""
    half = (a + (1 << 31) - 1 + 1) >> 1  # rounding half sum with 1
    x = 1515870810 + doubling_high_mul(half, -1010580540)  # Q2.29: 48/17 - 32/17 · half
    for _ in range(3):
        rest = (1 << 29) - doubling_high_mul(half, x)
        x = x + (doubling_high_mul(x, rest) << 2)
    return np.clip(x << 1, -(1 << 31), (1 << 31) - 1)


def softmax(x, scale):
    """TFLite's i8 softmax of beta 1; output scale 1/256, zero point -128."""
    beta = min(float(np.float32(scale)) * (1 << 26), (1 << 31) - 1.0)
    m, shift = multiplier(beta)
    least = -math.floor(31 * (1 << 26) / (1 << shift))
    below = x.astype(np.int64) - x.max(axis=-1, keepdims=True)
    kept = below >= least
    powers = exp_of_negative(doubling_high_mul(np.where(kept, below, 0) << shift, m))
    total = np.where(kept, rounding_shift(powers, 12), 0).sum(axis=-1, keepdims=True)  # Q12.19
    zeros = np.array([32 - int(t).bit_length() for t in total.ravel()]).reshape(total.shape)
    inverse = one_over_one_plus(((total << zeros) & 0xFFFFFFFF) - (1 << 31))
    bits = 12 - zeros + 31 - 8
    share = doubling_high_mul(inverse, powers)
    return np.where(kept, np.clip(rounding_shift(share, bits) - 128, -128, 127), -128).astype(np.int8)


def run(layers, features, scale=1.0 / STEPS_PER_DB, zero=-128, upto=None):
    """i8[n, labels] of i8[n, 49, 40, 1]: what every TFLite runtime must give."""
    x = features
    for layer in layers[:upto]:
        if layer.kind in ("conv", "depthwise"):
            x = convolve(layer, x, scale, zero)
        elif layer.kind == "pool":
            x = average(x)
        elif layer.kind == "reshape":
            x = x.reshape(len(x), -1)
        elif layer.kind == "dense":
            sums = (x.astype(np.int64) - zero) @ layer.weight.astype(np.int64).T
            x = to_output(layer, sums, scale)
        elif layer.kind == "softmax":
            x = softmax(x, scale)
        scale, zero = layer.scale, layer.zero
    return x


# --------------------------------------------------------------------------
# The trained model in integers


def float_layers(model):
    """[(kind, weight, bias, stride)] with the normalisations and the input's scale in."""
    found = []
    for number, layer in enumerate(model.layers):
        weight, bias = layer.folded()
        found.append((layer.kind, weight * INPUT_SCALE if number == 0 else weight, bias,
                      layer.stride))
    return found


def float_activations(model, decibels):
    """The f64 outputs of each layer, NHWC, and the logits, of f64[n, 49, 40]."""
    x, outputs = decibels[..., None], []
    for kind, weight, bias, stride in float_layers(model):
        seen = windows(x, weight.shape[2:], stride, 0.0)
        if kind == "depthwise":
            x = np.einsum("nyxckl,ckl->nyxc", seen, weight[:, 0], optimize=True)
        else:
            x = seen.reshape(seen.shape[:3] + (-1,)) @ weight.reshape(len(weight), -1).T
        x = np.maximum(x + bias, 0.0)
        outputs.append(x)
    read = model.read
    logits = x.mean(axis=(1, 2)) @ read.weight.detach().numpy().T.astype(np.float64)
    return outputs, logits + read.bias.detach().numpy().astype(np.float64)


def quantize(model, features):
    """The integer layers of a trained model; `features` of training clips set the ranges."""
    decibels = (features.astype(np.float64) + 128.0) / STEPS_PER_DB
    outputs, logits = float_activations(model, decibels)
    layers, scale = [], 1.0 / STEPS_PER_DB

    def integers(kind, weight, bias, output, stride, relu, per_channel, shape):
        nonlocal scale
        # A few clips' extremes would coarsen all others: the ends are cut off.
        low, high = np.quantile(output, [0.00005, 0.99995])
        out_scale, zero = activation_range(0.0 if relu else low, high)
        whole, weight_scale = quantized_weights(weight, per_channel)
        whole_bias = np.rint(bias / (scale * weight_scale.astype(np.float64))).astype(np.int32)
        layers.append(Layer(kind, out_scale, zero, shape, stride, relu, whole, weight_scale,
                            whole_bias))
        scale = out_scale

    for (kind, weight, bias, stride), output in zip(float_layers(model), outputs):
        integers(kind, weight, bias, output, stride, True, True, output.shape[1:])
    channels = outputs[-1].shape[-1]
    layers.append(Layer("pool", scale, layers[-1].zero, (1, 1, channels),
                        extra={"window": outputs[-1].shape[1:3]}))
    layers.append(Layer("reshape", scale, layers[-1].zero, (channels,)))
    integers("dense", model.read.weight.detach().numpy().astype(np.float64),
             model.read.bias.detach().numpy().astype(np.float64), logits, 1, False, False,
             logits.shape[1:])
    layers.append(Layer("softmax", 1.0 / 256.0, -128, logits.shape[1:]))
    return layers
