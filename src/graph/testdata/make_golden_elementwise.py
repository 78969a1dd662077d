#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Writes golden_elementwise.json: conversions to and from the small element
# types, the functions of one and two elements that came with them, and
# quantising to small types and in blocks. The small floats are judged by their
# definition: all codes with their numbers, and of those the nearest.
#
#   python3 src/graph/testdata/make_golden_elementwise.py
import golden_cases
from golden_cases import *
from fractions import Fraction

f32, f64, f16 = np.float32, np.float64, np.float16
nan, inf = float("nan"), float("inf")


# --- small floats by their definition ---------------------------------------
def decode(kind, code):
    if kind == "f8e8m0fnu": return nan if code == 255 else 2.0 ** (code - 127)
    e, m, bias = {"f8e4m3fn": (4, 3, 7), "f8e4m3fnuz": (4, 3, 8), "f8e5m2": (5, 2, 15), "f8e5m2fnuz": (5, 2, 16), "f4e2m1fn": (2, 1, 1)}[kind]
    sign = -1.0 if code >> (e + m) & 1 else 1.0
    if kind.endswith("uz") and code == 0x80: return nan
    exponent, fraction = code >> m & (2 ** e - 1), code & (2 ** m - 1)
    if kind == "f8e4m3fn" and code & 0x7f == 0x7f: return nan
    if kind == "f8e5m2" and exponent == 31: return nan if fraction else sign * inf
    if exponent == 0: return sign * fraction * 2.0 ** (1 - bias - m)
    return sign * (1 + fraction / 2 ** m) * 2.0 ** (exponent - bias)


WIDTH = {"f8e4m3fn": 8, "f8e4m3fnuz": 8, "f8e5m2": 8, "f8e5m2fnuz": 8, "f8e8m0fnu": 8, "f4e2m1fn": 4, "i4": 4, "u4": 4, "i2": 2, "u2": 2}


def encode(kind, x, saturate):
    """The code of the nearest number; of two the even code."""
    unsigned_zero = kind.endswith("uz")
    top = 1 << (WIDTH[kind] - 1)
    if math.isnan(x): return {"f8e5m2": 0x7e, "f8e4m3fn": 0x7f, "f4e2m1fn": 8}.get(kind, 0x80)
    sign = top if math.copysign(1, x) < 0 else 0
    codes = [c for c in range(top) if math.isfinite(decode(kind, c))]
    largest = codes[-1]
    if math.isinf(x): best = None
    else:
        size = Fraction(abs(x))
        best = min(codes, key=lambda c: (abs(Fraction(decode(kind, c)) - size), c & 1))
        # where the next number after the largest would be nearer, it is beyond
        step = Fraction(decode(kind, largest)) - Fraction(decode(kind, largest - 1))
        over = size - Fraction(decode(kind, largest))
        if over > step / 2 or (over == step / 2 and largest & 1): best = None
    if best is None:
        if saturate or kind == "f4e2m1fn": best = largest
        else: best = {"f8e5m2": 0x7c, "f8e4m3fn": 0x7f}.get(kind, 0x80)
    if unsigned_zero and best in (0, 0x80): return best
    return best | sign


def power(x, saturate, mode):
    if math.isnan(x) or x < 0: return 255
    if math.isinf(x): return 254 if saturate else 255
    if x < 2.0 ** -127: return 0 if saturate else 255
    fraction, exponent = math.frexp(x)
    exponent -= 1; fraction *= 2
    code = exponent + 127 + {"up": fraction > 1, "down": 0, "nearest": fraction >= 1.5}[mode]
    return int(code) if code <= 254 else 254 if saturate else 255


def wrap(kind, v):
    return int(v) & (2 ** WIDTH[kind] - 1)


