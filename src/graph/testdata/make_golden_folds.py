#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Writes golden_folds.json: what reductions over axes that come in the run, scans,
# contractions, losses, random numbers, spectra, trees and look-ups must compute.
# Nothing here knows our code: numpy's functions, Philox in Python's unbounded
# integers (checked here against its authors' known answers), trees that recurse.
#
#   python3 src/graph/testdata/make_golden_folds.py
import struct

from golden_cases import *

i64 = lambda *v: np.array(v, np.int64)
scalar = lambda v, t=np.int64: np.array(v, t)


# --- reductions -------------------------------------------------------------------
REDUCE = {"sum": np.sum, "prod": np.prod, "mean": np.mean, "max": np.max, "min": np.min}
for name, f in REDUCE.items():
    x = eighths(2, 3, 2)
    tolerance = 1e-6
    for axes, keep in (((1,), 1), ((-1, 0), 0), ((), 1), ((0, 1, 2), 0)):
        y = np.array(f(x.astype(np.float64), axis=tuple(axes), keepdims=bool(keep)), np.float32)
        case("reduce_" + name, "axes %s in the run" % (axes,), [x, i64(*axes)], [y], tolerance, axes=[], keep_dims=keep)
    y = np.array(f(x.astype(np.float64)), np.float32)
    case("reduce_" + name, "no axes are all", [x, i64()], [y], tolerance, axes=[], keep_dims=0, empty_is_all=1)
case("reduce_max", "of nothing, axes in the run", [np.zeros((2, 0), np.float32), i64(1)],
     [np.full((2,), -np.inf, np.float32)], axes=[], keep_dims=0)
case("reduce_max", "bool, axes in the run", [np.array([[0, 1], [0, 0]], bool), i64(1)], [np.array([1, 0], bool)], axes=[], keep_dims=0)
case("reduce_prod", "of nothing", [np.zeros((0, 2), np.int32), i64(0)], [np.ones((2,), np.int32)], axes=[], keep_dims=0)


# --- scans -------------------------------------------------------------------------
def scan(op, x, axis, exclusive, reverse):
    f, start = (np.cumsum, 0) if op == "cum_sum" else (np.cumprod, 1)
    y = np.flip(x, axis) if reverse else x
    y = f(y.astype(np.float64) if x.dtype.kind == "f" else y, axis=axis, dtype=None if x.dtype.kind == "f" else x.dtype)
    if exclusive:
        first = np.full_like(np.take(y, [0], axis), start)
        y = np.concatenate([first, np.delete(y, -1, axis)], axis)
    return (np.flip(y, axis) if reverse else y).astype(x.dtype)


for op in ("cum_sum", "cum_prod"):
    for dtype in (np.float32, np.float64, np.float16, np.int32, np.int64, np.uint8):
        x = rng.integers(1, 5, size=(2, 3, 2)).astype(dtype)
        case(op, dtype.__name__, [x], [scan(op, x, 1, 0, 0)], 1e-6 if op == "cum_prod" else 0, axis=1)
    for exclusive in (0, 1):
        for reverse in (0, 1):
            x = eighths(3, 2)
            case(op, "exclusive %d reverse %d" % (exclusive, reverse), [x, scalar(-2)], [scan(op, x, 0, exclusive, reverse)], 1e-6,
                 exclusive=exclusive, reverse=reverse)
    case(op, "nothing", [np.zeros((0, 2), np.float32)], [np.zeros((0, 2), np.float32)], axis=0)
    case(op, "the axis is a vector of one", [np.array([1, 2], np.int32), i64(0)], [np.array([1, 3] if op == "cum_sum" else [1, 2], np.int32)])


# --- contractions ------------------------------------------------------------------
def einsum(equation, *xs, tolerance=1e-6):
    wide = [x.astype(np.float64) if x.dtype.kind == "f" else x for x in xs]
    y = np.array(np.einsum(equation, *wide)).astype(xs[0].dtype)
    case("einsum", equation + " " + xs[0].dtype.name, list(xs), [y], tolerance, equation=equation)


