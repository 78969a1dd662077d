#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Writes golden_movement.json: operators on shapes and those that move data, by
# plain numpy. Nothing here knows our code; the formulas are those of the ONNX
# operator pages.
#
#   python3 src/graph/testdata/make_golden_movement.py
import itertools
import numpy as np
from golden_cases import *

I64 = lambda *v: np.array(v, np.int64)


def ramp(*shape, dtype=np.float32):
    return np.arange(int(np.prod(shape)), dtype=dtype).reshape(shape)


# --- shapes --------------------------------------------------------------------
case("shape", "all", [ramp(2, 0, 3)], [I64(2, 0, 3)])
case("shape", "of a scalar", [np.array(5, np.int8)], [np.zeros(0, np.int64)])
case("shape", "from the end", [ramp(2, 3, 4, 5)], [I64(4, 5)], start=-2)
case("shape", "clamped", [ramp(2, 3)], [I64(2, 3)], start=-9, end=9)
case("shape", "nothing", [ramp(2, 3)], [np.zeros(0, np.int64)], start=1, end=-1)
case("squeeze", "first", [ramp(1, 3, 1), I64(0)], [ramp(3, 1)])
case("squeeze", "both, from the end", [ramp(1, 3, 1), I64(-1, 0)], [ramp(3)])
case("squeeze", "none", [ramp(2), np.zeros(0, np.int64)], [ramp(2)])
case("squeeze", "utf8", [([1, 2], ["a", "é"]), I64(0)], [([2], ["a", "é"])])
case("unsqueeze", "ends", [ramp(3), I64(0, -1)], [ramp(1, 3, 1)])
case("unsqueeze", "scalar", [np.array(True), I64(0)], [np.array([True])])
case("unsqueeze", "out of order", [ramp(2, 2), I64(3, 1)], [ramp(2, 2).reshape(2, 1, 2, 1)])
x = ramp(2, 5)
case("split", "two", [x, I64(2, 3)], np.split(x, [2], 1), axis=1)
case("split", "with an empty part", [x, I64(0, 2)], [x[:0], x], axis=0)
case("split", "from the end", [ramp(4, 2, dtype=np.int16), I64(1, 1)], np.split(ramp(4, 2, dtype=np.int16), 2, 1), axis=-1)
case("split", "utf8", [([3], ["a", "b", ""]), I64(1, 2)], [([1], ["a"]), ([2], ["b", ""])])
for dtype in (np.int8, np.uint8, np.int16, np.int32, np.int64, np.float32, np.float64):
    a, b, c = (np.array(v, dtype) for v in (1, 10, 3))
    case("range", "up " + NAMES[np.dtype(dtype).name], [a, b, c], [np.arange(1, 10, 3, dtype=dtype)])
for a, b, c in ((10, 4, -2), (4, 10, -2), (5, 5, 1), (-3, 3, 4), (127, -128, -100)):
    case("range", "%d %d %d" % (a, b, c), [np.array(v, np.int32) for v in (a, b, c)], [np.arange(a, b, c, dtype=np.int32)])
case("range", "halves", [np.array(v, np.float32) for v in (0, 2, 0.5)], [np.arange(0, 2, 0.5, dtype=np.float32)])
case("range", "f16", [np.array(v, np.float16) for v in (1, -1, -0.25)], [np.arange(1, -1, -0.25).astype(np.float16)])
case("range", "extremes", [np.array(v, np.int64) for v in (-2**63, 2**63 - 1, 2**62)], [np.array([-2**63, -2**62, 0, 2**62], np.int64)])


# --- gather and scatter ----------------------------------------------------------
def indices(shape, size, dtype=np.int64):
    return rng.integers(-size, size, size=shape).astype(dtype)


for shape, count, axis in (([5], [3], 0), ([3, 4], [2, 4], 0), ([3, 4], [3, 6], 1), ([2, 3, 4], [1, 3, 2], 2), ([2, 3], [0, 3], 0)):
    x = eighths(*shape); i = indices(count, shape[axis])
    cut = tuple(slice(None) if d == axis else slice(0, n) for d, n in enumerate(count))
    y = np.take_along_axis(x[cut], np.where(i < 0, i + shape[axis], i), axis) if all(count) else x[:0].reshape(count)
    case("gather_elements", "%s by %s along %d" % (shape, count, axis), [x, i], [y], axis=axis)
case("gather_elements", "i32 indices of bool", [np.array([True, False]), np.array([1, -2], np.int32)], [np.array([False, True])])
case("gather_elements", "utf8", [([2], ["a", "b"]), I64(1, 1, 0)], [([3], ["b", "b", "a"])])


def scatter_elements(x, i, u, axis, reduction):
    y = x.copy()
    for at in np.ndindex(*i.shape):
        to = list(at); to[axis] = int(i[at]); to = tuple(to)
        y[to] = combine(y[to], u[at], reduction)
    return y


def combine(a, b, reduction):
    with np.errstate(over="ignore"):
        return {"none": lambda: b, "add": lambda: a + b, "mul": lambda: a * b, "max": lambda: np.maximum(a, b), "min": lambda: np.minimum(a, b)}[reduction]()