def limits(kind):
    n = 2 ** WIDTH[kind]
    return (-n // 2, n // 2 - 1) if kind[0] == "i" else (0, n - 1)


def value(kind, code):
    if kind[0] == "f": return decode(kind, code)
    low, high = limits(kind)
    return code if code <= high else code - 2 ** WIDTH[kind]


class Small:  # a tensor of a small type: its codes
    def __init__(self, kind, codes, sizes=None):
        self.kind, self.codes = kind, [int(c) for c in codes]
        self.sizes = [len(self.codes)] if sizes is None else sizes
    def values(self): return np.array([value(self.kind, c) for c in self.codes], f64).reshape(self.sizes)


plain = golden_cases.tensor
golden_cases.tensor = lambda t: {"type": "%s[%s]" % (t.kind, ", ".join(map(str, t.sizes))), "data": t.codes} if isinstance(t, Small) else plain(t)

FLOATS = ["f8e4m3fn", "f8e4m3fnuz", "f8e5m2", "f8e5m2fnuz", "f4e2m1fn"]
INTEGERS = ["i4", "u4", "i2", "u2"]

# --- cast --------------------------------------------------------------------
for kind in FLOATS + ["f8e8m0fnu"] + INTEGERS:
    all_codes = Small(kind, range(2 ** WIDTH[kind]))
    case("cast", "all %s to f32" % kind, [all_codes], [all_codes.values().astype(f32)], dtype="f32")
    case("cast", "all %s to bool" % kind, [all_codes], [all_codes.values() != 0], dtype="bool")
for kind in FLOATS:
    points = [decode(kind, c) for c in range(2 ** WIDTH[kind])]
    numbers = sorted({p for p in points if math.isfinite(p)})
    halves = [(a + b) / 2 for a, b in zip(numbers, numbers[1:])]
    near = [np.nextafter(f64(h), s) for h in halves for s in (-inf, inf)]
    large = numbers[-1]
    step = large - numbers[-2]
    edges = [large + step / 2, np.nextafter(large + step / 2, inf), -large - step / 2, -large - step, 1e6, -1e6, 1e300, 1e-300, -1e-300, 0.0, -0.0, inf, -inf, nan]
    x = np.array(halves + near + edges, f64)
    for saturate in (0, 1):
        case("cast", "f64 to %s, saturate %d" % (kind, saturate), [x], [Small(kind, [encode(kind, float(v), saturate) for v in x])], dtype=kind, saturate=saturate)
    h = np.array([0.47892547, 1000, -3, 60000, -0.0, nan, inf], f16)
    case("cast", "f16 to %s" % kind, [h], [Small(kind, [encode(kind, float(v), 1) for v in h])], dtype=kind, saturate=1)
    i = np.array([0, 1, -7, 300, 2 ** 40 + 1, -2 ** 63], np.int64)
    case("cast", "i64 to %s" % kind, [i], [Small(kind, [encode(kind, Fraction(int(v)), 1) for v in i])], dtype=kind, saturate=1)
    case("cast", "bool to %s" % kind, [np.array([True, False])], [Small(kind, [encode(kind, 1.0, 1), 0])], dtype=kind)
x = np.array([0, 2.0 ** -127, 2.0 ** -128, 0.124, 0.25, 1.0, 1.1, 1.5, np.nextafter(1.5, 0), 3, 2.0 ** 127, 1.25 * 2.0 ** 127, 1.75 * 2.0 ** 127, 1e300, inf, nan, -1], f64)
for mode in ("up", "down", "nearest"):
    for saturate in (0, 1):
        case("cast", "f64 to f8e8m0fnu %s, saturate %d" % (mode, saturate), [x], [Small("f8e8m0fnu", [power(float(v), saturate, mode) for v in x])],
             dtype="f8e8m0fnu", round_mode=mode, saturate=saturate)
for kind in INTEGERS:
    low, high = limits(kind)
    x = np.array([-9, -8, -3, -2.5, -1.5, -0.5, 0, 0.5, 1.5, 2.5, 7, 7.5, 8, 15, 16, 300, 1e30, nan], f64)
    whole = [0 if math.isnan(v) else min(max(int(np.rint(v)), -2 ** 63), 2 ** 63 - 1) for v in x]
    case("cast", "f64 to %s, low bits" % kind, [x], [Small(kind, [wrap(kind, v) for v in whole])], dtype=kind)
    case("cast", "f64 to %s, saturating" % kind, [x], [Small(kind, [wrap(kind, min(max(v, low), high)) for v in whole])], dtype=kind, saturate=1)
    i = np.array([-130, -9, -8, -1, 0, 1, 2, 3, 7, 8, 15, 16, 129], np.int16)
    case("cast", "i16 to %s, low bits" % kind, [i], [Small(kind, [wrap(kind, v) for v in i])], dtype=kind)
    case("cast", "i16 to %s, saturating" % kind, [i], [Small(kind, [wrap(kind, min(max(int(v), low), high)) for v in i])], dtype=kind, saturate=1)
    codes = Small(kind, range(2 ** WIDTH[kind]))
    case("cast", "%s to i8" % kind, [codes], [codes.values().astype(np.int8)], dtype="i8")
    case("cast", "%s to u8 wraps" % kind, [codes], [codes.values().astype(np.int64).astype(np.uint8)], dtype="u8")
    case("cast", "odd count of %s" % kind, [Small(kind, [1, 0, 1])], [np.array([value(kind, c) for c in (1, 0, 1)], f32)], dtype="f32")
case("cast", "u4 to f8e4m3fn", [Small("u4", range(16))], [Small("f8e4m3fn", [encode("f8e4m3fn", float(v), 1) for v in range(16)])], dtype="f8e4m3fn", saturate=1)
case("cast", "f4e2m1fn to i4", [Small("f4e2m1fn", range(16))], [Small("i4", [wrap("i4", np.rint(decode("f4e2m1fn", c))) for c in range(16)])], dtype="i4")
case("cast", "no elements of i4", [Small("i4", [], [0, 3])], [Small("u4", [], [0, 3])], dtype="u4")

# --- bit_cast ----------------------------------------------------------------
x = np.array([0.5, -0.0, nan, inf, 1e-40], f32)
case("bit_cast", "f32 to i32", [x], [x.view(np.int32)], dtype="i32")
case("bit_cast", "u32 to f32", [x.view(np.uint32)], [x], dtype="f32")
i = np.array([[1, -1], [2 ** 62, -2 ** 63]], np.int64)
case("bit_cast", "i64 to u64", [i], [i.view(np.uint64)], dtype="u64")
case("bit_cast", "f16 to u16", [np.array([1, -2], f16)], [np.array([1, -2], f16).view(np.uint16)], dtype="u16")
case("bit_cast", "i8 to u8", [np.array([-1, 3], np.int8)], [np.array([255, 3], np.uint8)], dtype="u8")
case("bit_cast", "u8 to f8e5m2", [np.array([0, 255, 128], np.uint8)], [Small("f8e5m2", [0, 255, 128])], dtype="f8e5m2")
case("bit_cast", "bool to u8", [np.array([True, False])], [np.array([1, 0], np.uint8)], dtype="u8")
case("bit_cast", "u8 to bool", [np.array([1, 0, 7], np.uint8)], [np.array([True, False, True])], dtype="bool")
case("bit_cast", "i4 to u4", [Small("i4", [0, 15, 8])], [Small("u4", [0, 15, 8])], dtype="u4")
case("bit_cast", "a scalar", [np.array(1.0, f64)], [np.array(1.0, f64).view(np.int64)], dtype="i64")

# --- functions of one element -------------------------------------------------
special = [0.0, -0.0, nan, inf, -inf]
small = [float(v) for v in rng.uniform(-1, 1, 12)]
wide = [float(v) for v in rng.uniform(-6, 6, 12)]
positive = [float(v) for v in rng.uniform(1, 8, 8)]
erf = np.vectorize(math.erf)
FUNCTIONS = {"tan": (np.tan, small + wide[:4] + [0.0, -0.0, nan, inf]), "asin": (np.arcsin, small + [1, -1, 1.5] + special), "acos": (np.arccos, small + [1, -1, -2] + special),
             "atan": (np.arctan, wide + special), "sinh": (np.sinh, wide + special), "cosh": (np.cosh, wide + special), "asinh": (np.arcsinh, wide + special),
             "acosh": (np.arccosh, positive + [1, 0.5, nan, inf]), "atanh": (np.arctanh, small + [1, -1, 2, nan, 0.0, -0.0]), "erf": (erf, wide + special)}
with np.errstate(all="ignore"):
    for name, (function, numbers) in FUNCTIONS.items():
        x64 = np.array(numbers, f64)
        case(name, "f64", [x64], [function(x64).astype(f64)], 1e-12)
        x32 = x64.astype(f32)
        case(name, "f32", [x32], [function(x32.astype(f64)).astype(f32)], 3e-7)
        x16 = x64.astype(f16)
        case(name, "f16", [x16], [function(x16.astype(f64)).astype(f16)], 1e-3)
        b = bf16(x32)
        case(name, "bf16", [BF(b)], [BF(function(b.astype(f64)).astype(f32))], 8e-3)
        case(name, "a scalar", [np.array(numbers[0], f64)], [np.array(function(f64(numbers[0])), f64)], 1e-12)
        case(name, "nothing", [np.zeros((2, 0), f32)], [np.zeros((2, 0), f32)])


def elu(x, alpha=1.0, beta=1.0, gamma=1.0): return gamma * np.where(x > 0, x, alpha * np.expm1(beta * np.minimum(x, 0)))


def one(op, name, function, numbers, tolerance=3e-7, **attributes):
    with np.errstate(all="ignore"):
        x32 = np.array(numbers, f32)
        case(op, name, [x32], [function(x32.astype(f64)).astype(f32)], tolerance, **attributes)
        x64 = np.array(numbers, f64)
        case(op, name + ", f64", [x64], [function(x64)], 1e-12, **attributes)
        x16 = np.array(numbers, f16)
        case(op, name + ", f16", [x16], [function(x16.astype(f64)).astype(f16)], 1e-3, **attributes)
        b = bf16(x32)
        case(op, name + ", bf16", [BF(b)], [BF(function(b.astype(f64)).astype(f32))], 8e-3, **attributes)


numbers = wide + small + [0.0, nan, inf, -inf, -1e-6, -30.0, 30.0]
one("elu", "alone", elu, numbers)
one("elu", "alpha 2", lambda x: elu(x, 2.0), numbers, alpha=2.0)
one("elu", "as celu", lambda x: elu(x, 2.0, 0.5), numbers, alpha=2.0, beta=0.5)
one("elu", "as selu", lambda x: elu(x, 1.67326319217681884765625, 1.0, 1.05070102214813232421875), numbers,
    alpha=1.67326319217681884765625, gamma=1.05070102214813232421875)
finite = [v for v in numbers if math.isfinite(v)] + [nan, inf]
one("gelu", "exact", lambda x: 0.5 * x * np.vectorize(math.erfc)(-x / math.sqrt(2)), finite)
one("gelu", "tanh", lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3))), finite, 1e-6, approximate="tanh")
one("softplus", "alone", lambda x: np.logaddexp(x, 0), numbers + [100.0, -100.0])

