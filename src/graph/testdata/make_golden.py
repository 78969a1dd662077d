#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Writes golden.json: what each operator must compute, by plain numpy. Nothing
# here knows our code; the formulas are those of the ONNX operator pages.
#
#   python3 src/graph/testdata/make_golden.py
import itertools, json, math, os
import numpy as np
from golden_cases import *


# --- windows -----------------------------------------------------------------
def crop_pad(x, pads, value):
    """x (N, C, spatial) with pads that may be negative."""
    n = x.ndim - 2
    for d in range(n):
        b, e = pads[d], pads[n + d]
        lo, hi = max(0, -b), x.shape[2 + d] - max(0, -e)
        x = np.take(x, range(lo, hi), axis=2 + d)
    width = [(0, 0), (0, 0)] + [(max(0, pads[d]), max(0, pads[n + d])) for d in range(n)]
    return np.pad(x, width, constant_values=value)


def conv(x, w, b, strides, pads, dilations, groups):
    n = x.ndim - 2
    p = crop_pad(x.astype(np.float64), pads, 0)
    out = [(p.shape[2 + d] - ((w.shape[2 + d] - 1) * dilations[d] + 1)) // strides[d] + 1 for d in range(n)]
    O, I = w.shape[:2]
    y = np.zeros([x.shape[0], O] + out)
    for o in range(O):
        g = o // (O // groups)
        for place in itertools.product(*map(range, out)):
            cut = tuple(slice(place[d] * strides[d], place[d] * strides[d] + (w.shape[2 + d] - 1) * dilations[d] + 1, dilations[d]) for d in range(n))
            patch = p[(slice(None), slice(g * I, (g + 1) * I)) + cut]
            y[(slice(None), o) + place] = (patch * w[o].astype(np.float64)).reshape(x.shape[0], -1).sum(1) + (0 if b is None else float(b[o]))
    return y


def last(a): return np.moveaxis(a, 1, -1)


def conv_case(name, n, groups=1, inputs=2, outputs=2, k=None, size=None, strides=None, pads=None, dilations=None, bias=True, nxc=False, batch=1, dtype=np.float32, **more):
    k = k or [3] * n; size = size or [6] * n
    a = dict(strides=strides or [1] * n, pads=pads or [0] * (2 * n), dilations=dilations or [1] * n, groups=groups)
    x, w = eighths(batch, inputs, *size), eighths(outputs, inputs // groups, *k)
    b = eighths(outputs) if bias else None
    y = conv(x, w, b, **a)
    cast = (lambda t: None if t is None else BF(t)) if dtype == "bf16" else (lambda t: None if t is None else t.astype(dtype))
    xs, ys = (last(x), last(y)) if nxc else (x, y)
    given = {key: v for key, v in a.items() if key == "groups" or v != [1] * n and v != [0] * 2 * n}
    case("conv", name, [cast(xs), cast(w)] + ([cast(b)] if bias else []), [cast(ys)], layout="NXC" if nxc else "NCX", **given, **more)


conv_case("1d", 1)
conv_case("2d", 2)
conv_case("3d", 3, size=[4, 3, 4], k=[2, 2, 3])
conv_case("4d", 4, inputs=1, outputs=1, size=[3, 3, 3, 3], k=[2, 1, 2, 3])
conv_case("no bias, batch 2", 2, bias=False, batch=2)
conv_case("strides", 2, strides=[2, 3], size=[7, 8])
conv_case("asymmetric pads", 2, pads=[1, 0, 2, 3])
conv_case("negative pads", 2, pads=[-1, 1, 2, -2])
conv_case("both negative", 1, pads=[-1, -2], size=[8])
conv_case("dilation", 2, dilations=[2, 3], size=[7, 9])
conv_case("dilation, stride, pads", 2, dilations=[2, 1], strides=[1, 2], pads=[2, 1, 0, 1])
conv_case("pads beyond the kernel", 1, pads=[5, 4], k=[2], size=[3])
conv_case("groups", 2, groups=2, inputs=4, outputs=6)
conv_case("depthwise", 2, groups=3, inputs=3, outputs=3)
conv_case("depthwise with multiplier", 2, groups=3, inputs=3, outputs=6, strides=[2, 1], pads=[1, 1, 1, 1])
conv_case("pointwise", 2, k=[1, 1], inputs=4, outputs=3)
conv_case("channels last", 2, nxc=True, pads=[1, 1, 0, 1])
conv_case("channels last, groups, batch 2", 1, nxc=True, groups=2, inputs=4, outputs=4, batch=2)
conv_case("channels last 3d", 3, nxc=True, size=[3, 4, 3], k=[2, 2, 2])
conv_case("f16", 2, dtype=np.float16, size=[4, 4])
conv_case("bf16 accumulates in f32", 1, dtype="bf16")
conv_case("f64", 2, dtype=np.float64, size=[4, 4])
conv_case("f32 accumulates in f64", 2, size=[4, 4], accumulator="f64")
for i in range(14):
    n = int(rng.integers(1, 4)); g = int(rng.integers(1, 3))
    size = [int(rng.integers(3, 6)) for _ in range(n)]
    k = [int(rng.integers(1, 3)) for _ in range(n)]
    d = [int(rng.integers(1, 3)) for _ in range(n)]
    p = [int(v) for v in rng.integers(-1, 3, size=2 * n)]
    if any(size[j] + p[j] + p[n + j] < (k[j] - 1) * d[j] + 1 for j in range(n)): continue
    conv_case("random %d" % i, n, groups=g, inputs=2 * g, outputs=2 * g, k=k, size=size, dilations=d, pads=p,
              strides=[int(rng.integers(1, 3)) for _ in range(n)], nxc=bool(i % 2), bias=bool(i % 3))
case("conv", "empty batch", [np.zeros((0, 2, 5), np.float32), eighths(3, 2, 3)], [np.zeros((0, 3, 3), np.float32)])
case("conv", "no channels: only the bias", [np.zeros((1, 0, 3), np.float32), np.zeros((2, 0, 2), np.float32), np.array([1, 2], np.float32)],
     [np.array([[[1, 1], [2, 2]]], np.float32)])


def pool(x, kernel, strides, pads, dilations, ceil, visit):
    """visit(list of (position, inside, padded)) for each place; x is (N, C, spatial)."""
    n = x.ndim - 2; out = []
    for d in range(n):
        e = (kernel[d] - 1) * dilations[d] + 1
        room = x.shape[2 + d] + pads[d] + pads[n + d] - e
        count = (math.ceil if ceil else math.floor)(room / strides[d]) + 1
        if ceil and (count - 1) * strides[d] >= x.shape[2 + d] + pads[d]: count -= 1
        out.append(count)
    results = np.empty(list(x.shape[:2]) + out, dtype=object)
    for b, c in itertools.product(*map(range, x.shape[:2])):
        for place in itertools.product(*map(range, out)):
            inside, padded = [], 0
            for k in itertools.product(*map(range, kernel)):
                pos = [place[d] * strides[d] - pads[d] + k[d] * dilations[d] for d in range(n)]
                if all(max(0, -pads[d]) <= pos[d] < x.shape[2 + d] + min(0, pads[n + d]) for d in range(n)): inside.append(tuple(pos))
                padded += all(pos[d] < x.shape[2 + d] + pads[n + d] for d in range(n))
            results[(b, c) + place] = visit(b, c, inside, padded)
    return results


def pool_case(op, name, size, kernel, strides=None, pads=None, dilations=None, ceil=0, nxc=False, batch=1, channels=2, dtype=np.float32, x=None, indices=False, column_major=0, count_include_pad=0, **more):
    n = len(kernel)
    a = dict(strides=strides or [1] * n, pads=pads or [0] * 2 * n, dilations=dilations or [1] * n)
    if x is None:
        x = rng.integers(0, 100, size=(batch, channels, *size)).astype(dtype) if np.dtype(dtype).kind in "iu" else eighths(batch, channels, *size, dtype=dtype)
    size = x.shape[2:]
    def flat(b, c, pos):
        i = 0
        order = range(n) if not column_major else range(n - 1, -1, -1)
        for d in order: i = i * size[d] + pos[d]
        return (b * x.shape[1] + c) * int(np.prod(size)) + i
    def largest(b, c, inside, padded):
        best = None
        for pos in inside:
            v = x[(b, c) + pos]
            if best is None or (not np.isnan(best[0]) and (v > best[0] or np.isnan(v))): best = (v, flat(b, c, pos))
        return best or ((-np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min), -1)
    def average(b, c, inside, padded):
        s = sum(float(x[(b, c) + pos]) for pos in inside)
        count = padded if count_include_pad else len(inside)
        return s / count if count else math.nan
    max_ = op == "max_pool"
    r = pool(x, kernel, **a, ceil=ceil, visit=largest if max_ else average)
    if max_:
        ys = [np.array([v[0] for v in r.reshape(-1)], dtype=x.dtype).reshape(r.shape)]
        if indices: ys.append(np.array([v[1] for v in r.reshape(-1)], dtype=np.int64).reshape(r.shape))
    else:
        ys = [r.astype(np.float64).astype(dtype)]
    given = {key: v for key, v in a.items() if v != [1] * n and v != [0] * 2 * n}
    if ceil: given["ceil"] = 1
    if nxc: given["layout"] = "NXC"; x, ys = last(x), [last(y) for y in ys]
    if column_major: given["column_major"] = 1
    if count_include_pad: given["count_include_pad"] = 1
    case(op, name, [x], ys, 0 if max_ else 2e-7 if dtype != np.float16 else 1e-3, kernel=list(kernel), **given, **more)


pool_case("max_pool", "1d", [7], [3], indices=True)
pool_case("max_pool", "2d stride 2", [6, 7], [2, 3], [2, 2], indices=True)
pool_case("max_pool", "3d", [4, 3, 4], [2, 2, 2], [2, 1, 2], indices=True)
pool_case("max_pool", "3d column major", [4, 3, 4], [2, 2, 2], [2, 1, 2], indices=True, column_major=1)
pool_case("max_pool", "column major, batch 2", [5, 4], [2, 2], batch=2, indices=True, column_major=1)
pool_case("max_pool", "pads", [5, 5], [3, 3], [2, 2], [1, 0, 1, 2], indices=True)
pool_case("max_pool", "negative pads", [6, 7], [2, 2], [1, 2], [-1, 0, 0, -2], indices=True)
pool_case("max_pool", "dilation", [7, 7], [2, 3], dilations=[3, 2], indices=True)
pool_case("max_pool", "ceil", [6, 6], [3, 3], [2, 2], ceil=1, indices=True)
pool_case("max_pool", "ceil, last window would start in the padding", [4], [1], [2], [0, 1], ceil=1)
pool_case("max_pool", "ceil with pads", [5, 6], [3, 2], [3, 3], [1, 1, 1, 1], ceil=1)
pool_case("max_pool", "channels last", [5, 4], [2, 2], [2, 1], nxc=True, batch=2, indices=True)
pool_case("max_pool", "i8", [5, 5], [2, 2], dtype=np.int8, x=rng.integers(-128, 128, size=(1, 2, 5, 5)).astype(np.int8), indices=True)
pool_case("max_pool", "u8", [5, 5], [3, 3], dtype=np.uint8)
pool_case("max_pool", "i64", [6], [2], dtype=np.int64, x=np.array([[[-2**63, -2**63, 2**63 - 1, 0, -1, 5]]]), indices=True)
pool_case("max_pool", "f16", [4, 4], [2, 2], dtype=np.float16)
pool_case("max_pool", "f64", [4, 4], [2, 2], dtype=np.float64)
pool_case("max_pool", "only padding", [2], [2], pads=[3, 3], indices=True)
pool_case("max_pool", "only padding, integers", [2], [2], pads=[3, 3], dtype=np.int8)
pool_case("max_pool", "NaN wins", [6], [2], x=np.array([[[1, np.nan, 3, np.nan, np.nan, -np.inf]]], np.float32), indices=True)
pool_case("max_pool", "all minus infinity", [3], [2], x=np.full((1, 1, 3), -np.inf, np.float32), indices=True)
pool_case("average_pool", "1d", [7], [3])
pool_case("average_pool", "2d", [6, 7], [2, 3], [2, 2])
pool_case("average_pool", "3d", [4, 3, 4], [2, 2, 2], [2, 1, 2])
pool_case("average_pool", "pads left out", [5, 5], [3, 3], [2, 2], [1, 0, 1, 2])
pool_case("average_pool", "pads counted", [5, 5], [3, 3], [2, 2], [1, 0, 1, 2], count_include_pad=1)
pool_case("average_pool", "ceil", [6, 6], [3, 3], [2, 2], ceil=1)
pool_case("average_pool", "ceil, pads counted, not beyond", [6, 5], [3, 3], [2, 3], [1, 1, 1, 1], ceil=1, count_include_pad=1)
pool_case("average_pool", "dilation, pads counted", [6, 6], [2, 2], dilations=[3, 2], pads=[2, 1, 2, 1], count_include_pad=1)
pool_case("average_pool", "negative pads", [7, 6], [3, 2], [2, 1], [-1, 1, -1, -1], count_include_pad=1)
pool_case("average_pool", "channels last", [5, 4], [2, 2], [2, 1], nxc=True, batch=2)
pool_case("average_pool", "only padding is 0/0", [2], [2], pads=[3, 3])
pool_case("average_pool", "only padding counted is 0", [2], [2], pads=[3, 3], count_include_pad=1)
pool_case("average_pool", "f16", [4, 4], [2, 2], dtype=np.float16)
pool_case("average_pool", "f64", [4, 4], [3, 3], dtype=np.float64)
for op in ("max_pool", "average_pool"):
    for i in range(8):
        n = int(rng.integers(1, 4)); k = [int(v) for v in rng.integers(1, 4, size=n)]; d = [int(v) for v in rng.integers(1, 3, size=n)]
        size = [int(v) for v in rng.integers(4, 7, size=n)]; p = [int(v) for v in rng.integers(-1, 3, size=2 * n)]
        if any(size[j] + p[j] + p[n + j] < (k[j] - 1) * d[j] + 1 for j in range(n)): continue
        more = dict(indices=True, column_major=i % 2) if op == "max_pool" else dict(count_include_pad=i // 2 % 2)
        pool_case(op, "random %d" % i, size, k, [int(v) for v in rng.integers(1, 4, size=n)], p, d, ceil=int(min(p) >= 0) * (i % 2), channels=1, nxc=bool(i // 4), **more)

# --- arithmetic --------------------------------------------------------------
with np.errstate(all="ignore"):
    SHAPES = [((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1, 3), (4, 1)), ((), (2, 2)), ((0, 3), (1, 3)), ((1,), (2, 0))]
    OPS = {"add": np.add, "sub": np.subtract, "mul": np.multiply}
    for op, f in OPS.items():
        for a, b in SHAPES:
            x, y = eighths(*a), eighths(*b)
            case(op, "%s with %s" % (a, b), [x, y], [np.asarray(f(x, y))])
        for t in (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64):
            info = np.iinfo(t)
            x = np.array([info.min, info.max, info.max, 3, info.min], t); y = np.array([info.min, info.max, 1, 5, 1], t)
            case(op, "%s wraps" % np.dtype(t).name, [x, y], [f(x, y)])
        x, y = np.array([1, 65504, 2049, 0.1, 6e-8], np.float16), np.array([2**-11, 65504, 1, 0.3, 6e-8], np.float16)
        case(op, "f16 rounds once", [x, y], [f(x, y)])
        x, y = BF([1, 3e38, 257, 0.1]), BF([2**-8, 3e38, 1, 0.3])
        case(op, "bf16 rounds once", [x, y], [BF(f(x.a, y.a))])
        x, y = rng.standard_normal(5), rng.standard_normal(5)
        case(op, "f64", [x, y], [f(x, y)])
        x, y = np.array([np.inf, -np.inf, np.nan, -0.0, 0.0], np.float32), np.array([np.inf, 0, 1, 0.0, -0.0], np.float32)
        case(op, "infinities, NaN, signed zeros", [x, y], [f(x, y)])
    for a, b in SHAPES:
        x, y = eighths(*a), eighths(*b)
        case("div", "%s by %s" % (a, b), [x, y], [np.asarray(x / y)])
    for t in (np.int8, np.int16, np.int32, np.int64):
        lo = int(np.iinfo(t).min)
        x = np.array([7, -7, 7, -7, lo, lo, 0], t); y = np.array([2, 2, -2, -2, -1, 1, 5], t)
        wrap = lambda v: (v - lo) % (-2 * lo) + lo
        case("div", "%s towards zero, smallest by -1 wraps" % np.dtype(t).name, [x, y],
             [np.array([wrap((abs(int(p)) // abs(int(q))) * (1 if (p < 0) == (q < 0) else -1)) for p, q in zip(x, y)], t)])
    for t in (np.uint8, np.uint16, np.uint32, np.uint64):
        x = np.array([7, np.iinfo(t).max, 0], t); y = np.array([2, 3, 9], t)
        case("div", np.dtype(t).name, [x, y], [x // y])
    x, y = np.array([1, 10, 65504], np.float16), np.array([3, 7, 0.1], np.float16)
    case("div", "f16 rounds once", [x, y], [x / y])
    x, y = BF([1, 10, 3e38]), BF([3, 7, 0.1])
    case("div", "bf16 rounds once", [x, y], [BF(x.a / y.a)])
    case("div", "float by zero", [np.array([1, -1, 0, 1], np.float32), np.array([0, 0, 0, -0.0], np.float32)], [np.array([np.inf, -np.inf, np.nan, -np.inf], np.float32)])

# --- relu, clamp -------------------------------------------------------------
for t in (np.float16, np.float32, np.float64):
    case("relu", np.dtype(t).name, [np.array([-1, 2.5, -0.0, np.nan, np.inf, -np.inf], t)], [np.array([0, 2.5, 0, np.nan, np.inf, 0], t)])
case("relu", "bf16", [BF([-1, 2.5, np.nan])], [BF([0, 2.5, np.nan])])
for t in (np.int8, np.int16, np.int32, np.int64):
    x = np.array([[np.iinfo(t).min, -1, 0], [1, 7, np.iinfo(t).max]], t)
    case("relu", np.dtype(t).name, [x], [np.maximum(x, 0).astype(t)])
x = np.array([-5, -1, 0, 2, 9, np.nan, np.inf], np.float32)
s = lambda v, t=np.float32: np.array(v, t)
case("clamp", "both bounds", [x, s(-1), s(6)], [np.array([-1, -1, 0, 2, 6, np.nan, 6], np.float32)])
case("clamp", "only low", [x, s(-1)], [np.array([-1, -1, 0, 2, 9, np.nan, np.inf], np.float32)])
case("clamp", "only high, as a vector of one", [x, None, s([1])], [np.array([-5, -1, 0, 1, 1, np.nan, 1], np.float32)])
case("clamp", "no bounds", [x], [x])
case("clamp", "low above high gives high", [x, s(3), s(1)], [np.array([1, 1, 1, 1, 1, np.nan, 1], np.float32)])
case("clamp", "NaN bounds nothing", [x, s(np.nan), s(np.nan)], [x])
for t in (np.int8, np.uint8, np.int32, np.uint64, np.float16, np.float64):
    x = np.array([0, 1, 2, 50, 100], t)
    case("clamp", np.dtype(t).name, [x, s(2, t), s(60, t)], [np.clip(x, s(2, t), s(60, t))])
case("clamp", "bf16", [BF([-1, 0.5, 7]), BF(0), BF(6)], [BF([0, 0.5, 6])])

# --- matmul ------------------------------------------------------------------
for a, b in [((2, 3), (3, 4)), ((3,), (3, 4)), ((2, 3), (3,)), ((3,), (3,)), ((2, 2, 3), (3, 2)), ((2, 3), (2, 3, 2)), ((2, 1, 2, 3), (3, 3, 2)), ((2, 0), (0, 3)), ((0, 3), (3, 2)), ((2, 2, 3), (3,)), ((3,), (2, 3, 2))]:
    x, y = eighths(*a), eighths(*b)
    case("matmul", "%s by %s" % (a, b), [x, y], [np.asarray(np.matmul(x, y))])
x, y = eighths(3, 2), eighths(4, 3)
case("matmul", "both transposed", [x, y], [x.T @ y.T], transpose_a=1, transpose_b=1)
x, y = eighths(2, 3, 2), eighths(3, 4)
case("matmul", "a transposed in a batch", [x, y], [np.swapaxes(x, -1, -2) @ y], transpose_a=1)
for t in (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint32, np.uint64):
    info = np.iinfo(t)
    x, y = (rng.integers(info.min, info.max, size=sh, dtype=t, endpoint=True) for sh in ((2, 3), (3, 2)))
    case("matmul", "%s wraps" % np.dtype(t).name, [x, y], [np.matmul(x, y)])
x, y = rng.standard_normal((3, 4)), rng.standard_normal((4, 2))
case("matmul", "f64", [x, y], [x @ y], 1e-14)
x, y = eighths(2, 3), eighths(3, 2)
case("matmul", "f16", [x.astype(np.float16), y.astype(np.float16)], [(x @ y).astype(np.float16)])
case("matmul", "bf16 accumulates in f32", [BF(x), BF(y)], [BF(x @ y)])
x = np.array([[1e8, 1, -1e8]], np.float32)
case("matmul", "f64 accumulator keeps the small one", [x, np.ones((3, 1), np.float32)], [np.array([[1]], np.float32)], accumulator="f64")
case("matmul", "f32 accumulator loses it", [x, np.ones((3, 1), np.float32)], [np.array([[0]], np.float32)])

# --- reduce_mean, softmax, batch_normalization ---------------------------------
for shape, axes, keep in [((2, 3, 4), (1,), 1), ((2, 3, 4), (0, 2), 0), ((2, 3), (0, 1), 0), ((2, 3), (), 1), ((4,), (0,), 0), ((), (), 0), ((2, 0), (0,), 1), ((2, 3, 2), (-1, 0), 1)]:
    x = eighths(*shape)
    case("reduce_mean", "%s over %s" % (shape, axes), [x], [np.asarray(np.mean(x.astype(np.float64), axis=axes, keepdims=bool(keep)) if axes else x, np.float32)], 1e-7, axes=list(axes), keep_dims=keep)
case("reduce_mean", "of nothing is NaN", [np.zeros((2, 0), np.float32)], [np.full((2,), np.nan, np.float32)], axes=[1], keep_dims=0)
for t in (np.int8, np.int32, np.int64, np.uint8, np.uint32, np.uint64):
    x = np.array([[np.iinfo(t).max, np.iinfo(t).max], [7, 0]], t) if np.dtype(t).itemsize < 8 else np.array([[5, 8], [7, 0]], t)
    case("reduce_mean", "%s towards zero" % np.dtype(t).name, [x], [np.array([int(sum(map(int, r))) // 2 for r in x], t)], axes=[1], keep_dims=0)
case("reduce_mean", "negative towards zero", [np.array([-3, -4], np.int32)], [np.array(-3, np.int32)], axes=[0], keep_dims=0)
x = eighths(2, 5).astype(np.float16)
case("reduce_mean", "f16", [x], [x.astype(np.float64).mean(1).astype(np.float16)], 1e-3, axes=[1], keep_dims=0)
case("reduce_mean", "f16 sums beyond its range", [np.full((4,), 60000, np.float16)], [np.array(60000, np.float16)], axes=[0], keep_dims=0)


def softmax(x, axes):
    e = np.exp(x - x.max(axis=axes, keepdims=True)); return e / e.sum(axis=axes, keepdims=True)


for shape, axes in [((2, 5), (1,)), ((2, 5), (0,)), ((2, 3, 4), (1, 2)), ((2, 3, 4), (0, 2)), ((3,), (0,)), ((2, 3), (-1,)), ((2, 0), (1,)), ((0, 2), (1,))]:
    x = eighths(*shape)
    case("softmax", "%s over %s" % (shape, axes), [x], [softmax(x.astype(np.float64), axes).astype(np.float32) if x.size else x], 3e-7, axes=list(axes))
x = np.array([[1000, 1001, 1002], [-1000, -1001, -2000], [-np.inf, 0, 0]], np.float64)
case("softmax", "large numbers", [x.astype(np.float32)], [softmax(x, (1,)).astype(np.float32)], 3e-7, axes=[1])
case("softmax", "f64", [x], [softmax(x, (1,))], 1e-15, axes=[1])
case("softmax", "NaN, infinity and only -infinity", [np.array([[1, np.nan], [np.inf, 1], [-np.inf, -np.inf]], np.float32)], [np.full((3, 2), np.nan, np.float32)], axes=[1])
x = eighths(2, 4)
case("softmax", "f16", [x.astype(np.float16)], [softmax(x.astype(np.float64), (1,)).astype(np.float16)], 1e-3, axes=[1])
case("softmax", "bf16", [BF(x)], [BF(softmax(x.astype(np.float64), (1,)))], 8e-3, axes=[1])


def bn(name, shape, axis=1, training=0, epsilon=1e-5, momentum=0.9, t=np.float32, t2=None, tol=1e-6, x=None, **more):
    x = eighths(*shape) if x is None else x
    C = shape[axis] if len(shape) > 1 else 1
    scale, bias, mean = eighths(C), eighths(C), eighths(C); var = np.abs(eighths(C)) + np.float32(0.25)
    others = tuple(d for d in range(len(shape)) if d != axis or len(shape) == 1)
    side = [1] * len(shape)
    if len(shape) > 1: side[axis] = C
    m, v = (x.astype(np.float64).mean(others).reshape(-1), x.astype(np.float64).var(others).reshape(-1)) if training else (mean, var)
    r = lambda p: np.asarray(p, np.float64).reshape(side)
    y = r(scale) * (x - r(m)) / np.sqrt(r(v) + epsilon) + r(bias)
    t2 = t2 or t
    outs = [y.astype(t)] + ([(mean * momentum + m * (1 - momentum)).astype(t2), (var * momentum + v * (1 - momentum)).astype(t2)] if training else [])
    case("batch_normalization", name, [x.astype(t), scale.astype(t), bias.astype(t), mean.astype(t2), var.astype(t2)], outs, tol, epsilon=epsilon, training=training, momentum=momentum, **more)


bn("2d", (2, 3, 2, 2)); bn("rank 2", (4, 3)); bn("rank 1 is one channel", (5,)); bn("3d", (1, 2, 2, 2, 3)); bn("epsilon", (2, 2, 3), epsilon=0.5)
bn("channels last", (2, 3, 2), axis=2, layout="NXC"); bn("training", (3, 2, 4), training=1); bn("training, channels last", (3, 2, 2), axis=2, training=1, momentum=0.5, layout="NXC")
bn("training, rank 1", (6,), training=1); bn("f64", (2, 3, 2), t=np.float64, tol=1e-14); bn("f16", (2, 2, 3), t=np.float16, tol=1e-3)
bn("f16 with f32 statistics", (2, 2, 3), t=np.float16, t2=np.float32, training=1, tol=1e-3); bn("f32 with f64 statistics", (2, 2, 3), t2=np.float64, training=1); bn("empty", (0, 2, 3))

# --- moving elements -----------------------------------------------------------
ALL = [np.float16, np.float32, np.float64, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, np.bool_]


def any_values(t, *shape):
    return (rng.integers(0, 2, size=shape) if t == np.bool_ else rng.integers(0, 100, size=shape)).astype(t)


for t in ALL:
    x = any_values(t, 2, 3)
    n = np.dtype(t).name
    case("identity", n, [x], [x])
    case("flatten", n, [any_values(t, 0, 2)], [np.zeros((0, 2), t)])
    case("reshape", n, [x, np.array([3, -1])], [x.reshape(3, 2)])
    case("transpose", n, [x], [x.T.copy()])
    y = any_values(t, 2, 1)
    case("concat", n, [x, y], [np.concatenate([x, y], 1)], axis=1)
    v = any_values(t, 1)[0:1].reshape(())
    case("pad", n, [x, np.array([1, 0, 0, 2]), v], [np.pad(x, ((1, 0), (0, 2)), constant_values=v)])
text = ((2, 3), ["a", "", "longer", "é", "五", "z"])
case("identity", "utf8", [text], [text])
case("identity", "bf16", [BF([[1, 2]])], [BF([[1, 2]])])
case("flatten", "utf8", [((1, 2, 1), ["x", "yy"])], [((1, 2), ["x", "yy"])])
case("reshape", "utf8", [text, np.array([-1])], [((6,), text[1])])
case("transpose", "utf8", [text], [((3, 2), ["a", "é", "", "五", "longer", "z"])])
case("transpose", "bf16", [BF([[1, 2]])], [BF([[1], [2]])])
case("concat", "utf8", [text, ((2, 1), ["p", "qq"])], [((2, 4), ["a", "", "longer", "p", "é", "五", "z", "qq"])], axis=1)
case("pad", "utf8 with and without room", [((2,), ["a", "b"]), np.array([1, 0]), ((), ["?"])], [((3,), ["?", "a", "b"])])
case("pad", "utf8 without a value", [((1,), ["a"]), np.array([0, 1])], [((2,), ["a", ""])])
case("pad", "utf8 crops", [((3,), ["a", "b", "c"]), np.array([-1, -1])], [((1,), ["b"])])
x = eighths(2, 3, 4)
for axis in (0, 1, 2, 3, -1):
    case("flatten", "axis %d" % axis, [x], [x.reshape(int(np.prod(x.shape[:axis])) if axis else 1, -1)], axis=axis)
case("flatten", "scalar", [np.array(3, np.float32)], [np.array([[3]], np.float32)], axis=0)
for shape, zero, want in [([4, 6], 0, (4, 6)), ([0, -1], 0, (2, 12)), ([-1, 0, 2], 0, (4, 3, 2)), ([24], 0, (24,)), ([2, 3, 4, 1], 1, (2, 3, 4, 1)), ([0, 0, 0], 0, (2, 3, 4))]:
    case("reshape", "%s" % shape, [x, np.array(shape)], [x.reshape(want)], allow_zero=zero)
case("reshape", "empty copies the empty dimension", [np.zeros((0, 6), np.float32), np.array([0, 3, -1])], [np.zeros((0, 3, 2), np.float32)])
case("reshape", "allow_zero", [np.zeros((0, 6), np.float32), np.array([3, 0])], [np.zeros((3, 0), np.float32)], allow_zero=1)
case("reshape", "to a scalar", [np.array([3], np.float32), np.zeros((0,), np.int64)], [np.array(3, np.float32)])
for p in itertools.permutations(range(3)):
    case("transpose", "%s" % (p,), [x], [np.ascontiguousarray(x.transpose(p))], permutation=list(p))
case("transpose", "scalar", [np.array(3, np.float32)], [np.array(3, np.float32)])
case("transpose", "empty", [np.zeros((2, 0, 3), np.float32)], [np.zeros((3, 0, 2), np.float32)])
for axis in (0, 1, 2, -2):
    shapes = [[2, 3, 2] for _ in range(3)]
    for i, sh in enumerate(shapes): sh[axis] = i
    parts = [eighths(*sh) for sh in shapes]
    case("concat", "three, axis %d" % axis, parts, [np.concatenate(parts, axis)], axis=axis)
case("concat", "one", [x], [x], axis=0)


def pad_np(x, pads, mode, value=0):
    n = x.ndim
    for d in range(n):
        x = np.take(x, range(max(0, -pads[d]), x.shape[d] - max(0, -pads[n + d])), axis=d)
    for d in range(n):
        b, e, size = max(0, pads[d]), max(0, pads[n + d]), x.shape[d]
        width = [(0, 0)] * n; width[d] = (b, e)
        if mode == "wrap":
            x = np.take(x, [i % size for i in range(-b, size + e)], axis=d) if b + e else x
        elif mode == "constant": x = np.pad(x, width, constant_values=value)
        elif b + e: x = np.pad(x, width, mode=mode)
    return x


for mode in ("constant", "reflect", "symmetric", "edge", "wrap"):
    for pads in ([1, 2, 0, 1], [0, 0, 2, 2], [-1, 1, 1, -2], [-1, -1, 0, -1], [5, 7, 4, 9], [0, 0, 0, 0]):
        x = eighths(3, 4)
        case("pad", "%s %s" % (mode, pads), [x, np.array(pads), np.array(7, np.float32)], [pad_np(x, pads, mode, 7)], mode=mode)
    case("pad", "%s of one element" % mode, [np.array([5], np.float32), np.array([2, 3])], [pad_np(np.array([5], np.float32), [2, 3], mode)], mode=mode)
x = eighths(2, 3, 2)
case("pad", "axes", [x, np.array([1, 0, 2, 1]), None, np.array([2, -3])], [pad_np(x, [0, 0, 1, 1, 0, 2], "constant")])
case("pad", "constant around nothing", [np.zeros((0, 2), np.float32), np.array([1, 0, 1, 0]), np.array([3], np.float32)], [np.full((2, 2), 3, np.float32)])
case("pad", "scalar", [np.array(3, np.float32), np.zeros((0,), np.int64)], [np.array(3, np.float32)])

write("golden.json")
