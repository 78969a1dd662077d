#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Writes golden.json: models of one TensorFlow Lite operator, their inputs and
# what its reference kernel gives, by numpy and reference_arithmetic.py. Nothing
# here knows our code.
#
#   python3 src/import/tflite/testdata/make_golden.py
import itertools, json, math, os
import numpy as np
from reference_arithmetic import *

rng = np.random.default_rng(20261121)
NAMES = {"float32": "f32", "float64": "f64", "float16": "f16", "int8": "i8", "int16": "i16", "int32": "i32",
         "int64": "i64", "uint8": "u8", "uint16": "u16", "uint32": "u32", "bool": "bool"}
cases = []


class T:
    """A tensor of the model: elements, and how they stand for real numbers."""
    def __init__(self, data, dtype=None, scale=None, zero=0, axis=0, constant=False, blocks=None, int4=False):
        self.data = np.asarray(data, dtype)
        self.scale, self.zero, self.axis, self.constant = scale, zero, axis, constant
        self.blocks, self.int4 = blocks, int4

    def json(self):
        def number(v):
            v = v.item()
            if isinstance(v, float) and (math.isnan(v) or math.isinf(v)): return str(v)
            if isinstance(v, float) and v == 0 and math.copysign(1, v) < 0: return "-0"
            return int(v) if isinstance(v, bool) or v == int(v) and abs(v) < 1e15 else v
        flat = self.data.reshape(-1)
        out = {"type": "%s[%s]" % (NAMES[self.data.dtype.name], ", ".join(map(str, self.data.shape))),
               "data": [number(v) for v in flat]}
        if self.scale is not None:
            out["scales"] = [float(f32(s)) for s in np.atleast_1d(self.scale)]
            out["zeros"] = [int(self.zero)] * len(out["scales"])
            out["axis"] = self.axis
        if self.constant: out["constant"] = True
        if self.int4: out["int4"] = True
        if self.blocks: out["blocks"] = self.blocks
        return out


def C(data, dtype=np.int32, **how): return T(data, dtype, constant=True, **how)
def Q(data, dtype, scale, zero=0, **how): return T(data, dtype, scale=float(f32(scale)), zero=zero, **how)
def S(x): return np.asarray(x, np.float32)


def case(op, name, inputs, outputs, options=None, tolerance=0, version=1, extra=(), custom=None):
    """options: (number of their table, {slot: (type, value)}); extra: tensors no operator reads."""
    as_tensors = lambda ts: [None if t is None else (t if isinstance(t, T) else T(t)).json() for t in ts]
    cases.append({"op": op, "name": name, "version": version, "options": options, "tolerance": tolerance,
                  "inputs": as_tensors(inputs), "outputs": as_tensors(outputs), "extra": as_tensors(extra)})
    if custom is not None: cases[-1]["custom"] = list(custom)


def real(*shape): return S(rng.integers(-64, 65, size=shape) / 16)
def ramp(*shape, dtype=np.float32): return np.arange(int(np.prod(shape)), dtype=dtype).reshape(shape)
def all_of(dtype): return np.arange(RANGES[dtype][0], RANGES[dtype][1] + 1)
def words(n=97): return np.unique(np.concatenate([rng.integers(-32768, 32768, n), [-32768, -1, 0, 1, 32767]]))
NP = {"i8": np.int8, "u8": np.uint8, "i16": np.int16, "i32": np.int32}


def table(op, name, dtype, frm, to, function, numbers=None, version=2, options=None):
    """Every number of a type, through a function of whole numbers."""
    x = all_of(dtype) if numbers is None else np.asarray(numbers)
    y = [function(int(v)) for v in x]
    case(op, "%s %s" % (name, dtype), [Q(x, NP[dtype], *frm)], [Q(y, NP[dtype], *to)], options, version=version)


# --- sums of many ---------------------------------------------------------------
a, b, c = real(2, 3), real(2, 3), real(2, 3)
case("ADD_N", "floats", [a, b, c], [a + b + c])
case("ADD_N", "one", [a], [a])
case("ADD_N", "integers", [ramp(3, dtype=np.int32)] * 3, [3 * ramp(3, dtype=np.int32)])


def add_n(xs, scale, zero, to_scale, to_zero):
    inner = multiplier(0.5)
    outer = multiplier(2 * float(f32(scale)) / (2**20 * float(f32(to_scale))))
    total = scaled(-zero << 20, inner) + sum(scaled((x - zero) << 20, inner) for x in xs)
    return clamp(scaled(total, outer) + to_zero, "i8")


for zero in (0, -7):
    xs = rng.integers(-128, 128, (3, 40))
    case("ADD_N", "i8 from %d" % zero, [Q(x, np.int8, 0.05, zero) for x in xs],
         [Q([add_n(map(int, v), 0.05, zero, 0.11, 3) for v in xs.T], np.int8, 0.11, 3)])

# --- blocks and batches ---------------------------------------------------------


def space_to_batch(x, block, pads, fill):
    x = np.pad(x, [(0, 0)] + pads + [(0, 0)] * (x.ndim - 1 - len(pads)), constant_values=fill)
    out = []
    for offset in itertools.product(*(range(b) for b in block)):
        out.append(x[(slice(None),) + tuple(slice(o, None, b) for o, b in zip(offset, block))])
    return np.concatenate(out)


