#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Writes golden_integers.json: what the operators on integers, the quantised ones
# and those that came with TensorFlow Lite's models must compute. Nothing here
# knows our code. Requantisation and the softmaxes follow gemmlowp's and TensorFlow
# Lite's definitions step by step (two roundings, fixed-point polynomials), in
# Python's unbounded integers, where our code has one formula.
#
#   python3 src/graph/testdata/make_golden_integers.py
import itertools
import math
from fractions import Fraction

import numpy as np
from golden_cases import *

I32 = 2**31


# --- gemmlowp ------------------------------------------------------------------
def srdhm(a, b):
    """SaturatingRoundingDoublingHighMul."""
    if a == b == -I32: return I32 - 1
    ab = a * b
    nudge = 2**30 if ab >= 0 else 1 - 2**30
    q = abs(ab + nudge) // 2**31  # towards zero
    return q if ab + nudge >= 0 else -q


def rdp(x, n):
    """RoundingDivideByPOT."""
    mask = 2**n - 1
    remainder, threshold = x & mask, (mask >> 1) + (1 if x < 0 else 0)
    return (x >> n) + (1 if remainder > threshold else 0)


def double(x, m, shift):
    return rdp(srdhm(x * 2**max(shift, 0), m), max(-shift, 0))


def single(x, m, shift):
    return (x * m + 2**(30 - shift)) >> (31 - shift)


def by16x8(x, m, shift):
    r = (m + 2**15) >> 16 if m < 0x7FFF0000 else 0x7FFF
    return (x * r + (1 << (14 - shift))) >> (15 - shift)


def even(x, m, shift):
    return round(Fraction(x * m, 2**31) * Fraction(2)**shift)


RULES = {"tflite-double": double, "tflite-single": single, "tflite-16x8": by16x8, "onnx-even": even}
T = {"i8": np.int8, "u8": np.uint8, "i16": np.int16, "u16": np.uint16, "i32": np.int32, "i64": np.int64}
i32 = lambda v: np.array(v, np.int32)


def requantize(name, x, m, shift, dtype, rounding="tflite-double", zero=None, xzero=None, axis=0, left_shift=0, low=None, high=None):
    """x, m, shift: numpy; the rest plain."""
    info = np.iinfo(T[dtype])
    lo, hi = info.min if low is None else low, info.max if high is None else high
    y = np.zeros(x.shape, T[dtype])
    for place in np.ndindex(*x.shape):
        at = lambda p: int(p.reshape(-1)[place[axis] if p.size > 1 else 0])
        v = (int(x[place]) - (xzero or 0)) * 2**left_shift
        y[place] = min(max(RULES[rounding](v, at(m), at(shift)) + (zero or 0), lo), hi)
    more = {k: v for k, v in dict(axis=axis, left_shift=left_shift).items() if v}
    if low is not None: more["low"] = low
    if high is not None: more["high"] = high
    inputs = [x, m, shift, None if zero is None else np.array(zero, T[dtype]), None if xzero is None else np.array(xzero, x.dtype)]
    while inputs[-1] is None: inputs.pop()
    case("requantize", name, inputs, [y], dtype=dtype, rounding=rounding, **more)


edges = [0, 1, -1, 2, -2, 3, -3, 5, -5, 100, -100, 12345, -12345, 2**20, -2**20, 2**20 + 1, 2**30, -2**30, 2**31 - 1, -2**31]
for rounding in RULES:
    top = 14 if rounding == "tflite-16x8" else 7
    for shift in (0, -1, -3, -8, -31, top):
        small = edges if shift <= 0 else [v for v in edges if abs(v) < 2**20]
        for m in (2**30, 2**31 - 1, 1518500250):
            requantize("%s shift %d by %d" % (rounding, shift, m), i32(small), i32(m), i32(shift), "i32", rounding)
x = rng.integers(-2**20, 2**20, (3, 2, 4)).astype(np.int32)
for axis, n in ((0, 3), (1, 2), (2, 4)):
    requantize("per axis %d" % axis, x, rng.integers(2**30, 2**31, n).astype(np.int32), rng.integers(-14, -9, n).astype(np.int32), "i8", zero=-7, axis=axis)
requantize("several multipliers, one shift", x, rng.integers(2**30, 2**31, 4).astype(np.int32), i32(-11), "u8", "tflite-single", zero=128, axis=2)
requantize("one multiplier, several shifts", x, i32([1500000000]), i32([-9, -11]), "i16", axis=1)
requantize("limits of an activation", x, i32(1400000000), i32(-12), "i8", zero=-10, low=-10, high=60)
requantize("left shift of i8", rng.integers(-128, 128, (20,)).astype(np.int8), i32(1600000000), i32(-3), "i32", xzero=13, left_shift=20)
requantize("left shift of i16", np.array([-32768, 32767, 77, -77], np.int16), i32(1600000000), i32(-3), "i32", left_shift=15)
requantize("u8 to i8", np.arange(0, 256, 15).astype(np.uint8), i32(2**30), i32(1), "i8", zero=0, xzero=128)
requantize("i32 with a zero point is exact", i32([2**31 - 1, -2**31]), i32(2**30), i32(-24), "i8", xzero=-2**31)
requantize("i64 sums", np.array([2**46, -2**46, 2**40 + 12345, -5, 5, 0]), i32(1234567890), i32(-30), "i16", "tflite-16x8")
requantize("i64 sums of a large multiplier", np.array([2**30, -2**30, 99999, -99999]), i32(0x7FFF8000), i32(-10), "i16", "tflite-16x8")
requantize("i64 exactly", np.array([2**62, -2**62, 2**55 + 1]), i32(2**31 - 1), i32(-31), "i32", "onnx-even")
requantize("negative multiplier", i32([-5, -4, -3, 3, 4, 5]), i32(-2**30), i32(-1), "i32")
requantize("a scalar", i32(1000), i32(2**30), i32(-2), "i8")
requantize("empty", np.zeros((0, 3), np.int32), i32([1, 2, 3]), i32(0), "i8", axis=1)


# --- convolution -----------------------------------------------------------------
def wrap(v, t):
    n = np.iinfo(t).bits
    v = int(v) & (2**n - 1)
    return v - 2**n if v >= 2**(n - 1) else v


