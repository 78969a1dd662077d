#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Writes golden_recurrent.json: what the operators that run along a sequence must
# compute. Nothing here knows our code: the LSTM follows ONNX's equations in numpy
# and float64, the one on integers TensorFlow Lite's steps in Python's unbounded
# integers, with gemmlowp's two roundings one after the other.
#
#   python3 src/graph/testdata/make_golden_recurrent.py
import numpy as np
from golden_cases import *

GATES = "iofg"  # the order of the rows
sigmoid = lambda x: 1 / (1 + np.exp(-x))
FUNCTIONS = {"sigmoid": sigmoid, "tanh": np.tanh, "relu": lambda x: np.maximum(x, 0)}


def lstm_one(x, w, r, b, h, c, p, how):
    """One batch element: x [T, I]."""
    f = FUNCTIONS[how.get("gate_activation", "sigmoid")]
    g = FUNCTIONS[how.get("cell_activation", "tanh")]
    out = FUNCTIONS[how.get("hidden_activation", "tanh")]
    clip, cell_clip = how.get("clip", 0) or np.inf, how.get("cell_clip", 0) or np.inf
    y = np.zeros((len(x), len(h)))
    for t in reversed(range(len(x))) if how.get("reverse") else range(len(x)):
        z = dict(zip(GATES, np.split(w @ x[t] + b + r @ h, 4)))
        peep = dict(zip("iof", np.split(p, 3)))
        add = f(np.clip(z["i"] + peep["i"] * c, -clip, clip))
        forget = 1 - add if how.get("coupled") else f(np.clip(z["f"] + peep["f"] * c, -clip, clip))
        c = np.clip(forget * c + add * g(np.clip(z["g"], -clip, clip)), -cell_clip, cell_clip)
        h = f(np.clip(z["o"] + peep["o"] * c, -clip, clip)) * out(c)
        y[t] = h
    return y, h, c


def lstm(name, x, w, r, b=None, h=None, c=None, p=None, lengths=None, outputs=3, tolerance=1e-6, **how):
    """x is [T, N, I]; stored in the layout asked for."""
    T, N, I = x.shape
    H = r.shape[1]
    wide = lambda a, *sizes: np.zeros(sizes) if a is None else a.astype(np.float64)
    h0, c0 = wide(h, N, H), wide(c, N, H)
    y, hs, cs = np.zeros((T, N, H)), h0.copy(), c0.copy()
    for n in range(N):
        steps = T if lengths is None else int(lengths[n])
        y[:steps, n], hs[n], cs[n] = lstm_one(x[:steps, n].astype(np.float64), wide(w), wide(r), wide(b, 4 * H), h0[n], c0[n], wide(p, 3 * H), how)
    turn = (lambda a: a.transpose(1, 0, 2)) if how.get("layout") == "NTC" else lambda a: a
    inputs = [turn(x), w, r, b, h, c, p, lengths]
    while inputs[-1] is None: inputs.pop()
    case("lstm", name, inputs, [a.astype(x.dtype) for a in (turn(y), hs, cs)][:outputs], tolerance, **how)