def batch_to_space(x, block, crops):
    n = x.shape[0] // int(np.prod(block))
    m = len(block)
    out = np.zeros((n,) + tuple(s * b for s, b in zip(x.shape[1:], block)) + x.shape[1 + m:], x.dtype)
    for i, offset in enumerate(itertools.product(*(range(b) for b in block))):
        out[(slice(None),) + tuple(slice(o, None, b) for o, b in zip(offset, block))] = x[i * n:(i + 1) * n]
    ends = tuple(slice(c[0], s - c[1]) for c, s in zip(crops, out.shape[1:]))
    return out[(slice(None),) + ends]


x = ramp(2, 3, 4, 2)
pads = [(1, 0), (0, 2)]
case("SPACE_TO_BATCH_ND", "images", [x, C([2, 3]), C(pads)], [space_to_batch(x, (2, 3), pads, 0)])
x = ramp(1, 6, 2)
case("SPACE_TO_BATCH_ND", "rank 3", [x, C([3]), C([[0, 0]])], [space_to_batch(x, (3,), [(0, 0)], 0)], version=3)
x = rng.integers(-128, 128, (1, 3, 3, 1))
pads = [(0, 1), (1, 0)]
case("SPACE_TO_BATCH_ND", "i8", [Q(x, np.int8, 0.5, -9), C([2, 2]), C(pads)],
     [Q(space_to_batch(x, (2, 2), pads, -9), np.int8, 0.5, -9)], version=2)
x = ramp(12, 2, 2, 2)
crops = [(1, 0), (0, 2)]
case("BATCH_TO_SPACE_ND", "images", [x, C([2, 3]), C(crops)], [batch_to_space(x, (2, 3), crops)])
x = ramp(6, 2, 2)
case("BATCH_TO_SPACE_ND", "rank 3", [x, C([3]), C([[1, 1]])], [batch_to_space(x, (3,), [(1, 1)])], version=3)
x = ramp(4, 2, 1, 3, dtype=np.int8)
case("BATCH_TO_SPACE_ND", "i8", [Q(x, np.int8, 0.5, 4), C([2, 2]), C([[0, 0], [0, 0]])],
     [Q(batch_to_space(x, (2, 2), [(0, 0), (0, 0)]), np.int8, 0.5, 4)], version=2)

# --- made of sizes --------------------------------------------------------------
case("FILL", "floats", [C([2, 3]), S(1.5)], [np.full((2, 3), S(1.5))])
case("FILL", "one bool", [C([], np.int64), np.array(True)], [np.array(True)], version=2)
case("FILL", "i64 sizes, i8", [C([3], np.int64), Q(-7, np.int8, 0.5)], [Q([-7] * 3, np.int8, 0.5)], version=3)
case("ZEROS_LIKE", "floats", [real(2, 2)], [np.zeros((2, 2), np.float32)])
case("ZEROS_LIKE", "i64", [ramp(3, dtype=np.int64)], [np.zeros(3, np.int64)])
for shape in ((), (4,), (2, 1, 3)):
    case("RANK", "of %d" % len(shape), [ramp(*shape)], [np.array(len(shape), np.int32)])
case("BROADCAST_ARGS", "both", [C([1, 3]), C([2, 1, 1])], [np.array([2, 1, 3], np.int32)])
case("BROADCAST_ARGS", "none", [C([], np.int64), C([4], np.int64)], [np.array([4], np.int64)])
x = ramp(2, 3, 2)
case("REVERSE_V2", "middle", [x, C([1])], [x[:, ::-1]])
case("REVERSE_V2", "two", [x, C([0, -1])], [x[::-1, :, ::-1]])
case("REVERSE_V2", "bool", [x > 5, C([0])], [(x > 5)[::-1]], version=2)
table_of = real(4, 3)
rows = np.array([3, 0, 3], np.int32)
case("EMBEDDING_LOOKUP", "floats", [rows, C(table_of, np.float32)], [table_of[rows]])
numbers = rng.integers(-127, 128, (4, 3))
case("EMBEDDING_LOOKUP", "i8 stays", [rows, C(numbers, np.int8, scale=0.25)], [Q(numbers[rows], np.int8, 0.25)])
case("EMBEDDING_LOOKUP", "i8 to floats", [rows, C(numbers, np.int8, scale=0.25)], [S(numbers[rows] * 0.25)], version=3)
scales = [0.5, 0.25, 1, 2]
case("EMBEDDING_LOOKUP", "a scale for each row", [rows, C(numbers, np.int8, scale=scales)],
     [S(numbers * np.array(scales)[:, None])[rows]], version=3)

# --- element by element ---------------------------------------------------------
a = np.array([7, -7, 7, -7, 0, 6], np.int32)
b = np.array([3, 3, -3, -3, 5, -6], np.int32)
case("FLOOR_MOD", "i32", [a, b], [np.mod(a, b)])
case("FLOOR_MOD", "i64", [a.astype(np.int64), b.astype(np.int64)], [np.mod(a, b).astype(np.int64)])
case("FLOOR_MOD", "floats", [S(a) / 4, S(b)], [np.mod(S(a) / 4, S(b))])
x = rng.integers(0, 2, (2, 3, 2)).astype(bool)
for keep in (0, 1):
    options = [27, {"0": ["bool", keep]}]
    case("REDUCE_ALL", "keep %d" % keep, [x, C([1])], [x.all(1, keepdims=bool(keep))], options)
    case("REDUCE_ANY", "keep %d" % keep, [x, C([0, -1])], [x.any((0, 2), keepdims=bool(keep))], options)