for reduction in ("none", "add", "mul", "max", "min"):
    for shape, count, axis in (([4], [6], 0), ([3, 4], [2, 3], 0), ([2, 3, 4], [2, 2, 5], 2)):
        x, u, i = eighths(*shape), eighths(*count), indices(count, shape[axis])
        case("scatter_elements", "%s %s along %d" % (reduction, shape, axis), [x, i, u], [scatter_elements(x, i, u, axis, reduction)], axis=axis, reduction=reduction)
x, u, i = ramp(3, dtype=np.uint8) + 250, np.array([9, 200], np.uint8), I64(0, 0)
case("scatter_elements", "wraps", [x, i, u], [scatter_elements(x, i, u, 0, "add")], reduction="add")
case("scatter_elements", "nan wins", [np.array([1, np.nan], np.float32), I64(0, 1), np.array([np.nan, 5], np.float32)], [np.array([np.nan, np.nan], np.float32)], reduction="max")
case("scatter_elements", "utf8", [([2], ["a", "b"]), I64(-1), ([1], ["new"])], [([2], ["a", "new"])])
case("scatter_elements", "no updates", [ramp(3), np.zeros(0, np.int64), np.zeros(0, np.float32)], [ramp(3)])


def scatter_nd(x, i, u, reduction):
    y = x.copy()
    for at in np.ndindex(*i.shape[:-1]):
        to = tuple(int(v) for v in i[at])
        y[to] = combine(y[to], u[at], reduction)
    return y


for reduction in ("none", "add", "mul", "max", "min"):
    for shape, count, depth in (([5], [4], 1), ([3, 4], [2, 2], 1), ([3, 4], [5], 2), ([2, 3, 2], [3], 2)):
        x = eighths(*shape); i = np.stack([rng.integers(-n, n, size=count) for n in shape[:depth]], -1).astype(np.int64)
        u = eighths(*count, *shape[depth:])
        case("scatter_nd", "%s %s by %s, %d" % (reduction, shape, count, depth), [x, i, u], [scatter_nd(x, i, u, reduction)], reduction=reduction)
case("scatter_nd", "all of x", [ramp(2), np.zeros((1, 0), np.int32), ramp(1, 2) + 5], [ramp(2) + 5])


def tensor_scatter(cache, update, places, axis, circular):
    y = cache.copy()
    for at in np.ndindex(*update.shape):
        to = list(at); to[axis] = places[at[0]] + at[axis]
        if circular: to[axis] %= cache.shape[axis]
        y[tuple(to)] = update[at]
    return y


cache, update = eighths(2, 2, 4, 3), eighths(2, 2, 2, 3)
case("tensor_scatter", "linear", [cache, update, I64(1, 2)], [tensor_scatter(cache, update, [1, 2], 2, False)])
case("tensor_scatter", "circular", [cache, update, I64(3, 0)], [tensor_scatter(cache, update, [3, 0], 2, True)], circular=1)
case("tensor_scatter", "from 0", [cache, update], [tensor_scatter(cache, update, [0, 0], 2, False)])
cache, update = eighths(2, 4, 3).astype(np.float16), eighths(2, 3, 3).astype(np.float16)
case("tensor_scatter", "f16 along 1", [cache, update, I64(1, 0)], [tensor_scatter(cache, update, [1, 0], 1, False)], axis=1)


# --- order ---------------------------------------------------------------------------
def top_k(x, k, axis, largest):
    key = x.astype(np.float64)
    key = np.where(np.isnan(key), np.inf if largest else np.inf, key)
    order = np.argsort(-key if largest else key, axis=axis, kind="stable")
    order = np.take(order, range(k), axis=axis)
    return np.take_along_axis(x, order, axis), order.astype(np.int64)


for shape, k, axis in (([6], 3, 0), ([3, 5], 2, 1), ([4, 3], 4, 0), ([2, 5, 3], 2, 1), ([3], 0, 0)):
    for largest in (1, 0):
        x = rng.integers(-4, 5, size=shape).astype(np.float32)
        case("top_k", "%d of %s along %d, largest %d" % (k, shape, axis, largest), [x, I64(k)], list(top_k(x, k, axis, largest)), axis=axis, largest=largest)
x = np.array([250, 3, 250, 9], np.uint8)
case("top_k", "u8", [x, I64(3)], list(top_k(x, 3, 0, 1)))
x = np.array([1, np.nan, 3, np.nan], np.float32)
case("top_k", "nan is largest", [x, I64(3)], [np.array([np.nan, np.nan, 3], np.float32), I64(1, 3, 2)])
case("top_k", "nan is largest, smallest first", [x, I64(3)], [np.array([1, 3, np.nan], np.float32), I64(0, 2, 1)], largest=0)


def unique(x, axis, sort):
    y, first, inverse, counts = np.unique(x, return_index=True, return_inverse=True, return_counts=True, axis=axis)
    inverse = inverse.reshape(-1)
    if not sort:
        order = np.argsort(first)
        place = np.argsort(order)
        y, first, counts, inverse = np.take(y, order, axis), first[order], counts[order], place[inverse]
    return [y, first.astype(np.int64), inverse.astype(np.int64), counts.astype(np.int64)]