# --- bits ----------------------------------------------------------------------
for t in (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64):
    info = np.iinfo(t)
    a = rng.integers(info.min, info.max, size=(3, 4), dtype=t, endpoint=True)
    b = rng.integers(info.min, info.max, size=(4,), dtype=t, endpoint=True)
    case("bitwise_and", t.__name__, [a, b], [a & b])
    case("bitwise_or", t.__name__, [a, b], [a | b])
    case("bitwise_xor", t.__name__, [a, b], [a ^ b])
    bits = info.bits
    amounts = np.array([0, 1, 3, bits - 1, min(bits, info.max), info.max] + ([-1] if info.min < 0 else [bits]), t)
    x = np.array([[5], [info.max], [info.min]], t)
    def shift(v, n, left):
        v, n = int(v), int(n)
        if not 0 <= n < bits: n = 200
        r = v << n if left else v >> n
        r &= 2 ** bits - 1
        return r - 2 ** bits if info.min < 0 and r >> (bits - 1) else r
    for direction in ("left", "right"):
        y = np.array([[shift(v, n, direction == "left") for n in amounts] for v in x[:, 0]], t)
        case("bit_shift", "%s %s" % (t.__name__, direction), [x, amounts], [y], direction=direction)
case("bitwise_xor", "three dimensions and a scalar", [np.arange(8, dtype=np.uint8).reshape(2, 2, 2), np.array(5, np.uint8)], [np.arange(8, dtype=np.uint8).reshape(2, 2, 2) ^ 5])