def conv(x, w, bias, xz, wz, strides, pads, dilations, groups, t):
    n = x.ndim - 2
    O, I = w.shape[:2]
    out = [(x.shape[2 + d] + pads[d] + pads[n + d] - (w.shape[2 + d] - 1) * dilations[d] - 1) // strides[d] + 1 for d in range(n)]
    y = np.zeros([x.shape[0], O] + out, t)
    for b, o in np.ndindex(x.shape[0], O):
        for place in np.ndindex(*out):
            total = int(bias[o]) if bias is not None else 0
            for c in range(I):
                for k in np.ndindex(*w.shape[2:]):
                    p = [place[d] * strides[d] - pads[d] + k[d] * dilations[d] for d in range(n)]
                    low = [max(0, -pads[d]) for d in range(n)]
                    high = [x.shape[2 + d] + min(0, pads[n + d]) for d in range(n)]
                    if all(low[d] <= p[d] < high[d] for d in range(n)):
                        total += (int(x[(b, o // (O // groups) * I + c, *p)]) - xz) * (int(w[(o, c, *k)]) - int(wz[o]))
            y[(b, o, *place)] = wrap(total, t)
    return y


def transposed(x, w, bias, xz, wz, strides, pads, dilations, groups, t, integers=True):
    n = x.ndim - 2
    C, each = w.shape[:2]
    O = each * groups
    out = [(x.shape[2 + d] - 1) * strides[d] - pads[d] - pads[n + d] + (w.shape[2 + d] - 1) * dilations[d] + 1 for d in range(n)]
    sums = np.zeros([x.shape[0], O] + out, object if integers else np.float64)
    for b, c in np.ndindex(x.shape[0], C):
        g = c // (C // groups)
        for p in np.ndindex(*x.shape[2:]):
            for o in range(each):
                for k in np.ndindex(*w.shape[2:]):
                    q = [p[d] * strides[d] - pads[d] + k[d] * dilations[d] for d in range(n)]
                    if all(0 <= q[d] < out[d] for d in range(n)):
                        a, v = x[(b, c, *p)], w[(c, o, *k)]
                        sums[(b, g * each + o, *q)] += (int(a) - xz) * (int(v) - int(wz[g * each + o])) if integers else float(a) * float(v)
    if bias is not None:
        sums = sums + np.asarray(bias).reshape([1, O] + [1] * n)
    return np.array([wrap(v, t) for v in sums.reshape(-1)], t).reshape(sums.shape) if integers else sums.astype(t)


def ints(t, *shape):
    info = np.iinfo(t)
    return rng.integers(info.min, info.max, shape, dtype=t, endpoint=True)


def last(a): return np.ascontiguousarray(np.moveaxis(a, 1, -1))


def conv_case(op, name, n, groups=1, inputs=2, outputs=2, strides=None, pads=None, dilations=None, bias=True, xz=True, wz=None, nxc=False, batch=1, xt=np.int8, wt=np.int8, acc="i32", size=5, kernel=3):
    st, di, pa = strides or [1] * n, dilations or [1] * n, pads or [0] * (2 * n)
    x = ints(xt, *([batch, groups * inputs] + [size + d for d in range(n)]))
    wshape = [groups * outputs, inputs] if op == "conv_integer" else [groups * inputs, outputs]
    w = ints(wt, *(wshape + [max(1, kernel - d) for d in range(n)]))
    O = groups * outputs
    b = rng.integers(-10**6, 10**6, O).astype(T[acc]) if bias else None
    z = ints(xt, 1)[0] if xz else 0
    ws = {None: np.zeros(O, wt), "one": np.full(O, ints(wt, 1)[0]), "each": ints(wt, O)}[wz]
    f = conv if op == "conv_integer" else transposed
    y = f(x, w, b, int(z), ws, st, pa, di, groups, T[acc])
    ins = [last(x) if nxc else x, w, b, np.array(z, xt) if xz else None, None if wz is None else np.array(ws[0], wt) if wz == "one" else ws]
    while ins[-1] is None: ins.pop()
    more = {k: v for k, v in dict(strides=strides, pads=pads, dilations=dilations).items() if v}
    if groups > 1: more["groups"] = groups
    if nxc: more["layout"] = "NXC"
    if acc != "i32": more["accumulator"] = acc
    case(op, name, ins, [last(y) if nxc else y], **more)


for op in ("conv_integer", "conv_transpose_integer"):
    for n in (1, 2, 3):
        for nxc in (False, True):
            conv_case(op, "%dd %s" % (n, "NXC" if nxc else "NCX"), n, nxc=nxc, pads=[1] * (2 * n), batch=2, size=3)
    for nxc in (False, True):
        conv_case(op, "strides, dilations, uneven pads %d" % nxc, 2, strides=[2, 3], dilations=[2, 1], pads=[2, 0, 1, 2], nxc=nxc)
        conv_case(op, "groups %d" % nxc, 2, groups=3, nxc=nxc, wz="each")
        conv_case(op, "depthwise %d" % nxc, 2, groups=4, inputs=1, outputs=1, pads=[1, 1, 1, 1], nxc=nxc)
        conv_case(op, "depthwise with a multiplier %d" % nxc, 2, groups=3, inputs=1, outputs=2, pads=[1, 0, 1, 0], strides=[2, 2], nxc=nxc)
        conv_case(op, "one by one %d" % nxc, 2, inputs=5, outputs=3, kernel=1, nxc=nxc, size=3)
    conv_case(op, "u8 with zero points of both", 2, xt=np.uint8, wt=np.uint8, wz="one", pads=[1, 1, 1, 1], nxc=True)
    conv_case(op, "i16 by i8 in 64 bits", 2, xt=np.int16, xz=False, acc="i64", nxc=True)
    conv_case(op, "u16 by i16 wraps in 32 bits", 1, xt=np.uint16, wt=np.int16, wz="each", inputs=9)
    conv_case(op, "no bias, no zero points", 1, bias=False, xz=False)
    conv_case(op, "negative pads", 1, pads=[-1, -1], size=7)
case("conv_integer", "no channels: only the bias", [np.zeros((1, 0, 3), np.int8), np.zeros((2, 0, 2), np.int8), i32([4, 5])], [i32([[[4, 4], [5, 5]]])])
case("conv_integer", "nothing under the window but padding", [np.array([[[5]]], np.int8), np.array([[[3]]], np.int8), i32([7]), np.array(9, np.int8)],
     [i32([[[7, 7 - 12, 7]]])], pads=[1, 1])


def tconv_case(name, n, groups=1, inputs=2, outputs=2, strides=None, pads=None, dilations=None, bias=True, nxc=False, dtype=np.float32, tolerance=0, **more):
    st, di, pa = strides or [1] * n, dilations or [1] * n, pads or [0] * (2 * n)
    x = eighths(2, groups * inputs, *[4 + d for d in range(n)], dtype=dtype)
    w = eighths(groups * inputs, outputs, *[max(1, 3 - d) for d in range(n)], dtype=dtype)
    b = eighths(groups * outputs, dtype=dtype) if bias else None
    y = transposed(x, w, b, 0, None, st, pa, di, groups, dtype, integers=False)
    attributes = {k: v for k, v in dict(strides=strides, pads=pads, dilations=dilations).items() if v}
    if groups > 1: attributes["groups"] = groups
    if nxc: attributes["layout"] = "NXC"
    case("conv_transpose", name, [last(x) if nxc else x, w] + ([b] if bias else []), [last(y) if nxc else y], tolerance, **attributes, **more)


for n in (1, 2, 3):
    tconv_case("%dd" % n, n)
tconv_case("strides", 2, strides=[2, 3])
tconv_case("strides and pads", 2, strides=[3, 2], pads=[1, 0, 0, 1])
tconv_case("negative pads enlarge", 1, strides=[2], pads=[-1, -2])
tconv_case("dilations", 2, dilations=[2, 3])
tconv_case("groups, NXC", 2, groups=2, nxc=True, strides=[2, 2])
tconv_case("no bias", 1, bias=False)
tconv_case("f64", 1, dtype=np.float64)
tconv_case("f16", 1, dtype=np.float16)
case("conv_transpose", "of nothing", [np.zeros((1, 2, 0), np.float32), np.zeros((2, 3, 4), np.float32)], [np.zeros((1, 3, 0), np.float32)])
case("conv_transpose", "no channels: only the bias", [np.zeros((1, 0, 2), np.float32), np.zeros((0, 2, 2), np.float32), np.array([4, 5], np.float32)],
     [np.array([[[4, 4, 4], [5, 5, 5]]], np.float32)])


def mm(name, a, b, bias=None, az=None, bz=None, acc="i32", ta=0, tb=0):
    A, B = a.astype(np.int64) - (int(az) if az is not None else 0), b.astype(np.int64)
    if tb: B = np.swapaxes(B, -1, -2)
    if ta: A = np.swapaxes(A, -1, -2)
    if bz is not None: B = B - np.asarray(bz, np.int64)
    y = np.asarray(A @ B + (0 if bias is None else bias.astype(np.int64)))
    y = np.array([wrap(v, T[acc]) for v in y.reshape(-1)], T[acc]).reshape(y.shape)
    ins = [a, b, bias, None if az is None else np.array(az, a.dtype), None if bz is None else np.array(bz, b.dtype)]
    while ins[-1] is None: ins.pop()
    more = {k: v for k, v in dict(transpose_a=ta, transpose_b=tb).items() if v}
    if acc != "i32": more["accumulator"] = acc
    case("matmul_integer", name, ins, [y], **more)


mm("fully connected", ints(np.int8, 2, 6), ints(np.int8, 3, 6), i32([100, -200, 3]), az=-5, tb=1)
mm("u8 with both zero points", ints(np.uint8, 2, 3), ints(np.uint8, 3, 4), az=128, bz=120)
mm("a zero point for each column", ints(np.uint8, 2, 3), ints(np.int8, 3, 4), i32([1, 2, 3, 4]), az=9, bz=[1, -2, 3, -4])
mm("a zero point for each column, transposed", ints(np.int8, 2, 3), ints(np.int8, 4, 3), bz=[1, -2, 3, -4], tb=1)
mm("batches", ints(np.int8, 2, 1, 2, 3), ints(np.int8, 3, 3, 2))
mm("transposed a", ints(np.int8, 3, 2), ints(np.int8, 3, 2), ta=1)
mm("vectors", ints(np.int8, 3), ints(np.int8, 3))
mm("a matrix by a vector", ints(np.int8, 2, 3), ints(np.int8, 3))
mm("i16 in 64 bits", ints(np.int16, 2, 5), ints(np.int16, 5, 2), np.array([2**40, -2**40]), acc="i64")
mm("u16 wraps in 32 bits", np.full((1, 3), 65535, np.uint16), np.full((3, 1), 65535, np.uint16))
mm("nothing to sum", np.zeros((2, 0), np.int8), np.zeros((0, 2), np.int8), i32([1, 2]))


# --- between floats and integers --------------------------------------------------
def quantize(name, x, scale, zero, dtype, rounding="even", axis=0):
    info = np.iinfo(T[dtype])
    y = np.zeros(x.shape, T[dtype])
    for place in np.ndindex(*x.shape):
        at = lambda p: p.reshape(-1)[place[axis] if p.size > 1 else 0]
        ratio = x[place] / at(scale)
        if np.isnan(ratio): v = 0
        elif np.isinf(ratio): v = math.inf if ratio > 0 else -math.inf
        elif rounding == "even": v = int(np.rint(ratio))
        else: v = int(math.copysign(math.floor(abs(Fraction(float(ratio))) + Fraction(1, 2)), ratio))
        y[place] = min(max(v + (int(at(zero)) if zero is not None else 0), info.min), info.max)
    more = {k: v for k, v in dict(axis=axis).items() if v}
    case("quantize", name, [x, scale] + ([zero] if zero is not None else []), [y], dtype=dtype, rounding=rounding, **more)


f = lambda v: np.array(v, np.float32)
with np.errstate(all="ignore"):
    for rounding in ("even", "away"):
        quantize("ties " + rounding, f([-2.5, -1.5, -0.5, 0, 0.5, 1.5, 2.5, 0.49999997, -0.49999997]), f(1), np.array(3, np.int8), "i8", rounding)
        quantize("beyond the range " + rounding, f([1e9, -1e9, np.inf, -np.inf, np.nan, 127, -129]), f(0.5), np.array(-3, np.int8), "i8", rounding)
    for dtype in ("i8", "u8", "i16", "u16", "i32"):
        quantize("random " + dtype, (rng.standard_normal((4, 3)) * 300).astype(np.float32), f(0.37), None if dtype == "i32" else np.array(17, T[dtype]), dtype)
    for axis, n in ((0, 2), (1, 3), (2, 4)):
        quantize("axis %d" % axis, (rng.standard_normal((2, 3, 4)) * 3).astype(np.float32), (rng.random(n) + 0.1).astype(np.float32), ints(np.int8, n), "i8", axis=axis)
    quantize("f64", rng.standard_normal(5) * 9, np.array(0.1), None, "i8", "away")
    quantize("a scalar", f(4.4), f([0.25]), np.array([7], np.uint8), "u8")
for dtype in ("i8", "u8", "i16", "u16", "i32"):
    x, z = ints(T[dtype], 3, 4), np.array(5, T[dtype])
    case("dequantize", dtype, [x, f(0.0123), z], [((x.astype(np.int64) - 5) * np.float64(np.float32(0.0123))).astype(np.float32)])
for axis, n in ((0, 2), (1, 3), (2, 4)):
    x, s, z = ints(np.int8, 2, 3, 4), (rng.random(n) + 0.1).astype(np.float32), ints(np.int8, n)
    shape = [n if d == axis else 1 for d in range(3)]
    case("dequantize", "axis %d" % axis, [x, s, z], [((x.astype(np.int64) - z.astype(np.int64).reshape(shape)) * s.astype(np.float64).reshape(shape)).astype(np.float32)], **({"axis": axis} if axis else {}))
case("dequantize", "f64, no zero point", [ints(np.int32, 1) * 0 + 3, np.array(0.1)], [np.array([3 * 0.1])])
case("dequantize", "f16", [np.array([3, -4], np.int8), np.array(0.5, np.float16)], [np.array([1.5, -2], np.float16)])


# --- tables -----------------------------------------------------------------------
def lut(v, table):
    """TensorFlow Lite's LUTLookup."""
    base = int(table[256 + (v >> 7)])
    slope = wrap(int(table[256 + (v >> 7) + 1]) - base, np.int16)
    return wrap(base + ((slope * (v & 127) + 64) >> 7), np.int16)


x = np.array([[-128, -1, 0], [1, 127, 5]], np.int8)
table = ints(np.int8, 256)
case("lookup", "i8", [x, table], [table[x.astype(int) + 128]])
table = ints(np.uint8, 256)
case("lookup", "i8 to u8", [x, table], [table[x.astype(int) + 128]])
x = np.array([0, 255, 128, 7], np.uint8)
table = ints(np.int32, 256)
case("lookup", "u8 to i32", [x, table], [table[x]])
case("lookup", "u8 to f32", [x, (table / 7).astype(np.float32)], [(table / 7).astype(np.float32)[x]])
x = np.array([-32768, -32767, -129, -128, -127, -1, 0, 1, 64, 127, 128, 32766, 32767], np.int16)
smooth = np.array([math.tanh((i - 256) / 64) * 32767 for i in range(513)]).astype(np.int16)
jumpy = np.array([-32768, 32767] * 256 + [-32768], np.int16)
for name, t in (("smooth", smooth), ("wraps where it jumps", jumpy)):
    case("lookup", "interpolated: " + name, [x, t], [np.array([lut(int(v), t) for v in x], np.int16)], interpolate=1)


def clz(x): return 32 - x.bit_length()
def sat(x): return min(max(x, -I32), I32 - 1)


def exp_on_negative(a):
    """gemmlowp::exp_on_negative_values of 5 integer bits."""
    if a == 0: return I32 - 1
    quarter = 1 << 24
    near = (a & (quarter - 1)) - quarter
    z = sat(near << 5)
    x = z + (1 << 28)
    x2 = srdhm(x, x); x3 = srdhm(x2, x); x4 = srdhm(x2, x2)
    tail = rdp(srdhm(rdp(x4, 2) + x3, 715827883) + x2, 1)
    result = 1895147668 + srdhm(1895147668, x + tail)
    remainder = near - a
    for exponent, factor in zip(range(-2, 5), (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)):
        if remainder & (1 << (26 + exponent)): result = srdhm(result, factor)
    return result


def one_over_one_plus(a):
    """gemmlowp::one_over_one_plus_x_for_x_in_0_1."""
    half = (a + I32 - 1 + 1) // 2
    x = 1515870810 + srdhm(half, -1010580540)
    for _ in range(3):
        x = x + sat(srdhm(x, (1 << 29) - srdhm(half, x)) << 2)
    return sat(x << 1)


def softmax_row(row, m, left, least, dtype):
    info = np.iinfo(T[dtype])
    top = max(row)
    exps = [exp_on_negative(srdhm((v - top) << left, m)) if v - top >= least else None for v in row]
    total = sum(rdp(e, 12) for e in exps if e is not None)
    h = clz(total)
    scale = one_over_one_plus((total << h) - 2**31)
    shares = [rdp(srdhm(scale, e), 12 - h + 31 - info.bits) if e is not None else 0 for e in exps]
    return [min(max(s + int(info.min), int(info.min)), int(info.max)) for s in shares]


for name, t, dtype, m, left, least in (("i8", np.int8, "i8", 1717986918, 22, -496), ("u8", np.uint8, "u8", 1073741824, 20, -1984), ("i8 to i16", np.int8, "i16", 1717986918, 22, -496),
                                       ("small scale", np.int8, "i8", 1100000000, 15, -60000), ("cut off", np.int8, "i8", 2147483647, 23, -20)):
    x = ints(t, 4, 7)
    x[3] = x[3][0]
    y = np.array([softmax_row([int(v) for v in row], m, left, least, dtype) for row in x], T[dtype])
    case("softmax_fixed", name, [x], [y], multiplier=m, left_shift=left, diff_min=least, dtype=dtype)
x = ints(np.int8, 2, 300)
case("softmax_fixed", "many", [x], [np.array([softmax_row([int(v) for v in row], 1500000000, 18, -7000, "i8") for row in x], np.int8)], multiplier=1500000000, left_shift=18, diff_min=-7000, dtype="i8")
case("softmax_fixed", "one", [np.array([[5]], np.int8)], [np.array([[127]], np.int8)], multiplier=2**30, left_shift=20, diff_min=-200, dtype="i8")

exp_table = np.array([min(32767, round(math.exp(-10 + 10 * i / 512) * 32768)) for i in range(513)], np.int16)
reciprocal_table = np.array([min(32767, round(32768 / (1 + i / 512))) for i in range(513)], np.int16)


def softmax16_row(row, m, shift):
    top = max(row)
    clamp16 = lambda v: min(max(v, -32768), 32767)
    exps = [lut(clamp16(double(v - top, m, shift) + 32767), exp_table) for v in row]
    total = sum(exps)
    h = clz(total)
    shifted = ((total << (h - 1)) + (1 << 13)) >> 14
    r = lut(clamp16(shifted - (1 << 15) - (1 << 16)), reciprocal_table)
    return [min(max((e * r + (1 << (31 - h - 1))) >> (31 - h), 0), 32767) for e in exps]


for m, shift, shape in ((1717986918, 0, (3, 5)), (1073741824, 1, (2, 2, 3)), (2000000000, -3, (1, 40))):
    x = ints(np.int16, *shape)
    y = np.array([softmax16_row([int(v) for v in row], m, shift) for row in x.reshape(-1, shape[-1])], np.int16).reshape(shape)
    case("softmax_lookup", "%d %d" % (m, shift), [x, exp_table, reciprocal_table], [y], multiplier=m, shift=shift)


# --- element by element --------------------------------------------------------------
REAL = (np.float16, np.float32, np.float64)
wild = [0.0, -0.0, 1, -1, 0.5, -0.5, 2.5, 3.5, -2.5, 7.3, -7.3, 100, -100, np.inf, -np.inf, np.nan]
with np.errstate(all="ignore"):
    for op, g in (("exp", np.exp), ("log", np.log), ("sqrt", np.sqrt), ("sin", np.sin), ("cos", np.cos), ("tanh", np.tanh), ("sigmoid", lambda v: 1 / (1 + np.exp(-v)))):
        for t in REAL:
            x = np.array(wild, t)
            case(op, t.__name__, [x], [g(x.astype(np.float64)).astype(t)], {np.float16: 1e-3, np.float32: 3e-7, np.float64: 1e-15}[t])
        case(op, "bf16", [BF([0.5, 1])], [BF(g(np.array([0.5, 1])))], 8e-3)
        case(op, "a scalar", [f(0.25)], [f(g(np.float64(0.25)))], 3e-7)
    for op, g in (("floor", np.floor), ("ceil", np.ceil), ("round", np.rint)):
        for t in REAL:
            case(op, t.__name__, [np.array(wild, t)], [g(np.array(wild, t))])
    case("round", "away from zero", [np.array(wild, np.float32)], [np.array([0.0, -0.0, 1, -1, 1, -1, 3, 4, -3, 7, -7, 100, -100, np.inf, -np.inf, np.nan], np.float32)], ties="away")
    for op, g in (("abs", np.abs), ("neg", np.negative), ("sign", np.sign)):
        for t in REAL:
            want = g(np.array(wild, t))
            case(op, t.__name__, [np.array(wild, t)], [np.where(want == 0, np.abs(want), want).astype(t) if op == "sign" else want])
        for t in (np.int8, np.int16, np.int32, np.int64):
            x = np.array([0, 5, -5, np.iinfo(t).min, np.iinfo(t).max], t)
            case(op, t.__name__, [x], [g(x)])
    INTS = (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64)
    a, b = np.array([[1, -2, np.nan, 3, np.inf, 0]]), np.array([[1], [np.nan], [-3]])
    for op, g in (("minimum", np.minimum), ("maximum", np.maximum), ("equal", np.equal), ("less", np.less), ("less_equal", np.less_equal)):
        for t in REAL:
            case(op, t.__name__, [a.astype(t), b.astype(t)], [g(a.astype(t), b.astype(t))])
        case(op, "bf16", [BF([1, 3]), BF([2])], [BF(g([1, 3], [2])) if op in ("minimum", "maximum") else g([1, 3], [2])])
        for t in INTS:
            p, q = ints(t, 2, 3), ints(t, 1, 3)
            q[0, 0] = p[0, 0]
            case(op, t.__name__, [p, q], [g(p, q)])
        case(op, "empty", [np.zeros((0, 2), np.int8), np.zeros((1,), np.int8)], [g(np.zeros((0, 2), np.int8), np.zeros((1,), np.int8))])
    no, yes = False, True
    bools = [np.array([[no], [yes]]), np.array([no, yes])]
    case("equal", "bool", bools, [np.equal(*bools)])
    case("logical_and", "all pairs", bools, [np.logical_and(*bools)])
    case("logical_or", "all pairs", bools, [np.logical_or(*bools)])
    case("logical_not", "both", [bools[1]], [np.array([yes, no])])
    for t in REAL:
        p, q = np.array([2, 0.5, -2, 0, 9], t), np.array([3, -1, 3, 2, 0.5], t)
        case("pow", t.__name__, [p, q], [np.power(p.astype(np.float64), q.astype(np.float64)).astype(t)], {np.float16: 1e-3, np.float32: 3e-7, np.float64: 1e-15}[t])
    case("pow", "integers wrap", [np.array([3, 2, 0, -3, 200], np.int32), np.array([4, 31, 0, 3, 5], np.int32)], [np.array([81, wrap(2**31, np.int32), 1, -27, wrap(200**5, np.int32)], np.int32)])
    case("pow", "u8 wraps", [np.array([200, 3], np.uint8), np.array([2, 200], np.uint8)], [np.array([200**2 % 256, 3**200 % 256], np.uint8)])
    case("pow", "negative powers of integers", [np.array([1, -1, -1, 2, -5], np.int64), np.array([-3, -3, -2, -1, -9], np.int64)], [np.array([1, -1, 1, 0, 0], np.int64)])
w = np.array([[yes, no], [no, yes]])
p, q = eighths(2, 2), eighths(2)
case("where", "broadcast", [w, p, q], [np.where(w, p, q)])
case("where", "the condition is stretched", [np.array([yes]), p, q], [np.where([yes], p, q)])
case("where", "u8", [w, np.array(3, np.uint8), np.array(4, np.uint8)], [np.where(w, np.uint8(3), np.uint8(4))])
case("where", "utf8", [np.array([yes, no]), ((2,), ["a", "b"]), ((), ["zz"])], [((2,), ["a", "zz"])])

# cast: every pair of types on numbers that fit, then the ends of the ranges
NUM = INTS + REAL
for s in NUM:
    for t in NUM:
        x = np.array([0, 1, 77, 100] if np.dtype(s).kind == "u" or np.dtype(t).kind == "u" else [0, 1, -77, 100], s)
        case("cast", "%s to %s" % (s.__name__, t.__name__), [x], [x.astype(t)], dtype=NAMES[t.__name__])
    case("cast", "%s to bool" % s.__name__, [np.array([0, 1, 3], s)], [np.array([no, yes, yes])], dtype="bool")
    case("cast", "bool to %s" % s.__name__, [np.array([no, yes])], [np.array([0, 1], s)], dtype=NAMES[s.__name__])
case("cast", "NaN to bool", [f([np.nan, -0.0])], [np.array([yes, no])], dtype="bool")
case("cast", "bool to bool", [bools[1]], [bools[1]], dtype="bool")
floats = f([1.9, -1.9, 1e20, -1e20, np.inf, -np.inf, np.nan, 127.5, 255.9, -0.9])
for t in INTS:
    info = np.iinfo(t)
    want = [0 if math.isnan(v) else min(max(math.trunc(v) if math.isfinite(v) else (v > 0) * 2**80 - (v < 0) * 2**80, int(info.min)), int(info.max)) for v in floats.tolist()]
    case("cast", "float to %s saturates" % t.__name__, [floats], [np.array(want, t)], dtype=NAMES[t.__name__])
wide = np.array([300, -300, 2**40, -2**40, 5, -1])
for t in INTS:
    n, info = np.iinfo(t).bits, np.iinfo(t)
    case("cast", "i64 to %s wraps" % t.__name__, [wide], [np.array([int(v) % 2**n if info.min == 0 else wrap(v, t) for v in wide], t)], dtype=NAMES[t.__name__])
    case("cast", "i64 to %s saturates" % t.__name__, [wide], [np.array([min(max(int(v), int(info.min)), int(info.max)) for v in wide], t)], dtype=NAMES[t.__name__], saturate=1)
case("cast", "u64 to i64 saturates", [np.array([2**64 - 1, 3], np.uint64)], [np.array([2**63 - 1, 3])], dtype="i64", saturate=1)
# 2^60 + 2^52 + 1 lies just above the middle of two bfloat16: rounded once, upwards
case("cast", "i64 to bf16 rounds once", [np.array([2**60 + 2**52 + 1, 2**60 + 2**52])], [BF([2.0**60 * (1 + 2**-7), 2.0**60])], dtype="bf16")
case("cast", "f64 to f32 rounds", [np.array([0.1, 1e300])], [f([0.1, np.inf])], dtype="f32")
case("cast", "i32 to f32 rounds", [i32([2**24 + 1, 2**24 + 3])], [f([2**24, 2**24 + 4])], dtype="f32")


# --- folding ----------------------------------------------------------------------------
def axes_of(shape, axes): return tuple(a % len(shape) for a in axes)


for op, g in (("reduce_sum", np.sum), ("reduce_prod", np.prod), ("reduce_max", np.max), ("reduce_min", np.min)):
    for shape, axes, keep in (((2, 3, 4), (1,), 1), ((2, 3, 4), (0, 2), 0), ((2, 3), (0, 1), 0), ((2, 3), (), 1), ((4,), (0,), 0), ((), (), 0), ((2, 3, 2), (-1, 0), 1)):
        x = eighths(*shape) if op != "reduce_prod" else rng.integers(1, 3, shape).astype(np.float32)
        case(op, "%s over %s keep %d" % (shape, axes, keep), [x], [np.asarray(g(x, axis=axes_of(shape, axes), keepdims=bool(keep)) if axes else x, np.float32)], axes=list(axes), keep_dims=keep)
    for t in INTS:
        x = ints(t, 3, 4)
        with np.errstate(all="ignore"):
            y = g(x, axis=1, dtype=t) if op in ("reduce_sum", "reduce_prod") else g(x, axis=1)
        case(op, t.__name__, [x], [y], axes=[1], keep_dims=0)
    for t in (np.float16, np.float64):
        x = np.array([[1, 2, 3], [4, 0.5, 2]], t)
        case(op, t.__name__, [x], [g(x, axis=1)], axes=[1], keep_dims=0)
    x = f([[1, np.nan], [np.nan, 2], [-np.inf, np.inf]])
    case(op, "NaN", [x], [g(x, axis=1)], axes=[1], keep_dims=0)
for op, empty in (("reduce_sum", 0), ("reduce_prod", 1), ("reduce_max", -np.inf), ("reduce_min", np.inf)):
    case(op, "of nothing", [np.zeros((2, 0), np.float32)], [f([empty, empty])], axes=[1], keep_dims=0)
case("reduce_max", "of no integers", [np.zeros((2, 0), np.int8)], [np.array([-128, -128], np.int8)], axes=[1], keep_dims=0)
case("reduce_min", "of no integers", [np.zeros((2, 0), np.uint8)], [np.array([255, 255], np.uint8)], axes=[1], keep_dims=0)
case("reduce_max", "any", [np.array([[no, yes], [no, no]])], [np.array([yes, no])], axes=[1], keep_dims=0)
case("reduce_min", "all", [np.array([[no, yes], [yes, yes]])], [np.array([no, yes])], axes=[1], keep_dims=0)
case("reduce_max", "any of none", [np.zeros((1, 0), bool)], [np.array([no])], axes=[1], keep_dims=0)
for op, g in (("arg_max", np.argmax), ("arg_min", np.argmin)):
    for axis in (0, 1, 2, -1):
        x = rng.integers(-3, 4, (3, 4, 5)).astype(np.float32)
        case(op, "axis %d" % axis, [x], [np.expand_dims(g(x, axis), axis)], axis=axis)
        case(op, "axis %d, the last" % axis, [x], [x.shape[axis] - 1 - g(np.flip(x, axis), axis)], axis=axis, keep_dims=0, last=1)
    for t in INTS:
        x = ints(t, 2, 6)
        case(op, t.__name__, [x], [g(x, 1)], axis=1, keep_dims=0)
    case(op, "the first NaN", [f([1, np.nan, 5, np.nan, -5])], [np.array(1)], axis=0, keep_dims=0)
    case(op, "the last NaN", [f([1, np.nan, 5, np.nan, -5])], [np.array(3)], axis=0, keep_dims=0, last=1)
    case(op, "empty result", [np.zeros((0, 2), np.int8)], [np.zeros((0, 1), np.int64)], axis=1)

# --- choosing -----------------------------------------------------------------------------
L = lambda *v: np.array(v, np.int64)
x = eighths(5, 4, 3)
case("slice", "the first dimensions", [x, L(1, 0), L(4, 2)], [x[1:4, 0:2]])
case("slice", "steps", [x, L(0), L(5), L(0), L(2)], [x[::2]])
case("slice", "backwards", [x, L(-1, 3), L(-100, 0), L(0, 1), L(-1, -2)], [x[::-1, 3:0:-2]])
case("slice", "counted from the end", [x, L(-3), L(-1), L(-1)], [x[:, :, -3:-1]])
case("slice", "beyond the ends", [x, L(-100), L(100)], [x[-100:100]])
case("slice", "to the very end", [x, L(2), L(2**63 - 1)], [x[2:]])
case("slice", "huge steps", [x, L(1, 4), L(5, -2**63), L(0, 1), L(2**63 - 1, -2**63)], [x[1:2, 3:4]])
case("slice", "nothing", [x, L(3), L(1)], [x[3:1]])
case("slice", "nothing backwards", [x, L(1), L(3), L(0), L(-1)], [x[1:3:-1]])
case("slice", "no axes", [x, np.zeros(0, np.int64), np.zeros(0, np.int64)], [x])
case("slice", "of an empty dimension", [np.zeros((0, 2), np.float32), L(0), L(-1), L(0), L(-1)], [np.zeros((0, 2), np.float32)])
case("slice", "utf8", [((3,), ["a", "b", "c"]), L(2), L(-4), L(0), L(-1)], [((3,), ["c", "b", "a"])])
for t in (np.int8, np.int16, np.float64, bool):
    v = np.array([1, 0, 1, 1], t)
    case("slice", np.dtype(t).name, [v, L(1), L(3)], [v[1:3]])
for axis in (0, 1, 2, -1):
    for it in (np.int32, np.int64):
        i = np.array([[0, 2], [-1, 1]], it)
        case("gather", "axis %d %s" % (axis, it.__name__), [x, i], [np.take(x, i, axis)], axis=axis)
case("gather", "one index", [x, np.array(-5)], [x[-5]])
case("gather", "no indices", [x, np.zeros(0, np.int32)], [np.zeros((0, 4, 3), np.float32)])
case("gather", "utf8", [((3,), ["a", "bb", "c"]), L(2, 1)], [((2,), ["c", "bb"])])
d = eighths(2, 3, 4)
case("gather_nd", "elements", [d, np.array([[0, 1, 2], [1, -1, 0]])], [np.array([d[0, 1, 2], d[1, -1, 0]])])
case("gather_nd", "slices", [d, np.array([[[1], [0]]], np.int32)], [np.array([[d[1], d[0]]])])
case("gather_nd", "rows", [d, np.array([[0, 2], [1, -3]])], [np.array([d[0, 2], d[1, 0]])])
case("gather_nd", "a batch", [d, np.array([[2], [0]])], [np.array([d[0, 2], d[1, 0]])], batch_dims=1)
case("gather_nd", "two batches", [d, np.array([[[3], [0], [1]], [[2], [-1], [0]]])], [np.array([[d[0, 0, 3], d[0, 1, 0], d[0, 2, 1]], [d[1, 0, 2], d[1, 1, -1], d[1, 2, 0]]])], batch_dims=2)
case("gather_nd", "vectors of nothing", [d, np.zeros((2, 0), np.int64)], [np.array([d, d])])
case("gather_nd", "nothing", [d, np.zeros((0, 2), np.int64)], [np.zeros((0, 4), np.float32)])
e = eighths(2, 1, 3)
case("expand", "stretches", [e, L(2, 4, 3)], [np.broadcast_to(e, (2, 4, 3)).copy()])
case("expand", "more dimensions", [e, L(2, 1, 4, 1)], [np.broadcast_to(e, (2, 2, 4, 3)).copy()])
case("expand", "fewer dimensions", [e, L(3)], [e])
case("expand", "to nothing", [e, L(2, 0, 3)], [np.zeros((2, 0, 3), np.float32)])
case("expand", "utf8", [((1,), ["a"]), L(3)], [((3,), ["a", "a", "a"])])
case("tile", "three dimensions", [e, L(2, 3, 1)], [np.tile(e, (2, 3, 1))])
case("tile", "not at all", [e, L(1, 0, 2)], [np.zeros((2, 0, 6), np.float32)])
case("tile", "a scalar", [f(3), np.zeros(0, np.int64)], [f(3)])
case("tile", "utf8", [((2,), ["a", "b"]), L(2)], [((4,), ["a", "b", "a", "b"])])


# --- resize ----------------------------------------------------------------------------------
def where_in_x(q, d, D, mode):
    g = np.float32
    s = g(d - 1) / g(D - 1) if mode == "align_corners" and D > 1 else g(d) / g(D)
    if mode == "half_pixel": return (g(q) + g(0.5)) * s - g(0.5)
    return (g(q) + g(0.5)) * s if mode == "tf_half_pixel_for_nn" else g(q) * s


def nearest_index(p, mode, d):
    p = float(p)
    i = {"floor": math.floor(p), "ceil": math.ceil(p), "round_prefer_floor": math.ceil(p - 0.5), "round_prefer_ceil": math.floor(p + 0.5)}[mode]
    return min(max(i, 0), d - 1)


for mode in ("half_pixel", "asymmetric", "align_corners", "tf_half_pixel_for_nn"):
    for near in ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil"):
        x = eighths(1, 3, 4, 2)
        y = x
        for axis, D in ((1, 7), (2, 3)):
            y = np.take(y, [nearest_index(where_in_x(q, x.shape[axis], D, mode), near, x.shape[axis]) for q in range(D)], axis)
        case("resize_nearest", "%s %s" % (mode, near), [x, L(7, 3)], [y], axes=[1, 2], coordinate_transformation_mode=mode, nearest_mode=near)
case("resize_nearest", "twice as large, all axes", [np.array([[1, 2], [3, 4]], np.uint8), L(4, 4)], [np.kron(np.array([[1, 2], [3, 4]], np.uint8), np.ones((2, 2), np.uint8))])
case("resize_nearest", "the last axis", [x, L(5)], [np.take(x, [0, 0, 1, 1, 1], 3)], axes=[-1], coordinate_transformation_mode="align_corners", nearest_mode="round_prefer_ceil")
case("resize_nearest", "to nothing", [x, L(0)], [np.zeros((1, 0, 4, 2), np.float32)], axes=[1])
case("resize_nearest", "utf8", [((2,), ["a", "b"]), L(3)], [((3,), ["a", "a", "b"])], coordinate_transformation_mode="asymmetric", nearest_mode="floor")


def linear_matrix(d, D, mode):
    m = np.zeros((D, d))
    for q in range(D):
        p = min(max(float(where_in_x(q, d, D, mode)), 0.0), d - 1.0)
        l = int(math.floor(p))
        m[q, l] += 1 - (p - l)
        m[q, min(l + 1, d - 1)] += p - l
    return m


for mode in ("half_pixel", "asymmetric", "align_corners"):
    for sizes in ((7, 3), (1, 8), (3, 4)):
        x = eighths(2, 3, 4, 2)
        y = np.einsum("pi,qj,nijc->npqc", linear_matrix(3, sizes[0], mode), linear_matrix(4, sizes[1], mode), x.astype(np.float64))
        case("resize_linear", "%s %s" % (mode, sizes), [x, L(*sizes)], [y.astype(np.float32)], 1e-6, axes=[1, 2], coordinate_transformation_mode=mode)
x = eighths(2, 3, 4)
y = np.einsum("pi,qj,rk,ijk->pqr", linear_matrix(2, 5, "half_pixel"), linear_matrix(3, 2, "half_pixel"), linear_matrix(4, 9, "half_pixel"), x.astype(np.float64))
case("resize_linear", "three axes", [x, L(5, 2, 9)], [y.astype(np.float32)], 1e-6)
case("resize_linear", "f64, the last axis", [x.astype(np.float64), L(9)], [np.einsum("rk,ijk->ijr", linear_matrix(4, 9, "half_pixel"), x.astype(np.float64))], 1e-6, axes=[2])
case("resize_linear", "infinity stays where its weight is not 0", [f([1, np.inf]), L(2)], [f([1, np.inf])])
case("resize_linear", "to nothing", [x, L(0)], [np.zeros((2, 0, 4), np.float32)], axes=[1])


def fixed_axis(q, d, D, mode):
    """TensorFlow Lite's ComputeInterpolationValuesInteger, and the part beyond the lower neighbour."""
    trunc = lambda a, b: int(math.trunc(Fraction(a, b)))
    s = ((1 << 10) * (d - 1) + (D - 1) // 2) // (D - 1) if mode == "align_corners" and D > 1 else ((1 << 10) * d + D // 2) // D
    p = q * s + (s // 2 - (1 << 9) if mode == "half_pixel" else 0)
    lower = min(max(trunc(p, 1 << 10), 0), d - 1)
    return lower, max(min(trunc(p + (1 << 10) - 1, 1 << 10), d - 1), 0), p - (lower << 10)


for mode in ("half_pixel", "asymmetric", "align_corners"):
    for t in (np.int8, np.uint8, np.int16):
        for sizes in ((7, 3), (6, 8)):
            x = ints(t, 1, 3, 4, 2)
            y = np.zeros((1,) + sizes + (2,), t)
            for i, j, c in np.ndindex(*sizes, 2):
                i0, i1, fi = fixed_axis(i, 3, sizes[0], mode)
                j0, j1, fj = fixed_axis(j, 4, sizes[1], mode)
                at = lambda a, b: int(x[0, a, b, c])
                total = at(i0, j0) * (1024 - fi) * (1024 - fj) + at(i1, j0) * fi * (1024 - fj) + at(i0, j1) * (1024 - fi) * fj + at(i1, j1) * fi * fj
                v = int(math.trunc(Fraction(total + (2**19 if total > 0 else -2**19), 2**20)))
                y[0, i, j, c] = min(max(v, np.iinfo(t).min), np.iinfo(t).max)
            case("resize_linear", "%s %s %s" % (t.__name__, mode, sizes), [x, L(*sizes)], [y], axes=[1, 2], coordinate_transformation_mode=mode)

# --- integers through operators that took floats only ---------------------------------------------
def half_away(total, n):
    size = math.floor(Fraction(abs(total), n) + Fraction(1, 2))
    return size if total >= 0 else -size


for t in (np.int8, np.uint8, np.int16, np.int64):
    x = rng.integers(np.iinfo(t).min // 8, np.iinfo(t).max // 8, (1, 5, 4, 2)).astype(t)
    y = np.zeros((1, 3, 2, 2), t)
    for i, j, c in np.ndindex(3, 2, 2):
        cut = x[0, max(0, 2 * i - 1):2 * i + 2, 2 * j:2 * j + 2, c]
        y[0, i, j, c] = half_away(sum(int(v) for v in cut.reshape(-1)), cut.size)
    case("average_pool", t.__name__, [x], [y], kernel=[3, 2], strides=[2, 2], pads=[1, 0, 1, 0], layout="NXC")
x = np.array([[[-3, -2, 3, 2, 1]]], np.int8)
case("average_pool", "ties go away from zero", [x], [np.array([[[-3, 1, 3, 2]]], np.int8)], kernel=[2])
case("average_pool", "integers count the padding", [x], [np.array([[[-2, -3, 1, 3, 2]]], np.int8)], kernel=[2], pads=[1, 0], count_include_pad=1)

write("golden_integers.json")