for sort in (1, 0):
    x = np.array([2, 1, 1, 3, 4, 3], np.float32)
    case("unique", "vector, sorted %d" % sort, [x], unique(x, 0, sort), sorted=sort)
    x = np.array([[1, 0, 0], [1, 0, 0], [2, 3, 4]], np.int32)
    case("unique", "rows, sorted %d" % sort, [x], unique(x, 0, sort), sorted=sort)
    x = rng.integers(0, 2, size=(2, 6, 2)).astype(np.int8)
    case("unique", "in the middle, sorted %d" % sort, [x], unique(x, 1, sort), axis=1, sorted=sort)
case("unique", "bool", [np.array([True, False, True])], unique(np.array([True, False, True]), 0, 1))
case("unique", "utf8", [([3], ["b", "a", "b"])], [([2], ["a", "b"]), I64(1, 0), I64(1, 0, 1), I64(1, 2)])
case("unique", "nothing", [np.zeros(0, np.float32)], [np.zeros(0, np.float32)] + [np.zeros(0, np.int64)] * 3)
case("unique", "nan", [np.array([np.nan, 1, np.nan], np.float32)], [np.array([1, np.nan], np.float32), I64(1, 0), I64(1, 0, 1), I64(1, 2)])

for x in (np.array([[0, 5, 0], [6, 0, 7]], np.int64), np.array([0.0, -0.0, np.nan, 1], np.float32), np.array([[True, False]]), np.zeros((2, 2), np.uint8), np.zeros((0, 3), np.float64), eighths(2, 3, 2)):
    case("non_zero", str(x.shape) + NAMES[x.dtype.name], [x], [np.array(np.nonzero(x), np.int64)])
case("non_zero", "utf8", [([3], ["", "a", "0"])], [I64(1, 2).reshape(1, 2)])


def reverse(x, lengths, batch, time):
    y = x.copy()
    for at in np.ndindex(*x.shape):
        n = int(lengths[at[batch]])
        if at[time] < n:
            to = list(at); to[time] = n - 1 - at[time]; y[at] = x[tuple(to)]
    return y


x = eighths(4, 3)
case("reverse_sequence", "time first", [x, I64(4, 0, 3)], [reverse(x, [4, 0, 3], 1, 0)])
case("reverse_sequence", "batch first", [x, np.array([1, 2, 3, 3], np.int32)], [reverse(x, [1, 2, 3, 3], 0, 1)], batch_axis=0, time_axis=1)
x = eighths(2, 3, 2, 2).astype(np.float64)
case("reverse_sequence", "later axes", [x, I64(2, 1)], [reverse(x, [2, 1], 2, 1)], batch_axis=2, time_axis=1)


# --- columns --------------------------------------------------------------------------
def col2im(x, image, block, strides, pads, dilations):
    n = len(image)
    places = [(image[d] + pads[d] + pads[n + d] - dilations[d] * (block[d] - 1) - 1) // strides[d] + 1 for d in range(n)]
    C = x.shape[1] // int(np.prod(block))
    cut = x.reshape([x.shape[0], C] + list(block) + places)
    y = np.zeros([x.shape[0], C] + list(image), x.dtype)
    for tap in itertools.product(*map(range, block)):
        for place in itertools.product(*map(range, places)):
            at = [place[d] * strides[d] - pads[d] + tap[d] * dilations[d] for d in range(n)]
            if all(0 <= a < s for a, s in zip(at, image)):
                y[(slice(None), slice(None)) + tuple(at)] += cut[(slice(None), slice(None)) + tap + place]
    return y


for name, image, block, strides, pads, dilations in (
        ("one axis", [5], [2], [1], [0, 0], [1]), ("no overlap", [4, 6], [2, 3], [2, 3], [0, 0, 0, 0], [1, 1]),
        ("overlap", [5, 5], [3, 2], [1, 1], [0, 0, 0, 0], [1, 1]), ("pads", [4, 5], [2, 3], [2, 1], [1, 0, 1, 2], [1, 1]),
        ("dilations", [6, 6], [2, 2], [1, 2], [0, 0, 0, 0], [3, 2]), ("three axes", [3, 4, 3], [2, 2, 1], [1, 2, 1], [0, 0, 0, 0, 0, 0], [1, 1, 1])):
    n = len(image)
    L = int(np.prod([(image[d] + pads[d] + pads[n + d] - dilations[d] * (block[d] - 1) - 1) // strides[d] + 1 for d in range(n)]))
    x = eighths(2, 2 * int(np.prod(block)), L)
    case("col2im", name, [x, I64(*image), I64(*block)], [col2im(x, image, block, strides, pads, dilations)], strides=strides, pads=pads, dilations=dilations)
x = rng.integers(-128, 128, size=(1, 2, 4)).astype(np.int8)
case("col2im", "i8 wraps", [x, I64(5), I64(2)], [col2im(x, [5], [2], [1], [0, 0], [1])], strides=[1], pads=[0, 0], dilations=[1])

write("golden_movement.json")