a, b = real(3, 2), real(3, 2)
case("SELECT", "each", [a > b, a, b], [np.maximum(a, b)])
rows_of = np.array([True, False, True])
case("SELECT", "rows", [rows_of, a, b], [np.where(rows_of[:, None], a, b)])
case("SIGN", "floats", [S([-2.5, 0, 3])], [S([-1, 0, 1])])
case("SIGN", "i32", [np.array([-9, 0, 9], np.int32)], [np.array([-1, 0, 1], np.int32)], version=2)
case("ABS", "i32", [np.array([-9, 0, 9], np.int32)], [np.array([9, 0, 9], np.int32)], version=5)
case("NEG", "i64", [np.array([-9, 0, 2**40])], [np.array([9, 0, -2**40])])
case("RELU_0_TO_1", "floats", [S([-1, 0.25, 3])], [S([0, 0.25, 1])])
table("RELU_0_TO_1", "all", "i8", (0.02, 5), (0.01, -20),
      lambda v: max(min(scaled(v - 5, multiplier(float(f32(0.02)) / float(f32(0.01)))) - 20,
                        clamp(away(float(f32(1) / f32(0.01))) - 20, "i8")), -20), version=1)
a, b = S([2, 9, -3, 0, 2]), S([3, 0.5, 2, 0, -1])
case("POW", "floats", [a, b], [np.power(a, b)], tolerance=1e-6)
case("POW", "integers", [np.array([[2], [-3]], np.int32), np.array([0, 1, 3], np.int32)],
     [np.array([[1, 2, 8], [1, -3, -27]], np.int32)])
ends = [0.0, -0.0, 1.0, -1.0, 3.5, -1e-30, float("inf"), float("-inf")]
pairs = S(list(itertools.product(ends, ends)))
case("ATAN2", "zeros, ends and quarters", [pairs[:, 0], pairs[:, 1]],
     [S([math.atan2(y, x) for y, x in pairs.astype(float)])])
y, x = S(rng.normal(size=(5, 1))), S(rng.normal(size=7))
case("ATAN2", "broadcast", [y, x], [S([[math.atan2(v, w) for w in x.astype(float)] for v in y[:, 0].astype(float)])])
x = S([-1.0, -0.26, -0.25, 0, 0.1, 0.74, 9])


def fake_quant(x, least, most, bits, narrow):
    low, high = f32(1 if narrow else 0), f32((1 << bits) - 1)
    step = f32(f32(most) - f32(least)) / (high - low)
    zero = min(max(away(float(low - f32(least) / step)), int(low)), int(high))
    start, end = (low - f32(zero)) * step, (high - f32(zero)) * step
    inside = np.minimum(np.maximum(x, start), end)
    return S([away(float(v)) for v in (inside - start) * (f32(1) / step)]) * step + start


for bits, narrow in ((8, 0), (4, 1)):
    case("FAKE_QUANT", "%d bits" % bits, [x], [fake_quant(x, -0.25, 0.75, bits, narrow)],
         [58, {"0": ["f32", -0.25], "1": ["f32", 0.75], "2": ["i32", bits], "3": ["bool", narrow]}], version=2)
a = np.array([[12, -7], [0, 127]], np.int8)
b = np.array([5, 3], np.int8)
case("BITWISE_XOR", "i8", [a, b], [a ^ b])
for dtype, amounts in ((np.int8, [-1, 0, 3, 7, 100]), (np.uint32, [0, 1, 31, 32, 4000000000])):
    info = np.iinfo(dtype)
    x = np.array([[info.min], [-5 if info.min else 5], [info.max]], dtype)
    amount = np.array(amounts, dtype)
    kept = np.clip(np.array(amounts), 0, info.bits - 1)
    case("RIGHT_SHIFT", NAMES[np.dtype(dtype).name], [x, amount], [(x.astype(np.int64) >> kept).astype(dtype)])
case("BITCAST", "f32 to i32", [S([1, -2])], [S([1, -2]).view(np.int32)])

# --- quantised functions --------------------------------------------------------
def absolute(scale, zero, to_scale, to_zero, dtype):
    factor = multiplier(float(f32(scale)) / float(f32(to_scale)))
    same = f32(scale) == f32(to_scale)
    return lambda v: clamp((abs(v - zero) if same else scaled(abs(v - zero), factor)) + to_zero, dtype)


table("ABS", "rescaled", "i8", (0.05, 10), (0.08, -100), absolute(0.05, 10, 0.08, -100, "i8"))
table("ABS", "one scale", "i8", (0.05, 10), (0.05, -128), absolute(0.05, 10, 0.05, -128, "i8"))
table("ABS", "rescaled", "i16", (0.001,), (0.0015,), absolute(0.001, 0, 0.0015, 0, "i16"), words(), version=3)