for dtype, tolerance in ((np.float32, 1e-6), (np.float64, 1e-12), (np.float16, 4e-3)):
    T, N, I, H = 4, 2, 3, 2
    part = lambda *sizes: eighths(*sizes, dtype=dtype) / dtype(4)
    x, w, r, b, h, c, p = part(T, N, I), part(4 * H, I), part(4 * H, H), part(4 * H), part(N, H), part(N, H), part(3 * H)
    t = dict(tolerance=tolerance)
    lstm(dtype.__name__, x, w, r, **t)
    lstm(dtype.__name__ + ", bias and states", x, w, r, b, h, c, **t)
    if dtype == np.float16: continue
    lstm(dtype.__name__ + ", batch first", x, w, r, b, h, c, layout="NTC", **t)
    lstm(dtype.__name__ + ", peepholes", x, w, r, b, h, c, p, **t)
    lstm(dtype.__name__ + ", backwards, lengths", x, w, r, b, h, c, p, np.array([3, 0], np.int32), reverse=1, **t)
    lstm(dtype.__name__ + ", lengths without states", x, w, r, lengths=np.array([1, 4], np.int32), layout="NTC", **t)
    lstm(dtype.__name__ + ", coupled", x, w, r, b, h, c, p, coupled=1, **t)
    lstm(dtype.__name__ + ", clipped", x * 4, w, r, b, h, c, p, clip=0.5, cell_clip=0.25, **t)
    lstm(dtype.__name__ + ", relu", x, w, r, b, cell_activation="relu", hidden_activation="relu", gate_activation="tanh", **t)
    lstm(dtype.__name__ + ", only y", x, w, r, b, outputs=1, **t)
    lstm(dtype.__name__ + ", y and h", x, w, r, b, None, c, outputs=2, **t)
    lstm(dtype.__name__ + ", saturated", x * 400, w, r, b, **t)
    lstm(dtype.__name__ + ", no steps", x[:0], w, r, b, h, c, **t)
    lstm(dtype.__name__ + ", no batch", x[:, :0], w, r, b, **t)
    lstm(dtype.__name__ + ", no channels", x[:, :, :0], w[:, :0], r, b, h, c, **t)
    lstm(dtype.__name__ + ", nothing hidden", x, w[:0], r[:0, :0], **t)


# --- integers -----------------------------------------------------------------------
def srdhm(a, b):
    """SaturatingRoundingDoublingHighMul."""
    ab = a * b
    nudge = 2**30 if ab >= 0 else 1 - 2**30
    q = abs(ab + nudge) // 2**31  # towards zero
    return q if ab + nudge >= 0 else -q


def rdp(x, n):
    """RoundingDivideByPOT."""
    mask = 2**n - 1
    return (x >> n) + (1 if (x & mask) > (mask >> 1) + (1 if x < 0 else 0) else 0)


def scaled(x, m, shift): return rdp(srdhm(x * 2**max(shift, 0), m), max(-shift, 0))
def clamp(x, bits): return min(max(x, -2**(bits - 1)), 2**(bits - 1) - 1)


def table():
    """TensorFlow Lite's table of sigmoid(i / 24) in 16 bits: half of the error of
    the line to the next entry, in its middle, is added."""
    f = lambda i: 65536 / (1 + math.exp(-i / 24))
    return [math.floor(f(i) + (f(i + .5) - (f(i) + f(i + 1)) / 2) / 2 + .5) for i in range(255)] + [65535]


TABLE = table()
assert TABLE[:8] == [32768, 33451, 34133, 34813, 35493, 36169, 36843, 37513] and TABLE[100] == 64536 and TABLE[254] == 65534


def sigmoid16(x):
    x = 3 * x
    a = abs(x)
    entry, rest = a >> 9, a & 511
    v = 0x7FFF << 10 if entry >= 255 else (TABLE[entry] << 9) + rest * (TABLE[entry + 1] - TABLE[entry])
    return (v + 512 if x >= 0 else (1 << 25) - v + 511) >> 10


def tanh16(x, power):
    left = 12 + power
    x = x * 3 * 2**left if left >= 0 else (x * 3 + (1 << (-left - 1))) >> -left
    a = abs(x)
    entry, rest = a >> 8, a & 255
    v = 0xFFFF << 8 if entry >= 255 else (TABLE[entry] << 8) + rest * (TABLE[entry + 1] - TABLE[entry])
    return (v - (1 << 23) + 128 if x >= 0 else -v + (1 << 23) + 127) >> 8