e = eighths
einsum("ab,bc->ac", e(2, 3), e(3, 4))
einsum("ab->ba", e(2, 3))
einsum("aa->", e(3, 3))
einsum("aab->ab", e(3, 3, 2))
einsum("a,a->", e(4), e(4))
einsum("a,b->ab", e(2), e(3))
einsum("Abc,Acd,Ade->Abe", e(2, 2, 3), e(2, 3, 2), e(2, 2, 2))
einsum("a,b,c,d->", e(2), e(3), e(2), e(2))
einsum("ab,ab->ab", e(1, 3), e(2, 3))
einsum("ab->a", e(2, 0))
einsum("ab,bc->ac", e(0, 2), e(2, 3))
einsum("->", e())
einsum(",a->a", e(), e(3))
einsum("ab,bc->ac", rng.integers(-9, 9, size=(2, 3)).astype(np.int32), rng.integers(-9, 9, size=(3, 2)).astype(np.int32), tolerance=0)
einsum("ab,bc,cd->ad", *(e(2, 2, dtype=np.float16) for _ in range(3)), tolerance=1e-3)
einsum("ab,bc->ac", e(2, 2, dtype=np.float64), e(2, 2, dtype=np.float64), tolerance=1e-12)

for n in (0, 1, 2, 3, 5):
    x = e(2, n, n)
    case("det", "%d by %d" % (n, n), [x], [np.linalg.det(x.astype(np.float64)).astype(np.float32)], 1e-5)
case("det", "singular", [np.array([[1, 2], [2, 4]], np.float32)], [np.array(0, np.float32)])
case("det", "one matrix of f64", [np.array([[0, 2.0], [3, 4]])], [np.array(-6.0)], 1e-12)