def reciprocal_root(scale, zero, to_scale, to_zero, dtype):
    factor = multiplier(1.0 / (math.sqrt(float(f32(scale))) * float(f32(to_scale))))
    def root(v):
        if v == zero: return RANGES[dtype][1]
        m, shift = inverse_root(v - zero)
        return clamp(scaled(scaled(1, (m, shift + 20)), (factor[0], factor[1] - 20)) + to_zero, dtype)
    return root


table("RSQRT", "positive", "i8", (0.06, -128), (0.035, -40), reciprocal_root(0.06, -128, 0.035, -40, "i8"))
table("RSQRT", "positive", "i16", (0.0007,), (0.0012,), reciprocal_root(0.0007, 0, 0.0012, 0, "i16"),
      [v for v in words() if v >= 0], version=3)
for dtype, frm, to in (("i8", (0.07, 3), (0.05, -11)), ("u8", (0.05, 120), (0.04, 20)), ("i8", (0.3, 0), (0.35, 0)),
                       ("i8", (0.004, 0), (0.003, -10))):
    table("HARD_SWISH", "scale %g" % frm[0], dtype, frm, to, lambda v: hard_swish(v, *frm, *to, dtype), version=1)
table("ELU", "all", "i8", (0.05, -3), (0.04, -100),
      lambda v: sampled(lambda r: np.exp(r) - f32(1) if r < 0 else r, v, 0.05, -3, 0.04, -100, "i8"), version=1)
table("EXP", "all", "i8", (0.03, 20), (0.2, -128), lambda v: sampled(np.exp, v, 0.03, 20, 0.2, -128, "i8"))
least = f32(-128 + 20) * f32(0.05)
table("LOG", "all", "i8", (0.04, -100), (0.05, -20),
      lambda v: sampled(lambda r: np.log(r) if r > 0 else least, v, 0.04, -100, 0.05, -20, "i8"))


def square_root(scale, zero, to_scale, to_zero, dtype):
    return lambda v: clamp(int(f32(np.sqrt(f32(f32(scale) * f32(v - zero)))) / f32(to_scale)) + to_zero, dtype)


table("SQRT", "positive", "i8", (0.04, -128), (0.015, -128), square_root(0.04, -128, 0.015, -128, "i8"))
table("SQRT", "positive", "i16", (0.0004,), (0.0002,), square_root(0.0004, 0, 0.0002, 0, "i16"),
      [v for v in words() if v >= 0])


def gelu(r): return f32(0.5) * r * f32(math.erfc(float(r * f32(-math.sqrt(0.5)))))
def gelu_tanh(r): return f32(0.5) * r * (f32(1) + np.tanh(f32(math.sqrt(2 / math.pi)) * r * (f32(1) + f32(0.044715) * r * r)))


for name, function, approximate in (("exact", gelu, 0), ("tanh", gelu_tanh, 1)):
    options = [116, {"0": ["bool", approximate]}]
    table("GELU", name, "i8", (0.04, 10), (0.03, -90),
          lambda v: sampled(function, v, 0.04, 10, 0.03, -90, "i8"), options=options)
    x = S([-3, -0.5, 0, 1, 2.5])
    case("GELU", name, [x], [S([function(v) for v in x])], options, tolerance=1e-6)
table("GELU", "exact", "u8", (0.04, 120), (0.03, 9), lambda v: sampled(gelu, v, 0.04, 120, 0.03, 9, "u8"),
      options=[116, {"0": ["bool", 0]}])
for name, scale in (("exact", 2.0**-12), ("rescaled", 0.0003)):
    table("LOGISTIC", name, "i16", (scale,), (2.0**-15,), lambda v: word_logistic(v, f32(scale)), words(), version=3)
for name, scale in (("exact", 2.0**-12), ("doubled", 2.0**-11), ("rescaled", 0.0003)):
    table("TANH", name, "i16", (scale,), (2.0**-15,), lambda v: word_tanh(v, f32(scale)), words(), version=3)
x = words()
for op, function, frm, to in (("EXP", math.exp, 0.0001, 0.001), ("LOG", lambda v: math.log(v) if v > 0 else -32768 * float(f32(0.0004)), 0.0002, 0.0004)):
    case(op, "i16", [Q(x, np.int16, frm)], [Q(interpolated(function, map(int, x), float(f32(frm)), float(f32(to))), np.int16, to)],
         version=2, tolerance=1)


def prelu(x, alpha, xs, zs, ys, dtype, rule):
    same = multiplier(float(f32(xs[0])) / float(f32(ys[0])))
    slope = multiplier(float(f32(xs[0])) * float(f32(zs[0])) / float(f32(ys[0])))
    v, w = x - xs[1], alpha - zs[1]
    return clamp((rule(v, same) if v >= 0 else rule(v * w, slope)) + ys[1], dtype)


for dtype, slopes, xs, zs, ys, rule in (("i8", "i8", (0.05, 4), (0.01, -20), (0.04, -9), scaled),
                                        ("u8", "u8", (0.05, 128), (0.01, 100), (0.04, 110), scaled_once),
                                        ("i16", "i8", (0.001, 0), (0.01, 0), (0.0008, 0), scaled)):
    x = rng.integers(*RANGES[dtype], (2, 9, 3))
    alpha = rng.integers(*RANGES[slopes], (1, 3))
    y = [[[prelu(int(x[i, j, k]), int(alpha[0, k]), xs, zs, ys, dtype, rule) for k in range(3)] for j in range(9)]
         for i in range(2)]
    case("PRELU", dtype, [Q(x, NP[dtype], *xs), C(alpha, NP[slopes], scale=zs[0], zero=zs[1])], [Q(y, NP[dtype], *ys)])

