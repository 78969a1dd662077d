# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The arithmetic of TensorFlow Lite's reference kernels in Python's integers,
# written from their definitions: gemmlowp's fixed point, multipliers, tables.
# Nothing here knows our code.
import math
import numpy as np

f32 = np.float32
RANGES = {"i8": (-128, 127), "u8": (0, 255), "i16": (-32768, 32767), "i32": (-2**31, 2**31 - 1)}


def away(x):
    """C's round."""
    return int(math.floor(abs(x) + 0.5)) * (1 if x >= 0 else -1)


def clamp(x, dtype):
    low, high = RANGES[dtype]
    return min(max(int(x), low), high)


def wrap(x, bits=32):
    x &= (1 << bits) - 1
    return x - (1 << bits) if x >> (bits - 1) else x


def quotient(a, b):
    """Towards zero, as in C."""
    return abs(a) // b * (1 if a >= 0 else -1)


def multiplier(real):
    """QuantizeMultiplier: (31 bits, shift)."""
    if real == 0: return 0, 0
    mantissa, shift = math.frexp(float(real))
    fixed = away(mantissa * 2**31)
    if fixed == 2**31: fixed, shift = fixed // 2, shift + 1
    return (0, 0) if shift < -31 else (fixed, shift)


def high_mul(a, b, bits=32):
    """SaturatingRoundingDoublingHighMul."""
    if a == b == -2**(bits - 1): return 2**(bits - 1) - 1
    half = 1 << (bits - 2)
    return quotient(a * b + (half if a * b >= 0 else 1 - half), 1 << (bits - 1))


def divide(x, exponent):
    """RoundingDivideByPOT."""
    mask = (1 << exponent) - 1
    return (x >> exponent) + (1 if (x & mask) > (mask >> 1) + (x < 0) else 0)


def scaled(x, factor):
    """MultiplyByQuantizedMultiplier of 32 bits, with two roundings."""
    m, shift = factor
    return divide(high_mul(wrap(x << max(shift, 0)), m), max(-shift, 0))


def scaled_once(x, factor):
    """The same with one rounding, for legacy uint8."""
    m, shift = factor
    return (x * m + (1 << (30 - shift))) >> (31 - shift)


def scaled_wide(x, factor):
    """MultiplyByQuantizedMultiplier of 64 bits."""
    m, shift = factor
    reduced = (m + (1 << 15)) >> 16 if m < 0x7FFF0000 else 0x7FFF
    total = 15 - shift
    return (x * reduced + (1 << (total - 1))) >> total


def inverse_root(x):
    """GetInvSqrtQuantizedMultiplierExp with the shift reversed."""
    if x <= 1: return 2**31 - 1, 0
    shift = 11
    while x >= 1 << 29: x, shift = x // 4, shift + 1
    pairs = (32 - x.bit_length() - 1) // 2 - 1
    shift -= pairs
    x <<= 2 * pairs
    rescale = lambda v, bits: max(min(v << bits, 2**31 - 1), -2**31)
    half = divide(x >> 1, 1)
    one = 1 << 28
    y = one
    for _ in range(5):
        cube = rescale(high_mul(high_mul(y, y), y), 6)
        y = rescale(high_mul(one + one // 2, y) - high_mul(half, cube), 3)
    y = high_mul(y, 1518500250)
    if shift < 0: y, shift = y << -shift, 0
    return y, -shift


SIGMOID = [min(65535, away(65536 / (1 + math.exp(-i / 24)))) for i in range(256)]


def word_argument(scale, powers):
    """(multiplier, right shift) of the 16-bit logistic and tanh; `powers` of two are exact."""
    mantissa, exponent = math.frexp(float(scale))
    left = 12 + exponent - 1
    if mantissa == 0.5 and left in powers: return 3 << left, 0
    real, shift = float(scale) * 4096 * 3, 0
    while real <= 32767 / 2 and shift <= 30: real, shift = real * 2, shift + 1
    return int(real), shift


def word_place(x, argument):
    m, shift = argument
    return (x * m + ((1 << (shift - 1)) if shift else 0)) >> shift


def word_logistic(x, scale):
    place = word_place(x, word_argument(scale, (0,)))
    size = abs(place)
    at, rest = size >> 9, size & 0x1FF
    y = 0x7FFF << 10 if at >= 255 else (SIGMOID[at] << 9) + rest * (SIGMOID[at + 1] - SIGMOID[at])
    y = y + (1 << 9) if place >= 0 else (1 << 25) - y + (1 << 9) - 1
    return y >> 10


def word_tanh(x, scale):
    place = word_place(x, word_argument(scale, (0, 1)))
    size = abs(place)
    at, rest = size >> 8, size & 0xFF
    y = 0xFFFF << 8 if at >= 255 else (SIGMOID[at] << 8) + rest * (SIGMOID[at + 1] - SIGMOID[at])
    y = y - (1 << 23) + (1 << 7) if place >= 0 else -y + (1 << 23) + (1 << 7) - 1
    return y >> 8


def hard_swish(x, scale, zero, to_scale, to_zero, dtype):
    """reference/hard_swish.h, of 8 bits."""
    def down(m):
        return 2**15 - 1 if m >= 2**31 - 1 - (1 << 15) else (m + (1 << 15)) >> 16
    word = lambda v: max(min(v, 2**15 - 1), -2**15)
    fine_scale = f32(1 / 128) * f32(scale)
    out_m, out_e = multiplier(f32(fine_scale / f32(to_scale)))
    gate_m, gate_e = multiplier(f32(fine_scale / f32(f32(3) / f32(32768))))
    out_m, gate_m = down(out_m), down(gate_m)
    fine = (x - zero) * 128
    before = high_mul(fine, out_m, 16)
    gate = fine
    if gate_e > 0: gate = word(gate << (gate_e - 1))
    gate = high_mul(gate, gate_m, 16)
    if gate_e > 0: gate = word(gate << 1)
    if gate_e < 0: gate = divide(gate, -gate_e)
    gate = (gate + (1 << 15)) >> 1
    y = 2**15 - 1 if gate == before == -2**15 else quotient(gate * before, 1 << 15)
    return clamp(divide(y, -out_e) + to_zero, dtype)


def sampled(function, x, scale, zero, to_scale, to_zero, dtype):
    """LUTPopulate of 8 bits: f32 throughout."""
    inverse = f32(1) / f32(to_scale)
    real = f32(f32(scale) * f32(x - zero))
    return clamp(away(float(f32(f32(function(real)) * inverse))) + to_zero, dtype)


def interpolated(function, numbers, scale, to_scale):
    """LUTPopulate and the lookup of 16 bits, zero points 0."""
    low, high = -32768, 32767
    least, most = scale * low, scale * high
    step = (most - least) / 512
    inverse = 65536 / (to_scale * 65535)
    table = []
    for i in range(512):
        at, middle, after = (function(least + i * step + d) * inverse for d in (0, step / 2, step))
        line = away((after + away(at)) / 2)
        table.append(clamp(away(at) - away((line - away(middle)) / 2), "i16"))
    table.append(clamp(away(function(most) * inverse), "i16"))
    out = []
    for x in numbers:
        at, rest = (x + 32768) >> 7, x & 127
        out.append(table[at] + (((table[at + 1] - table[at]) * rest + 64) >> 7))
    return out