# --- losses ------------------------------------------------------------------------
def nll(x, target, weight, ignored, reduction):
    moved = np.moveaxis(x, 1, -1).reshape(-1, x.shape[1]).astype(np.float64)
    losses, weights = [], []
    for row, t in zip(moved, target.reshape(-1)):
        w = 0 if t == ignored else 1 if weight is None else float(weight[t])
        losses.append(0 if t == ignored else -row[t] * w)
        weights.append(w)
    if reduction == "none": return np.array(losses).reshape(target.shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.array(np.sum(losses) if reduction == "sum" else np.float64(np.sum(losses)) / np.float64(np.sum(weights)))


for reduction in ("none", "sum", "mean"):
    for shape in ((3, 4), (2, 3, 2), (2, 3, 2, 2)):
        for weighted in (0, 1):
            x = eighths(*shape)
            target = rng.integers(0, shape[1], size=(shape[0],) + shape[2:])
            target.reshape(-1)[0] = -7
            weight = np.abs(eighths(shape[1])) + np.float32(.5) if weighted else None
            y = nll(x, target, weight, -7, reduction).astype(np.float32)
            case("nll_loss", "%s %s %d" % (reduction, shape, weighted), [x, target] + ([weight] if weighted else []), [y], 1e-6,
                 reduction=reduction, ignores=1, ignored=-7)
x = eighths(2, 2, dtype=np.float64)
case("nll_loss", "i32, f64", [x, np.array([0, 1], np.int32)], [np.array([-x[0, 0], -x[1, 1]])], 1e-12, reduction="none")
case("nll_loss", "all are ignored", [eighths(1, 2), i64(5)], [np.array(np.nan, np.float32)], ignores=1, ignored=5)


# --- random numbers ------------------------------------------------------------------
def philox(counter, key):
    for _ in range(10):
        a, b = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [(b >> 32) ^ counter[1] ^ (key[0]), b & 0xFFFFFFFF, (a >> 32) ^ counter[3] ^ key[1], a & 0xFFFFFFFF]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return counter


# the known answers of the authors' Random123
assert philox([0] * 4, [0] * 2) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
assert philox([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]


def bits(count, seed, run):
    out = []
    split = lambda v: [v & 0xFFFFFFFF, v >> 32 & 0xFFFFFFFF]
    for n in range((count + 1) // 2):
        w = philox(split(n) + split(run % 2**64), split(seed % 2**64))
        out += [w[0] << 32 | w[1], w[2] << 32 | w[3]]
    return out


def uniform(shape, seed, run, mantissa):
    count = int(np.prod(shape))
    return np.array([(b >> (64 - mantissa)) / 2**mantissa for b in bits(count, seed, run)[:count]]).reshape(shape)


def normal(shape, seed, run):
    count = int(np.prod(shape))
    b = [v >> 11 for v in bits(count, seed, run)]
    out = []
    for first, second in zip(b[::2], b[1::2]):
        r = math.sqrt(-2 * math.log(1 - first / 2**53))
        out += [r * math.cos(2 * math.pi * second / 2**53), r * math.sin(2 * math.pi * second / 2**53)]
    return np.array(out[:count]).reshape(shape)


TYPES = (("f32", np.float32, 24), ("f64", np.float64, 53), ("f16", np.float16, 11))
for name, dtype, mantissa in TYPES:
    case("random", name, [i64(2, 3)], [uniform((2, 3), 5, 0, mantissa).astype(dtype)], dtype=name, seed=5)
    case("random", name + " normal", [i64(5)], [normal((5,), -3, 0).astype(dtype)], {"f16": 1e-3, "f32": 1e-6, "f64": 1e-12}[name],
         dtype=name, seed=-3, distribution="normal")
case("random", "bf16", [i64(4)], [BF(uniform((4,), 1, 0, 8))], dtype="bf16", seed=1)
case("random", "a later run", [i64(3), scalar(7)], [uniform((3,), 2**40, 7, 24).astype(np.float32)], dtype="f32", seed=2**40)
case("random", "like", [np.zeros((2, 1, 2), bool)], [uniform((2, 1, 2), 9, 0, 24).astype(np.float32)], dtype="f32", seed=9, like=1)
case("random", "nothing", [i64(2, 0)], [np.zeros((2, 0), np.float32)], dtype="f32")
case("random", "a scalar", [i64()], [uniform((), 0, 0, 24).astype(np.float32)], dtype="f32")


# --- spectra -------------------------------------------------------------------------
def dft(x, length=None, axis=-2, inverse=0, onesided=0):
    c = x[..., 0].astype(np.complex128) + (1j * x[..., 1] if x.shape[-1] == 2 else 0)
    axis = axis if axis >= 0 else axis + x.ndim
    if inverse and onesided:
        return np.fft.irfft(c, length, axis)[..., None]
    y = (np.fft.ifft if inverse else np.fft.fft)(c, length, axis)
    if onesided: y = np.take(y, range(y.shape[axis] // 2 + 1), axis)
    return np.stack([y.real, y.imag], -1)


for n in (1, 2, 3, 4, 5, 7, 8, 10, 12, 16):
    x = eighths(2, n, 2)
    case("dft", "of %d" % n, [x], [dft(x).astype(np.float32)], 1e-6)
    case("dft", "of %d, back" % n, [x], [dft(x, inverse=1).astype(np.float32)], 1e-6, inverse=1)
x = eighths(2, 6, 3, 1)
for axis in (0, 1, 2, -3):
    case("dft", "axis %d" % axis, [x], [dft(x, axis=axis).astype(np.float32)], 1e-6, axis=axis)
    case("dft", "axis %d in the run" % axis, [x, None, scalar(axis)], [dft(x, axis=axis).astype(np.float32)], 1e-6)
for length in (3, 6, 9):
    case("dft", "length %d" % length, [x, scalar(length)], [dft(x, length, 1, onesided=1).astype(np.float32)], 1e-6, axis=1, onesided=1)
x = dft(eighths(2, 10, 1), axis=1, onesided=1).astype(np.float32)
x[:, 0, 1] = x[:, 5, 1] = 0
for length in (None, 10):
    case("dft", "half a spectrum back, length %s" % length, [x] + ([scalar(10)] if length else []),
         [dft(x, 10, 1, 1, 1).astype(np.float32)], 1e-6, axis=1, inverse=1, onesided=1)
case("dft", "half a spectrum back, odd", [x, scalar(9)], [dft(x[:, :5], 9, 1, 1, 1).astype(np.float32)], 1e-6, axis=1, inverse=1, onesided=1)
for dtype, tolerance in ((np.float64, 1e-12), (np.float16, 2e-3)):
    x = eighths(1, 6, 1, dtype=dtype)
    case("dft", dtype.__name__, [x], [dft(x).astype(dtype)], tolerance)


def stft(x, step, length, window=None, onesided=1):
    frames = [x[:, f:f + length] * (1 if window is None else window[:, None]) for f in range(0, x.shape[1] - length + 1, step)]
    bins = length // 2 + 1 if onesided else length
    if not frames: return np.zeros((x.shape[0], 0, bins, 2))
    return np.stack([dft(f.astype(np.float64), axis=1, onesided=onesided) for f in frames], 1)


for parts in (1, 2):
    for step, length in ((3, 4), (2, 5), (1, 12), (5, 13)):
        x = eighths(2, 12, parts)
        for onesided in (0, 1):
            case("stft", "%d parts, %d every %d, onesided %d" % (parts, length, step, onesided),
                 [x, scalar(step), None, scalar(length)], [stft(x, step, length, None, onesided).astype(np.float32)], 1e-6, onesided=onesided)
x, window = eighths(1, 16, 1), eighths(6)
case("stft", "a window", [x, scalar(2), window], [stft(x, 2, 6, window).astype(np.float32)], 1e-6)
case("stft", "a window and a length", [x, i64(4), window, i64(6)], [stft(x, 4, 6, window).astype(np.float32)], 1e-6)
case("stft", "neither", [x, scalar(1)], [stft(x, 1, 16).astype(np.float32)], 1e-6)

for name, coefficients, f in (("hann", [.5, .5], np.hanning), ("hamming", [.54, .46], np.hamming), ("blackman", [.42, .5, .08], np.blackman)):
    for size in (0, 1, 2, 5, 8):
        case("cosine_window", "%s of %d" % (name, size), [scalar(size)], [f(size).astype(np.float32)], 1e-6, coefficients=coefficients, dtype="f32", periodic=0)
        if size > 1:
            case("cosine_window", "%s of %d, periodic" % (name, size), [scalar(size)], [f(size + 1)[:-1]], 1e-12, coefficients=coefficients, dtype="f64")
case("cosine_window", "f16", [i64(4)], [np.array([0, .5, 1, .5], np.float16)], 1e-6, coefficients=[.5, .5], dtype="f16")


def mel(bands, length, rate, low, high):
    to = lambda f: 2595 * math.log10(1 + f / 700)
    step = (to(high) - to(low)) / (bands + 2)
    bins = [int((length + 1) * (700 * (10**((to(low) + step * k) / 2595) - 1)) // rate) for k in range(bands + 2)]
    out = np.zeros((length // 2 + 1, bands))
    for b in range(bands):
        begin, middle, end = bins[b:b + 3]
        for j in range(length // 2 + 1):
            if begin <= j < middle: out[j, b] = (j - begin) / (middle - begin)
            elif middle <= j < end: out[j, b] = (end - j) / (end - middle)
        out[middle, b] = 1
    return out


for args in ((8, 16, 8192, 0.0, 4096.0), (20, 128, 16000, 125.0, 7500.0), (1, 4, 10, 0.0, 4.0)):
    inputs = [scalar(v) for v in args[:3]] + [scalar(v, np.float64) for v in args[3:]]
    case("mel_weight_matrix", str(args), inputs, [mel(*args).astype(np.float32)], 1e-6, dtype="f32")
case("mel_weight_matrix", "f64", inputs, [mel(*args)], 1e-12, dtype="f64")


# --- trees ---------------------------------------------------------------------------
import operator

MODES = [operator.le, operator.lt, operator.ge, operator.gt, operator.eq, operator.ne]


def fall(tree, row):
    """tree: a leaf (a list of target and weight) or (feature, mode, split, yes, no)."""
    if isinstance(tree, list): return tree
    feature, mode, split, yes, no = tree
    v = row[feature]
    return fall(yes if (np.isnan(v) and mode & 8) or MODES[mode & 7](v, split) else no, row)


def flatten(trees):
    nodes, splits, leaves, targets, weights, roots = [], [], [], [], [], []

    def add(tree):
        if isinstance(tree, list):
            begin = len(targets)
            for target, weight in tree:
                targets.append(target)
                weights.append(weight)
            leaves.append([begin, len(targets)])
            return -len(leaves)
        feature, mode, split, yes, no = tree
        at = len(nodes)
        nodes.append([feature, mode, 0, 0])
        splits.append(split)
        nodes[at][2:] = [add(yes), add(no)]
        return at

    roots = [add(t) for t in trees]
    return [np.array(nodes, np.int64).reshape(-1, 4), splits, i64(*roots), np.array(leaves, np.int64).reshape(-1, 2), i64(*targets), weights]


def grow(depth, targets):
    if depth == 0: return [(int(rng.integers(targets)), float(rng.integers(-8, 9)) / 4) for _ in range(int(rng.integers(0, 3)))]
    return (int(rng.integers(3)), int(rng.integers(6)) + 8 * int(rng.integers(2)), float(rng.integers(-4, 5)),
            grow(depth - 1 - int(rng.integers(2)) * (depth > 1), targets), grow(depth - 1, targets))


def ensemble(name, trees, targets, aggregate, dtype=np.float32):
    x = rng.integers(-4, 5, size=(12, 3)).astype(dtype)
    x[0, 0] = x[5, 1] = x[7, 2] = np.nan
    y = np.zeros((12, targets))
    for n in range(12):
        for t in range(targets):
            w = [weight for tree in trees for target, weight in fall(tree, x[n]) if target == t]
            if w: y[n, t] = {"sum": sum, "average": lambda v: sum(v) / len(trees), "min": min, "max": max}[aggregate](w)
    nodes, splits, roots, leaves, ids, weights = flatten(trees)
    case("tree_ensemble", name, [x, nodes, np.array(splits, dtype), roots, leaves, ids, np.array(weights, dtype)], [y.astype(dtype)], 1e-6,
         aggregate=aggregate, targets=targets)


for aggregate in ("sum", "average", "min", "max"):
    ensemble(aggregate, [grow(4, 3) for _ in range(5)], 3, aggregate)
ensemble("f64", [grow(3, 1) for _ in range(2)], 1, "sum", np.float64)
ensemble("a leaf is a tree", [[(1, 2.5)]], 2, "sum")

# --- look-ups ------------------------------------------------------------------------
case("key_lookup", "integers to floats", [np.array([[3, 5], [7, 3]]), i64(5, 3, 3), np.array([.5, 1.5, 9], np.float32), np.array(-1, np.float32)],
     [np.array([[1.5, .5], [-1, 1.5]], np.float32)])
case("key_lookup", "floats, NaN and -0", [np.array([np.nan, -0.0, 2], np.float32), np.array([0, np.nan], np.float32), i64(4, 5), i64(6)],
     [i64(5, 4, 6)])
case("key_lookup", "texts to integers", [((3,), ["b", "", "a"]), ((2,), ["a", "b"]), np.array([1, 2], np.int16), np.array(9, np.int16)],
     [np.array([2, 9, 1], np.int16)])
case("key_lookup", "bools to texts", [np.array([1, 0], bool), np.array([1], bool), ((1,), ["yes"]), ((), ["no"])], [((2,), ["yes", "no"])])
case("key_lookup", "no keys", [i64(1), i64(), np.zeros(0, np.float16), np.array(3, np.float16)], [np.array([3], np.float16)])


def ngrams(x, grams, least, most, skips, size):
    out = np.zeros(size)
    for length in range(least, most + 1):
        for apart in range(1, skips + 2):
            if length == 1 and apart > 1: continue
            for start in range(len(x)):
                window = tuple(x[start + apart * k] for k in range(length) if start + apart * k < len(x))
                if len(window) == length and window in grams: out[grams[window]] += 1
    return out


pool = {1: [(2,), (3,), (5,), (4,)], 2: [(5, 6), (7, 8), (6, 7)], 3: [(5, 6, 7)]}
places = [0, 1, 2, 3, 4, 6, 5, 7]
flat = [v for length in pool for gram in pool[length] for v in gram]
starts = [0, 4, 10]
grams = dict(zip([g for length in pool for g in pool[length]], places))
for least, most, skips in ((1, 1, 0), (1, 2, 0), (2, 2, 5), (1, 3, 1), (3, 3, 9)):
    x = rng.integers(2, 9, size=(2, 12))
    y = np.stack([ngrams(row, grams, least, most, skips, 8) for row in x.tolist()]).astype(np.float32)
    lists = [i64(*flat), i64(*starts), i64(*places)]
    how = dict(least=least, most=most, skips=skips, size=8)
    case("ngram_counts", "%d to %d, skipping %d" % (least, most, skips), [x] + lists, [y], **how)
    case("ngram_counts", "one row, %d to %d, skipping %d" % (least, most, skips), [x[0].astype(np.int32)] + lists, [y[0]], **how)
case("ngram_counts", "nothing", [np.zeros((2, 0), np.int64)] + lists, [np.zeros((2, 8), np.float32)], **how)

write("golden_folds.json")