# --- products -------------------------------------------------------------------


def batches(a, b, azero, bzero, factors, to_zero, dtype, rule):
    sums = np.matmul(a.astype(np.int64) - azero, b.astype(np.int64) - bzero)
    out = np.zeros(sums.shape, np.int64)
    for at in np.ndindex(sums.shape):
        out[at] = clamp(rule(int(sums[at]), factors[at[-1] % len(factors)]) + to_zero, dtype)
    return out


def one_factor(x, w, y): return [multiplier(float(f32(x) * f32(w)) / float(f32(y)))]


for adjoint in ((0, 0), (1, 1)):
    a, b = rng.integers(-128, 128, (2, 3, 5)), rng.integers(-128, 128, (1, 5, 4))
    y = batches(a, b, 6, -3, one_factor(0.02, 0.03, 0.9), -4, "i8", scaled)
    turn = lambda m, t: np.swapaxes(m, 1, 2) if t else m
    case("BATCH_MATMUL", "i8 adjoint %d %d" % adjoint,
         [Q(turn(a, adjoint[0]), np.int8, 0.02, 6), Q(turn(b, adjoint[1]), np.int8, 0.03, -3)],
         [Q(y, np.int8, 0.9, -4)], [101, {"0": ["bool", adjoint[0]], "1": ["bool", adjoint[1]]}], version=2)
a, b = rng.integers(-32768, 32768, (2, 3, 5)), rng.integers(-32768, 32768, (2, 5, 4))
y = batches(a, b, 0, 0, one_factor(0.0001, 0.0002, 0.002), 0, "i16", scaled_wide)
case("BATCH_MATMUL", "i16", [Q(a, np.int16, 0.0001), Q(b, np.int16, 0.0002)], [Q(y, np.int16, 0.002)],
     [101, {"0": ["bool", 0]}], version=3)
a, b = rng.integers(-32768, 32768, (6, 8)), rng.integers(-127, 128, (8, 3))
scales = [0.001, 0.0004, 0.002]
factors = [multiplier(float(f32(0.0001)) * float(f32(s)) / float(f32(0.0005))) for s in scales]
y = batches(a, b, 0, 0, factors, 0, "i16", scaled_wide)
for turned in (0, 1):
    case("BATCH_MATMUL", "i16 by columns, adjoint %d" % turned,
         [Q(a, np.int16, 0.0001), C(b.T if turned else b, np.int8, scale=scales, axis=1 - turned)],
         [Q(y, np.int16, 0.0005)], [101, {"1": ["bool", turned]}])
a, w = real(2, 4), rng.integers(-127, 128, (4, 3))
case("BATCH_MATMUL", "floats by columns", [a, C(w, np.int8, scale=[0.5, 0.25, 1], axis=1)],
     [S(a.astype(float) @ (w * np.array([0.5, 0.25, 1])))], [101, {"1": ["bool", 0]}], tolerance=1e-6)


def dynamic(x):
    """Rows as numbers of 8 bits in a range that holds 0: what they stand for then."""
    out = []
    for row in x.astype(np.float32):
        low, high = min(row.min(), f32(0)), max(row.max(), f32(0))
        step = max(f32(high - low) / f32(255), f32(2.0**-100))
        first = np.rint(low / step)
        out.append([float(min(max(np.rint(v / step), first), first + 255)) * float(step) for v in row])
    return np.array(out)


x = S(rng.normal(size=(3, 64)))
w = rng.integers(-8, 8, (5, 64))
block_scales = (rng.integers(1, 64, (5, 2)) / 64).astype(np.float16)
wide = np.repeat(block_scales.astype(float), 32, 1) * w
case("FULLY_CONNECTED", "int4 in blocks of 32", [x, C(w, np.int8, int4=True, blocks=[3, 32])],
     [S(dynamic(x) @ wide.T)], [8, {"2": ["bool", 1]}], tolerance=1e-5, version=13, extra=[C(block_scales, np.float16)])
scales = [0.5, 0.25, 1, 2, 0.125]
case("FULLY_CONNECTED", "int4, a scale for each channel", [x, C(w, np.int8, int4=True, scale=scales)],
     [S(dynamic(x) @ (np.array(scales)[:, None] * w).T)], [8, {"2": ["bool", 1]}], tolerance=1e-5, version=12)
x, w, b = real(1, 3, 4, 5, 2), real(2, 2, 3, 2, 3), real(3)