# --- mod -----------------------------------------------------------------------
for t in (np.int8, np.int32, np.int64, np.uint8, np.uint64):
    signs = np.iinfo(t).min < 0
    a = np.array([[7], [np.iinfo(t).max], [np.iinfo(t).min], [0]] + ([[-7]] if signs else []), t)
    b = np.array([3, 5, 1] + ([-3, -1] if signs else [200]), t)
    floor = np.array([[int(v) % int(w) for w in b] for v in a[:, 0]], t)
    towards = np.array([[(abs(int(v)) % abs(int(w))) * (-1 if v < 0 else 1) for w in b] for v in a[:, 0]], t)
    case("mod", "%s of the divisor" % t.__name__, [a, b], [floor])
    case("mod", "%s of the dividend" % t.__name__, [a, b], [towards], sign="dividend")
with np.errstate(all="ignore"):
    for t, name in ((f32, "f32"), (f64, "f64"), (f16, "f16")):
        a = np.array([[-4.25], [7.5], [5.0], [-0.0], [inf], [nan]], t)
        b = np.array([2, -3, 8, inf, 0], t)
        case("mod", "%s of the dividend" % name, [a, b], [np.fmod(a, b)], sign="dividend")
        b = np.array([2, -3, 8, 0], t)
        case("mod", "%s of the divisor" % name, [a, b], [np.mod(a, b)], sign="divisor")