def lstm_integer(name, x, w, r, h, c, b, xm, hm, hidden, power, xz=0, hz=0, layout="TNC", cell_clip=None, outputs=3):
    """x is [T, N, I]; xm, hm: (multiplier, shift) of each gate."""
    T, N, I = x.shape
    H = r.shape[1]
    y, hs, cs = np.zeros((T, N, H), np.int8), h.copy(), c.copy()
    for n in range(N):
        hn, cn = [int(v) for v in h[n]], [int(v) for v in c[n]]
        for t in range(T):
            def gate(k, u):
                row = k * H + u
                first = sum((int(x[t, n, i]) - xz) * int(w[row, i]) for i in range(I)) + (int(b[row]) if b is not None else 0)
                second = sum((hn[i] - hz) * int(r[row, i]) for i in range(H))
                return clamp(clamp(scaled(first, *xm[k]), 16) + clamp(scaled(second, *hm[k]), 16), 16)
            i, o, f = ([sigmoid16(gate(k, u)) for u in range(H)] for k in (0, 1, 2))
            g = [tanh16(gate(3, u), -12) for u in range(H)]
            for u in range(H):
                kept = clamp(scaled(f[u] * cn[u], 2**30, -14), 16)
                added = clamp(scaled(i[u] * g[u], 2**30, -29 - power), 16)
                cn[u] = clamp(kept + added, 16)
                if cell_clip is not None: cn[u] = min(max(cn[u], -cell_clip), cell_clip)
            hn = [clamp(scaled(tanh16(cn[u], power) * o[u], *hidden) + hz, 8) for u in range(H)]
            y[t, n] = hn
        hs[n], cs[n] = hn, cn
    turn = (lambda a: a.transpose(1, 0, 2)) if layout == "NTC" else lambda a: a
    inputs = [turn(x), w, r, h, c, np.array(TABLE, np.uint16), b]
    if b is None: inputs.pop()
    more = {} if cell_clip is None else {"cell_clip": cell_clip}
    case("lstm_integer", name, inputs, [turn(y), hs, cs][:outputs], cell_scale=power, h_multipliers=[m for m, _ in hm],
         h_shifts=[s for _, s in hm], h_zero_point=hz, hidden_multiplier=hidden[0], hidden_shift=hidden[1], layout=layout,
         x_multipliers=[m for m, _ in xm], x_shifts=[s for _, s in xm], x_zero_point=xz, **more)


T, N, I, H = 5, 2, 4, 3
i8 = lambda *sizes: rng.integers(-128, 128, sizes).astype(np.int8)
factors = lambda low, high: [(int(rng.integers(2**30, 2**31)), int(rng.integers(low, high))) for _ in range(4)]
x, w, r, h = i8(T, N, I), i8(4 * H, I), i8(4 * H, H), i8(N, H)
c = rng.integers(-4000, 4000, (N, H)).astype(np.int16)
b = rng.integers(-20000, 20000, 4 * H).astype(np.int32)
for power in (0, -9, -11, -12, -13, -15):
    lstm_integer("cell of 2^%d" % power, x, w, r, h, c, b, factors(-3, 0), factors(-3, 0), (1234567890, -21), power, -128, 5)
xm, hm, hidden = factors(-2, 1), factors(-2, 1), (2**31 - 1, -22)
lstm_integer("batch first", x, w, r, h, c, b, xm, hm, hidden, -11, 3, -4, layout="NTC")
lstm_integer("without bias, only y", x, w, r, h, c, None, xm, hm, hidden, -11, outputs=1)
lstm_integer("clipped", x, w, r, h, c, b, xm, hm, hidden, -12, 1, 2, cell_clip=500)
lstm_integer("clipped to nothing", x, w, r, h, c, b, xm, hm, hidden, -12, 1, 2, cell_clip=0)
lstm_integer("saturated", x, w, r, h, (c * 8).astype(np.int16), b * 100, [(2**31 - 1, 5)] * 4, [(2**31 - 1, 6)] * 4, (2**31 - 1, -20), -9, -128, 127)
lstm_integer("tiny factors", x, w, r, h, c, b, [(2**30, -31)] * 4, [(2**30, -31)] * 4, (2**30, -31), -11)
lstm_integer("no steps", x[:0], w, r, h, c, b, xm, hm, hidden, -11)
lstm_integer("no channels", x[:, :, :0], w[:, :0], r, h, c, b, xm, hm, hidden, -11)

write("golden_recurrent.json")