def conv3d(x, w, b, strides, dilations, same):
    spatial = x.shape[1:4]
    reach = [(k - 1) * d + 1 for k, d in zip(w.shape, dilations)]
    places = [-(-n // s) if same else (n - r) // s + 1 for n, s, r in zip(spatial, strides, reach)]
    pad = [max(0, (p - 1) * s + r - n) if same else 0 for p, s, r, n in zip(places, strides, reach, spatial)]
    x = np.pad(x.astype(float), [(0, 0)] + [(p // 2, p - p // 2) for p in pad] + [(0, 0)])
    y = np.zeros((x.shape[0], *places, w.shape[4]))
    for at in np.ndindex(*places):
        cut = x[(slice(None),) + tuple(slice(i * s, i * s + r, d) for i, s, r, d in zip(at, strides, reach, dilations))]
        y[(slice(None), *at)] = np.tensordot(cut, w.astype(float), axes=([1, 2, 3, 4], [0, 1, 2, 3])) + b
    return S(y)


for name, same, strides, dilations in (("valid", 0, (1, 1, 1), (1, 1, 1)), ("same", 1, (1, 2, 2), (1, 1, 1)),
                                       ("dilated", 0, (1, 1, 1), (2, 1, 1))):
    case("CONV_3D", name, [x, C(w, np.float32), C(b, np.float32)], [conv3d(x, w, b, strides, dilations, same)],
         [106, {"0": ["i8", 1 - same], "1": ["i32", strides[0]], "2": ["i32", strides[2]], "3": ["i32", strides[1]],
                "5": ["i32", dilations[0]], "6": ["i32", dilations[2]], "7": ["i32", dilations[1]]}], tolerance=1e-6)

# --- norms and pools ------------------------------------------------------------
x = real(2, 3, 5)
x[1, 2] = 0
norm = np.maximum(np.sqrt((x.astype(float)**2).sum(-1, keepdims=True)), 1e-6)
case("L2_NORMALIZATION", "floats", [x], [S(x / norm)], [12, {"0": ["i8", 0]}], tolerance=1e-6)


def l2(row, zero, dtype):
    m, shift = inverse_root(sum((v - zero)**2 for v in row))
    if dtype == "i8": return [clamp(scaled(v - zero, (m, shift + 7)), "i8") for v in row]
    return [clamp(128 + scaled(128 * (v - zero), (m, shift)), "u8") for v in row]


for dtype, zero, to in (("i8", -5, 0), ("u8", 120, 128)):
    for shape in ((40, 7), (2, 3, 50), (3, 1)):
        x = rng.integers(*RANGES[dtype], shape)
        x.reshape(-1, shape[-1])[0] = zero              # nothing but zeros
        x.reshape(-1, shape[-1])[1] = zero
        x.reshape(-1, shape[-1])[1, 0] = zero + 1       # a norm of 1
        x.reshape(-1, shape[-1])[2, :] = zero + 2
        y = np.array([l2([int(v) for v in row], zero, dtype) for row in x.reshape(-1, shape[-1])])
        case("L2_NORMALIZATION", "%s %s" % (dtype, shape), [Q(x, NP[dtype], 0.1, zero)],
             [Q(y.reshape(shape), NP[dtype], 2.0**-7, to)], [12, {"0": ["i8", 0]}], version=2)
x = np.full((1, 8500), 127)  # a sum of squares above 2^29
case("L2_NORMALIZATION", "i8, a large norm", [Q(x, np.int8, 0.1, -128)],
     [Q([l2([int(v) for v in row], -128, "i8") for row in x], np.int8, 2.0**-7)], version=2)
x = real(1, 4, 5, 2)


def l2_pool(x, size, stride, same):
    h, w = x.shape[1:3]
    places = [-(-n // stride) if same else (n - size) // stride + 1 for n in (h, w)]
    pad = [max(0, (p - 1) * stride + size - n) // 2 if same else 0 for p, n in zip(places, (h, w))]
    y = np.zeros((x.shape[0], *places, x.shape[3]))
    for i, j in np.ndindex(*places):
        top, left = i * stride - pad[0], j * stride - pad[1]
        cut = x[:, max(top, 0):top + size, max(left, 0):left + size].astype(float)
        y[:, i, j] = np.sqrt((cut**2).mean((1, 2)))
    return y


for name, same, activation in (("valid", 0, 0), ("same", 1, 3)):
    y = l2_pool(x, 2, 2, same)
    case("L2_POOL_2D", name, [x], [S(np.clip(y, 0, 6) if activation else y)],
         [5, {"0": ["i8", 1 - same], "1": ["i32", 2], "2": ["i32", 2], "3": ["i32", 2], "4": ["i32", 2],
              "5": ["i8", activation]}], tolerance=1e-6)
x = real(1, 2, 2, 6)
sums = np.stack([(x.astype(float)[..., max(c - 2, 0):c + 3]**2).sum(-1) for c in range(6)], -1)
case("LOCAL_RESPONSE_NORMALIZATION", "radius 2", [x], [S(x * (1.5 + 0.25 * sums)**-0.75)],
     [13, {"0": ["i32", 2], "1": ["f32", 1.5], "2": ["f32", 0.25], "3": ["f32", 0.75]}], tolerance=1e-6)

# --- running sums ---------------------------------------------------------------


def running(x, axis, exclusive, reverse):
    x = np.flip(x, axis) if reverse else x
    y = np.cumsum(x, axis, dtype=x.dtype)
    if exclusive: y = y - x
    return np.flip(y, axis) if reverse else y


for exclusive, reverse in itertools.product((0, 1), (0, 1)):
    options = [102, {"0": ["bool", exclusive], "1": ["bool", reverse]}]
    x = real(2, 3, 2)
    case("CUMSUM", "floats %d%d" % (exclusive, reverse), [x, C(1)], [running(x, 1, exclusive, reverse)], options)
    x = rng.integers(-9, 9, (4, 3)).astype(np.int64)
    case("CUMSUM", "i64 %d%d" % (exclusive, reverse), [x, C([-2])], [running(x, 0, exclusive, reverse)], options)
    case("CUMSUM", "axis of the run %d%d" % (exclusive, reverse), [x, np.array(-1, np.int32)],
         [running(x, 1, exclusive, reverse)], options)
    for zero in (0, 11):
        x = rng.integers(-128, 128, (3, 12))
        inner = multiplier(0.5)
        outer = multiplier(2 * float(f32(0.02)) / (2**20 * float(f32(0.3))))
        sums = running(x - zero, 1, exclusive, reverse) - zero
        y = [[clamp(scaled(scaled(1 << 20, inner) * int(v), outer) - 6, "i8") for v in row] for row in sums]
        case("CUMSUM", "i8 %d%d from %d" % (exclusive, reverse, zero), [Q(x, np.int8, 0.02, zero), C(1)],
             [Q(y, np.int8, 0.3, -6)], options)

# --- moving ---------------------------------------------------------------------


def update_slice(x, update, starts):
    y = x.copy()
    begin = [min(max(s, 0), n - u) for s, n, u in zip(starts, x.shape, update.shape)]
    y[tuple(slice(b, b + u) for b, u in zip(begin, update.shape))] = update
    return y


x, update = ramp(3, 4, 2), -ramp(2, 2, 1) - 1
for starts in ((0, 0, 0), (1, 1, 1), (9, 3, -4)):
    starts = np.array(starts, np.int32)
    case("DYNAMIC_UPDATE_SLICE", "at %s" % starts, [x, update, starts], [update_slice(x, update, starts)])
case("DYNAMIC_UPDATE_SLICE", "known begin, i8", [ramp(5, dtype=np.int8), np.array([-1, -2], np.int8), C([2], np.int64)],
     [np.array([0, 1, -1, -2, 4], np.int8)])
case("DYNAMIC_UPDATE_SLICE", "whole", [ramp(2, 2), -ramp(2, 2), np.array([1, 1], np.int32)], [-ramp(2, 2)])
case("DYNAMIC_UPDATE_SLICE", "scalar", [S(1), S(2), np.zeros(0, np.int32)], [S(2)])
case("DYNAMIC_UPDATE_SLICE", "bool", [np.zeros((2, 2), bool), np.array([[True]]), np.array([1, 0], np.int32)],
     [np.array([[False, False], [True, False]])], version=2)
indices = np.array([[0, 1], [2, 0], [0, 1]], np.int32)
updates = real(3, 2)
y = np.zeros((3, 2, 2), np.float32)
for at, v in zip(indices, updates): y[tuple(at)] += v
case("SCATTER_ND", "slices, one twice", [indices, updates, C([3, 2, 2])], [y])
case("SCATTER_ND", "elements", [np.array([[4], [0]], np.int32), np.array([7, 9], np.int64), C([6])],
     [np.array([9, 0, 0, 0, 7, 0])])
case("SCATTER_ND", "bool", [np.array([[1], [1]], np.int32), np.array([True, True]), C([3])],
     [np.array([False, True, False])])
case("SPARSE_TO_DENSE", "one", [np.array(2, np.int32), C([4]), S(5), C(-1, np.float32)], [S([-1, -1, 5, -1])])
case("SPARSE_TO_DENSE", "a vector", [np.array([0, 3], np.int32), C([4]), np.array([5, 6]), C(1, np.int64)],
     [np.array([5, 1, 1, 6])], version=2)
case("SPARSE_TO_DENSE", "points", [np.array([[0, 1], [1, 2]], np.int64), C([2, 3], np.int64), np.array([5, 6], np.int8), C(0, np.int8)],
     [np.array([[0, 5, 0], [0, 0, 6]], np.int8)], version=3)
case("SPARSE_TO_DENSE", "one value", [np.array([[0, 1], [1, 2]], np.int32), C([2, 3]), S(3), C(0, np.float32)],
     [S([[0, 3, 0], [0, 0, 3]])])
x = S([[3, 1, 3, 2], [0, -1, -1, 5]])
best = np.argsort(-x, axis=1, kind="stable")[:, :3]
for name, k in (("known", C(3)), ("of the run", np.array(3, np.int32))):
    case("TOPK_V2", "k " + name, [x, k], [np.take_along_axis(x, best, 1), best.astype(np.int32)])
x = np.array([5, 9, -3, 9], np.int16)
case("TOPK_V2", "i16", [Q(x, np.int16, 0.5), C(2)], [Q([9, 9], np.int16, 0.5), np.array([1, 3], np.int16)], version=3)
x = ramp(2, 3, 4, 2)
indices = rng.integers(0, 4, (2, 3, 5)).astype(np.int32)
y = np.stack([np.stack([x[i, j][indices[i, j]] for j in range(3)]) for i in range(2)])
case("GATHER", "two shared dimensions", [x, indices], [y], [23, {"0": ["i32", 2], "1": ["i32", 2]}], version=5)
indices = rng.integers(0, 4, (2, 2)).astype(np.int32)
y = np.stack([x[i][:, indices[i]] for i in range(2)])
case("GATHER", "one shared, an axis further", [x, indices], [y], [23, {"0": ["i32", 2], "1": ["i32", 1]}], version=5)
case("GATHER", "shared, counted from the end", [x, indices], [y], [23, {"0": ["i32", -2], "1": ["i32", -1]}], version=5)
case("ONE_HOT", "last", [np.array([[0, 2], [-1, 3]], np.int32), C(3), S(5), S(-1)],
     [np.where(np.array([[0, 2], [-1, 3]])[..., None] == np.arange(3), S(5), S(-1))], [61, {"0": ["i32", -1]}])
case("ONE_HOT", "first, bool", [np.array([1, 0], np.int64), C(2), np.array(True), np.array(False)],
     [np.array([[False, True], [True, False]])], [61, {"0": ["i32", 0]}])
case("RANGE", "known", [C(3), C(9), C(2)], [np.array([3, 5, 7], np.int32)])
case("RANGE", "of the run, down", [S(1), S(-1), S(-0.5)], [S([1, 0.5, 0, -0.5])])
x = ramp(3, 4, 2)
y = x.copy()
for i, n in enumerate((4, 1, 2)): y[i, :n] = x[i, :n][::-1]
case("REVERSE_SEQUENCE", "rows", [x, np.array([4, 1, 2], np.int32)], [y], [87, {"0": ["i32", 1], "1": ["i32", 0]}])
case("WHERE", "bool", [np.array([[True, False], [True, True]])], [np.array([[0, 0], [1, 0], [1, 1]])])
case("WHERE", "numbers", [S([0, 2, -0.0, 3])], [np.array([[1], [3]])], version=2)
case("UNIQUE", "i32", [np.array([5, 2, 5, 9, 2], np.int32)], [np.array([5, 2, 9], np.int32), np.array([0, 1, 0, 2, 1], np.int32)],
     [80, {"0": ["i8", 2]}])
x = real(2, 3)
case("MATRIX_DIAG", "rows", [x], [np.stack([np.diag(row) for row in x])])
for m, n in ((2, 3), (3, 2), (2, 2)):
    x, d = real(2, m, n), real(2, min(m, n))
    y = x.copy()
    for i in range(min(m, n)): y[:, i, i] = d[:, i]
    case("MATRIX_SET_DIAG", "%d by %d" % (m, n), [x, d], [y])
x = real(5, 2)
y = np.zeros((4, 2), np.float32)
np.add.at(y, [0, 0, 1, 3, 3], x)
case("SEGMENT_SUM", "with a gap", [x, C([0, 0, 1, 3, 3])], [y])
ids = np.array([[2, -1], [0, 2]], np.int32)
x = np.array([[[1, 2], [9, 9]], [[3, 4], [5, -6]]], np.int32)
big = 2**31
for op, empty, combine in (("SUM", 0, np.add), ("PROD", 1, np.multiply), ("MAX", -big, np.maximum), ("MIN", big - 1, np.minimum)):
    for dtype in (np.int32, np.float32):
        start = {np.int32: empty, np.float32: empty if abs(empty) < 2 else math.copysign(float(np.finfo(np.float32).max), empty)}[dtype]
        y = np.full((4, 2), start, dtype)
        for at in np.ndindex(ids.shape):
            if ids[at] >= 0: y[ids[at]] = combine(y[ids[at]], x[at].astype(dtype))
        case("UNSORTED_SEGMENT_" + op, NAMES[np.dtype(dtype).name], [x.astype(dtype), ids, C(4)], [y])
bounds = [0.0, 1.5, 1.5, 4.0]
for dtype in (np.float32, np.int32, np.float64):
    x = np.array([[-1, 0, 1], [2, 4, 9]]).astype(dtype)
    case("BUCKETIZE", NAMES[np.dtype(dtype).name], [x], [np.searchsorted(bounds, x, side="right").astype(np.int32)],
         [115, {"0": ["f32s", bounds]}])
case("SQUEEZE", "a scalar, whatever is named", [S(3)], [S(3)], [30, {"0": ["i32s", [1]]}])


def unpool(x, places, frame):
    y = np.zeros((x.shape[0], frame[0] * frame[1] * x.shape[3]), np.float32)
    for n in range(x.shape[0]):
        for v, at in zip(x[n].reshape(-1), places[n].reshape(-1)): y[n, at] = v
    return y.reshape(x.shape[0], *frame, x.shape[3])


x = real(2, 2, 3, 2)
for op in ("MaxUnpooling2D", "LiteRtMaxUnpooling2D"):
    for name, padding, frame in (("same", 1, (4, 9)), ("valid", 2, (4, 8))):
        places = rng.integers(0, frame[0] * frame[1] * 2, x.shape).astype(np.int32)
        params = np.array([padding, 3, 2, 2, 2, 0, 0, 0, 0, 0], "<i4").tobytes()
        case(op, name, [x, places], [unpool(x, places, frame)], custom=params)

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden.json")
with open(path, "w", encoding="utf-8") as out:
    out.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
print(len(cases), "cases,", os.path.getsize(path), "bytes")