# --- quantize and dequantize ----------------------------------------------------
def spread(p, x, axis, block):
    p = np.asarray(p, f64)
    if p.size == 1 and not block: return p.reshape(())
    if block: return np.take(np.repeat(p, block, axis), range(x.shape[axis]), axis)
    shape = [1] * x.ndim; shape[axis] = p.size
    return p.reshape(shape)


def quantize(kind, x, scale, zero, axis, block, saturate):
    with np.errstate(all="ignore"):
        q = (x / spread(scale, x, axis, block).astype(x.dtype)).astype(f64)
    z = spread(zero, x, axis, block) if zero is not None else 0.0
    if kind[0] == "f": return [encode(kind, float(v), saturate) for v in (q + z).reshape(-1)]
    low, high = limits(kind) if kind in WIDTH else (np.iinfo(kind).min, np.iinfo(kind).max)
    y = np.where(np.isnan(q), z, np.clip(np.rint(q) + z, low, high)).reshape(-1)
    return [wrap(kind, v) for v in y] if kind in WIDTH else y


x = np.array([[-9, -2.5, -1.5, -0.5, 0.25], [0.5, 1.5, 2.5, 100, -100]], f32)
for kind in INTEGERS + FLOATS:
    zero = [1, 0] if kind[0] != "f" else [0, 0]
    case("quantize", "to %s" % kind, [x, np.array(0.5, f32)], [Small(kind, quantize(kind, x, 0.5, None, 0, 0, 1), [2, 5])], dtype=kind)
    case("quantize", "to %s along 0" % kind, [x, np.array([0.5, 4], f32), Small(kind, zero)],
         [Small(kind, quantize(kind, x, [0.5, 4], zero, 0, 0, 1), [2, 5])], dtype=kind, axis=0)
    s = np.array([[1, 2, 0.25], [0.5, 4, 8]], f32)
    case("quantize", "to %s in blocks of 2" % kind, [x, s], [Small(kind, quantize(kind, x, s, None, 1, 2, 1), [2, 5])], dtype=kind, axis=1, block=2)
    codes = Small(kind, rng.integers(0, 2 ** WIDTH[kind], size=10), [2, 5])
    v = codes.values()
    case("dequantize", "%s" % kind, [codes, np.array(0.25, f32)], [(v * 0.25).astype(f32)])
    case("dequantize", "%s in blocks of 2" % kind, [codes, s], [(v * spread(s, v, 1, 2)).astype(f32)], axis=1, block=2)
    if kind[0] != "f":
        z = Small(kind, [1, 2, 3, 0, 1, 1], [2, 3])
        case("dequantize", "%s in blocks with zero points" % kind, [codes, s, z], [((v - spread(z.values(), v, 1, 2)) * spread(s, v, 1, 2)).astype(f32)], axis=1, block=2)
for kind in FLOATS:
    case("quantize", "to %s without saturation" % kind, [x, np.array(1e-6, f32)], [Small(kind, quantize(kind, x, f32(1e-6), None, 0, 0, 0), [2, 5])], dtype=kind, saturate=0)
big = rng.uniform(-300, 300, size=(3, 4, 2)).astype(f32)
s = rng.uniform(0.5, 2, size=(2, 4, 2)).astype(f32)
z = rng.integers(-5, 5, size=(2, 4, 2)).astype(np.int8)
case("quantize", "i8 in blocks along 0", [big, s, z], [np.array(quantize("int8", big, s, z, 0, 2, 1), np.int8).reshape(3, 4, 2)], dtype="i8", axis=0, block=2)
case("dequantize", "i8 in blocks along 0", [np.arange(24, dtype=np.int8).reshape(3, 4, 2), s, z],
     [((np.arange(24).reshape(3, 4, 2) - spread(z, big, 0, 2)) * spread(s, big, 0, 2)).astype(f32)], axis=0, block=2)
h = np.array([1, 3.5, -7], f16)
case("quantize", "f16 divides in f16", [h, np.array(0.3, f16)], [np.rint((h / f16(0.3)).astype(f64)).astype(np.int8)], dtype="i8")
case("quantize", "nothing in blocks", [np.zeros((0, 4), f32), np.zeros((0, 2), f32)], [np.zeros((0, 4), np.int8)], dtype="i8", axis=1, block=2)

write("golden_elementwise.json")
