#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Writes golden_networks.json: norms, attention, recurrence, sampling and the rarer
# windows, by numpy in float64 from the formulas of the ONNX operator pages. Nothing
# here knows our code.
#
#   python3 src/graph/testdata/make_golden_networks.py
import numpy as np
from golden_cases import *

TOLERANCE = {np.float32: 1e-6, np.float64: 1e-12, np.float16: 2e-3}
wide = lambda a: None if a is None else np.asarray(a, np.float64)


def put(op, name, inputs, outputs, tolerance=1e-6, **attributes):
    inputs = list(inputs)
    while inputs and inputs[-1] is None: inputs.pop()
    case(op, name, inputs, outputs, tolerance, **attributes)


# --- norms ---------------------------------------------------------------------
def layer_norm(name, x, scale=None, bias=None, axis=-1, centered=1, epsilon=1e-5, outputs=1, statistics="f32"):
    w = wide(x)
    axes = tuple(range(axis % x.ndim, x.ndim))
    mean = w.mean(axes, keepdims=True)
    middle = mean if centered else 0
    inverse = 1 / np.sqrt(((w - middle) ** 2).mean(axes, keepdims=True) + epsilon)
    y = (w - middle) * inverse
    if scale is not None: y = y * wide(scale)
    if bias is not None: y = y + wide(bias)
    kept = {"f32": np.float32, "f64": np.float64, "f16": np.float16}[statistics]
    results = [y.astype(x.dtype if scale is None else scale.dtype), mean.astype(kept), inverse.astype(kept)]
    put("layer_normalization", name, [x, scale, bias], results[:outputs], TOLERANCE[results[0].dtype.type] * 4, axis=axis % x.ndim,
        centered=centered, epsilon=epsilon, statistics=statistics)


layer_norm("last axis", eighths(2, 3, 4), eighths(4), eighths(4))
layer_norm("all outputs", eighths(2, 3, 4), eighths(3, 4), eighths(3, 4), axis=1, outputs=3)
layer_norm("from the first axis", eighths(3, 4), eighths(3, 4), axis=0)
layer_norm("no scale", eighths(2, 5), outputs=2)
layer_norm("scale of one", eighths(2, 5), eighths(1))
layer_norm("root mean square", eighths(2, 3, 4), eighths(4), centered=0)
layer_norm("root mean square, two axes", eighths(2, 3, 4), eighths(3, 4), axis=1, centered=0, epsilon=0.5)
layer_norm("f64", eighths(2, 6, dtype=np.float64), eighths(6, dtype=np.float64), outputs=3, statistics="f64")
layer_norm("f16", eighths(2, 6, dtype=np.float16), eighths(6, dtype=np.float16), eighths(6, dtype=np.float16))
layer_norm("f16 to f32", eighths(2, 6, dtype=np.float16), eighths(6), centered=0)
layer_norm("vector", eighths(7))
layer_norm("no groups", np.zeros((0, 3), np.float32), eighths(3), outputs=3)


def group_norm(name, x, scale, bias, groups, epsilon=1e-5, nxc=False):
    w = wide(x); N, C = x.shape[:2]; G = groups or C
    flat = w.reshape(N, G, -1)
    flat = (flat - flat.mean(2, keepdims=True)) / np.sqrt(flat.var(2, keepdims=True) + epsilon)
    each = lambda a: np.repeat(wide(a), C // len(a)).reshape([1, C] + [1] * (x.ndim - 2)) if len(a) else wide(a).reshape([1, 0] + [1] * (x.ndim - 2))
    y = (flat.reshape(x.shape) * each(scale) + each(bias)).astype(x.dtype)
    turn = (lambda a: np.moveaxis(a, 1, -1)) if nxc else lambda a: a
    put("group_normalization", name, [turn(x), scale, bias], [turn(y)], TOLERANCE[x.dtype.type] * 4, groups=groups, epsilon=epsilon,
        layout="NXC" if nxc else "NCX")


group_norm("instance", eighths(2, 3, 4, 5), eighths(3), eighths(3), 0)
group_norm("two groups", eighths(2, 4, 3), eighths(4), eighths(4), 2)
group_norm("one group", eighths(1, 4, 2, 2), eighths(4), eighths(4), 1, epsilon=0.01)
group_norm("scale for a group", eighths(2, 6, 3), eighths(2), eighths(6), 2)
group_norm("channels last", eighths(2, 4, 3, 2), eighths(4), eighths(4), 2, nxc=True)
group_norm("f64, three spatial", eighths(1, 2, 2, 3, 2, dtype=np.float64), eighths(2, dtype=np.float64), eighths(2, dtype=np.float64), 0)
group_norm("f16", eighths(1, 4, 5, dtype=np.float16), eighths(4, dtype=np.float16), eighths(4, dtype=np.float16), 2)
group_norm("no spatial", eighths(3, 4), eighths(4), eighths(4), 2)


def lrn(name, x, size, alpha=1e-4, beta=0.75, bias=1.0, nxc=False):
    w = wide(x); y = np.zeros(w.shape); C = x.shape[1]
    for c in range(C):
        lo, hi = max(0, c - (size - 1) // 2), min(C, c + -(-(size - 1) // 2) + 1)
        y[:, c] = w[:, c] / (bias + alpha / size * (w[:, lo:hi] ** 2).sum(1)) ** beta
    turn = (lambda a: np.moveaxis(a, 1, -1)) if nxc else lambda a: a
    put("local_response_normalization", name, [turn(x)], [turn(y.astype(x.dtype))], TOLERANCE[x.dtype.type], size=size, alpha=alpha, beta=beta, bias=bias,
        layout="NXC" if nxc else "NCX")


lrn("three", eighths(1, 5, 2, 2), 3, alpha=0.5)
lrn("even size", eighths(2, 5, 3), 4, alpha=0.25, beta=0.5, bias=2.0)
lrn("wider than there are channels", eighths(1, 3, 2), 9)
lrn("channels last", eighths(1, 4, 3), 3, alpha=1.5, nxc=True)
lrn("f16", eighths(1, 4, dtype=np.float16), 2, alpha=0.5)


# --- attention -----------------------------------------------------------------
def attention(name, q, k, v, mask=None, pk=None, pv=None, lengths=None, causal=0, scale=0.0, softcap=0.0, scores="raw", outputs=1):
    Q, K, V = wide(q), wide(k), wide(v)
    if pk is not None: K, V = np.concatenate([wide(pk), K], 2), np.concatenate([wide(pv), V], 2)
    keys, values = K, V
    B, H, T, D = Q.shape; S = K.shape[2]
    K, V = np.repeat(K, H // K.shape[1], 1), np.repeat(V, H // V.shape[1], 1)
    s = Q @ K.transpose(0, 1, 3, 2) * (scale or 1 / np.sqrt(D))
    seen = {"raw": s}
    if softcap: s = softcap * np.tanh(s / softcap)
    seen["capped"] = s
    bias = np.zeros((B, H, T, S))
    if mask is not None:
        m = np.where(mask, 0, -np.inf) if mask.dtype == bool else wide(mask)
        m = np.concatenate([m, np.full(m.shape[:-1] + (S - m.shape[-1],), -np.inf)], -1)
        bias = bias + m
    for b in range(B):
        end = S if lengths is None else int(lengths[b])
        offset = end - T if lengths is not None else (0 if pk is None else pk.shape[2])
        for t in range(T):
            for j in range(S):
                if j >= end or (causal and j > t + offset): bias[b, :, t, j] = -np.inf
    s = s + bias
    seen["masked"] = s
    with np.errstate(invalid="ignore"):
        w = np.exp(s - s.max(-1, keepdims=True, initial=-np.inf))
        w = w / w.sum(-1, keepdims=True)
    w = np.where(bias.max(-1, keepdims=True, initial=-np.inf) == -np.inf, 0, w)
    seen["weights"] = w
    results = [a.astype(q.dtype) for a in (w @ V, keys, values, seen[scores])]
    more = {key: value for key, value in dict(causal=causal, scale=scale, softcap=softcap, scores=scores).items() if value and value != "raw"}
    put("attention", name, [q, k, v, mask, pk, pv, lengths], results[:outputs], TOLERANCE[q.dtype.type], **more)


part = lambda *sizes, dtype=np.float32: eighths(*sizes, dtype=dtype) / dtype(2)
q, k, v = part(2, 4, 3, 8), part(2, 2, 5, 8), part(2, 2, 5, 6)
attention("grouped", q, k, v)
attention("own heads", part(1, 2, 3, 4), part(1, 2, 3, 4), part(1, 2, 3, 4), scale=0.25)
attention("causal", q, k, v, causal=1, outputs=4, scores="weights")
attention("float mask", q, k, v, eighths(3, 5), outputs=4, scores="masked")
attention("bool mask by head", q, k, v, rng.integers(0, 2, (1, 4, 3, 5)).astype(bool))
attention("bool mask by batch", q, k, v, np.concatenate([np.ones((2, 1, 3, 1), bool), rng.integers(0, 2, (2, 1, 3, 4)).astype(bool)], -1), causal=1)
attention("nothing is left", q, k, v, np.array([[0, 0, 0, 0, 0], [1, 0, 1, 0, 0], [0, 0, 0, 0, 0]], bool), outputs=4, scores="weights")
attention("minus infinity everywhere", q, k, v, np.full((3, 5), -np.inf, np.float32))
attention("short mask", q, k, v, eighths(3, 4))
attention("softcap", q, k, v, softcap=0.5, outputs=4, scores="capped")
attention("past", q, k, v, None, part(2, 2, 4, 8), part(2, 2, 4, 6), causal=1, outputs=4)
attention("past and mask", q, k, v, eighths(2, 4, 3, 9), part(2, 2, 4, 8), part(2, 2, 4, 6), outputs=3)
attention("lengths", q, k, v, lengths=np.array([5, 2]))
attention("lengths, causal, none for the first", q, k, v, lengths=np.array([2, 4]), causal=1)
attention("no keys", q, k[:, :, :0], v[:, :, :0], outputs=4)
attention("no queries", q[:, :, :0], k, v)
attention("f64", part(1, 1, 2, 3, dtype=np.float64), part(1, 1, 2, 3, dtype=np.float64), part(1, 1, 2, 3, dtype=np.float64), causal=1)
attention("f16", part(1, 2, 2, 4, dtype=np.float16), part(1, 1, 3, 4, dtype=np.float16), part(1, 1, 3, 4, dtype=np.float16), np.ones((2, 3), bool))


def rotary(name, x, cos, sin, interleaved=0, size=0, layout="BHTD"):
    w = wide(x); R = size or x.shape[3]; half = R // 2
    turn = (lambda a: wide(a)[:, None]) if layout == "BHTD" else (lambda a: wide(a)[:, :, None])
    c, s = turn(cos), turn(sin)
    a, b = (w[..., 0:R:2], w[..., 1:R:2]) if interleaved else (w[..., :half], w[..., half:R])
    y = w.copy()
    first, second = a * c - b * s, a * s + b * c
    if interleaved: y[..., 0:R:2], y[..., 1:R:2] = first, second
    else: y[..., :half], y[..., half:R] = first, second
    put("rotary_embedding", name, [x, cos, sin], [y.astype(x.dtype)], TOLERANCE[x.dtype.type], interleaved=interleaved, rotary_size=size, layout=layout)


rotary("halves", eighths(2, 2, 3, 4), eighths(2, 3, 2), eighths(2, 3, 2))
rotary("interleaved", eighths(2, 2, 3, 4), eighths(2, 3, 2), eighths(2, 3, 2), 1)
rotary("part of it", eighths(1, 2, 3, 6), eighths(1, 3, 2), eighths(1, 3, 2), 0, 4)
rotary("part of it, interleaved, one batch of angles", eighths(2, 2, 3, 6), eighths(1, 3, 1), eighths(1, 3, 1), 1, 2)
rotary("positions first", eighths(2, 3, 2, 4), eighths(2, 3, 2), eighths(2, 3, 2), 0, 0, "BTHD")
rotary("f16", eighths(1, 1, 2, 4, dtype=np.float16), eighths(1, 2, 2, dtype=np.float16), eighths(1, 2, 2, dtype=np.float16))


def linear_attention(name, q, k, v, state=None, decay=None, beta=None, erase=None, H=2, G=1, scale=0.0, outputs=2):
    B, T, _ = q.shape; D, E = k.shape[2] // G, v.shape[2] // G
    heads = lambda a, n: wide(a).reshape(B, T, n, a.shape[2] // n)
    Q, K, V = heads(q, H), heads(k, G), heads(v, G)
    S = np.zeros((B, G, D, E)) if state is None else wide(state).copy()
    y = np.zeros((B, T, H, E))
    for b in range(B):
        for t in range(T):
            for g in range(G):
                if decay is not None:
                    d = heads(decay, G)[b, t, g]
                    S[b, g] *= np.exp(d)[:, None]
                w = V[b, t, g]
                if beta is not None:
                    e = 1 if erase is None else heads(erase, G)[b, t, g]
                    w = wide(beta)[b, t, g if beta.shape[2] == G else 0] * (w - S[b, g].T @ (e * K[b, t, g]))
                S[b, g] += np.outer(K[b, t, g], w)
                for h in range(g * (H // G), (g + 1) * (H // G)):
                    y[b, t, h] = (scale or 1 / np.sqrt(D)) * S[b, g].T @ Q[b, t, h]
    results = [y.reshape(B, T, H * E).astype(q.dtype), S.astype(q.dtype if state is None else state.dtype)]
    put("linear_attention", name, [q, k, v, state, decay, beta, erase], results[:outputs], TOLERANCE[q.dtype.type] * 4, q_heads=H, kv_heads=G, **({"scale": scale} if scale else {}))


part4 = lambda *sizes, dtype=np.float32: eighths(*sizes, dtype=dtype) / dtype(4)
q, k, v = part4(2, 3, 8), part4(2, 3, 4), part4(2, 3, 3)
linear_attention("linear", q, k, v)
linear_attention("a state, a scale", q, k, v, part4(2, 1, 4, 3), scale=0.5)
linear_attention("gated", q, k, v, None, part4(2, 3, 4))
linear_attention("gated by head", q, k, v, None, part4(2, 3, 1))
linear_attention("delta", q, k, v, None, None, part4(2, 3, 1))
linear_attention("gated delta", q, k, v, part4(2, 1, 4, 3), part4(2, 3, 4), part4(2, 3, 1))
linear_attention("erase gate, two heads", part4(1, 3, 16), part4(1, 3, 8), part4(1, 3, 6), None, part4(1, 3, 2), part4(1, 3, 1), part4(1, 3, 8), H=4, G=2)
linear_attention("no steps", q[:, :0], k[:, :0], v[:, :0], part4(2, 1, 4, 3))
linear_attention("f16", part4(1, 2, 4, dtype=np.float16), part4(1, 2, 4, dtype=np.float16), part4(1, 2, 2, dtype=np.float16), H=1, outputs=1)

# --- recurrence -----------------------------------------------------------------
FUNCTIONS = {
    "sigmoid": lambda x, a, b: 1 / (1 + np.exp(-x)), "tanh": lambda x, a, b: np.tanh(x), "relu": lambda x, a, b: np.maximum(x, 0),
    "affine": lambda x, a, b: a * x + b, "leaky_relu": lambda x, a, b: np.where(x < 0, a * x, x), "thresholded_relu": lambda x, a, b: np.where(x > a, x, 0),
    "scaled_tanh": lambda x, a, b: a * np.tanh(b * x), "hard_sigmoid": lambda x, a, b: np.clip(a * x + b, 0, 1),
    "elu": lambda x, a, b: np.where(x < 0, a * (np.exp(x) - 1), x), "softsign": lambda x, a, b: x / (1 + abs(x)), "softplus": lambda x, a, b: np.log(1 + np.exp(x))}


def function(how, gate, fallback):
    f = FUNCTIONS[how.get(gate + "_activation", fallback)]
    return lambda x: f(x, how.get(gate + "_alpha", 0), how.get(gate + "_beta", 0))


def unrolled(op, name, x, w, r, b=None, rb=None, h=None, lengths=None, outputs=2, **how):
    T, N, I = x.shape; H = r.shape[1]; gates = 3 if op == "gru" else 1
    zeros = lambda a, *sizes: np.zeros(sizes) if a is None else wide(a)
    W, R, A, P = wide(w), wide(r), zeros(b, gates * H), zeros(rb, gates * H)
    f, g = function(how, "gate", "sigmoid"), function(how, "hidden", "tanh")
    clip = how.get("clip", 0) or np.inf
    limit = lambda v: np.clip(v, -clip, clip)
    y, last = np.zeros((T, N, H)), zeros(h, N, H).copy()
    for n in range(N):
        steps = range(T if lengths is None else int(lengths[n]))
        state = last[n]
        for t in reversed(steps) if how.get("reverse") else steps:
            a = W @ x[t, n].astype(np.float64) + A
            if op == "rnn":
                state = g(limit(a + R @ state + P))
            else:
                rz, rr, rn = R[:H], R[H:2 * H], R[2 * H:]
                z = f(limit(a[:H] + rz @ state + P[:H]))
                s = f(limit(a[H:2 * H] + rr @ state + P[H:2 * H]))
                back = s * (rn @ state + P[2 * H:]) if how.get("reset_after") else rn @ (s * state) + P[2 * H:]
                state = (1 - z) * g(limit(a[2 * H:] + back)) + z * state
            y[t, n] = state
        last[n] = state
    turn = (lambda a: a.transpose(1, 0, 2)) if how.get("layout") == "NTC" else lambda a: a
    put(op, name, [turn(x), w, r, b, rb, h, lengths], [turn(y).astype(x.dtype), last.astype(x.dtype)][:outputs], TOLERANCE[x.dtype.type], **how)


for op, G in (("rnn", 1), ("gru", 3)):
    T, N, I, H = 4, 2, 3, 2
    x, w, r, b, rb, h = part4(T, N, I), part4(G * H, I), part4(G * H, H), part4(G * H), part4(G * H), part4(N, H)
    unrolled(op, "plain", x, w, r)
    unrolled(op, "biases and state", x, w, r, b, rb, h)
    unrolled(op, "backwards, lengths", x, w, r, b, rb, h, np.array([3, 0], np.int32), reverse=1)
    unrolled(op, "lengths, batch first", x, w, r, b, None, None, np.array([1, 4], np.int32), layout="NTC")
    unrolled(op, "clipped", x * 4, w, r, b, rb, h, clip=0.25)
    for name in FUNCTIONS:
        numbers = {"hidden_alpha": 0.25, "hidden_beta": 0.5} if name in ("affine", "leaky_relu", "thresholded_relu", "scaled_tanh", "hard_sigmoid", "elu") else {}
        unrolled(op, name, x * 2, w, r, b, rb, h, outputs=1, hidden_activation=name, **numbers)
    unrolled(op, "f64", *(a.astype(np.float64) for a in (x, w, r, b, rb, h)))
    unrolled(op, "f16", *(a.astype(np.float16) for a in (x, w, r, b, rb, h)))
    unrolled(op, "no steps", x[:0], w, r, b, rb, h)
    unrolled(op, "no batch", x[:, :0], w, r)
    unrolled(op, "nothing hidden", x, w[:0], r[:0, :0])
    if op == "gru":
        unrolled(op, "reset after", x, w, r, b, rb, h, reset_after=1)
        unrolled(op, "gate of another kind", x, w, r, b, rb, h, gate_activation="hard_sigmoid", gate_alpha=0.25, gate_beta=0.5)


# --- resize: for each axis a matrix, after ONNX's reference -----------------------
def cubic(a, t):
    t = abs(t)
    if t <= 1: return (a + 2) * t ** 3 - (a + 3) * t ** 2 + 1
    return a * t ** 3 - 5 * a * t ** 2 + 8 * a * t - 4 * a if t < 2 else 0.0


def place(mode, q, d, D, s, begin, end, R=np.float64):
    """In R: the nearest is chosen in float32, everything else is float64."""
    f = R(s * d)
    q, d, D, s, begin, end = R(q), R(d), R(D), R(s), R(begin), R(end)
    if mode == "half_pixel": return (q + R(.5)) / s - R(.5)
    if mode == "pytorch_half_pixel": return R(-.5) if f == 1 else (q + R(.5)) / s - R(.5)
    if mode == "tf_half_pixel_for_nn": return (q + R(.5)) / s
    if mode == "asymmetric": return q / s
    if mode == "half_pixel_symmetric": return d / R(2) * (R(1) - D / f) + (q + R(.5)) / s - R(.5)
    if mode == "align_corners": return R(0) if f == 1 else q * (d - R(1)) / (f - R(1))
    start = begin * (d - R(1))
    return (end - begin) * (d - R(1)) / R(2) + start if f == 1 else q * (end - begin) * (d - R(1)) / (f - R(1)) + start


ROUND = {"round_prefer_floor": lambda p: math.ceil(p - np.float32(.5)), "round_prefer_ceil": lambda p: math.floor(p + np.float32(.5)), "floor": math.floor, "ceil": math.ceil}


def axis_matrix(d, D, s, begin, end, how):
    mode, a = how.get("mode", "nearest"), how.get("cubic_coefficient", -0.75)
    squeeze = min(s, 1.0) if how.get("antialias") else 1.0
    M, outside = np.zeros((D, d)), np.zeros(D, bool)
    where = how.get("coordinate_transformation_mode", "half_pixel")
    for q in range(D):
        p = place(where, q, d, D, s, begin, end, np.float32 if mode == "nearest" else np.float64)
        outside[q] = where == "tf_crop_and_resize" and not 0 <= p <= d - 1
        if mode == "nearest":
            M[q, min(max(ROUND[how.get("nearest_mode", "round_prefer_floor")](p), 0), d - 1)] = 1
            continue
        base, reach, sum_ = math.floor(p), math.ceil((2 if mode == "cubic" else 1) / squeeze), 0
        for i in range(base - reach + 1, base + reach + 1):
            if how.get("exclude_outside") and not 0 <= i < d: continue
            t = (i - p) * squeeze
            w = cubic(a, t) if mode == "cubic" else max(0, 1 - abs(t))
            sum_ += w
            M[q, min(max(i, 0), d - 1)] += w
        M[q] /= sum_
    return M, outside


def resize(name, x, scales=None, sizes=None, roi=None, axes=None, tolerance=None, **how):
    axes = list(range(x.ndim)) if axes is None else axes
    y, out = wide(x), np.zeros((), bool)
    if sizes is not None:
        s = [sizes[i] / x.shape[a] for i, a in enumerate(axes)]
        D = list(sizes)
        if how.get("aspect", "stretch") != "stretch":
            one = min(s) if how["aspect"] == "not_larger" else max(s)
            s = [one] * len(axes)
            D = [math.floor(one * x.shape[a] + .5) for a in axes]
    else:
        s = [float(np.float32(v)) for v in scales]
        crop = how.get("coordinate_transformation_mode") == "tf_crop_and_resize"
        D = [math.floor(np.float32(x.shape[a]) * np.float32(roi[len(axes) + i] - roi[i] if crop else 1) * np.float32(s[i])) for i, a in enumerate(axes)]
    outs = np.zeros([1] * x.ndim, bool)
    for i, a in enumerate(axes):
        begin, end = (0, 1) if roi is None else (float(np.float32(roi[i])), float(np.float32(roi[len(axes) + i])))
        M, outside = axis_matrix(x.shape[a], D[i], s[i], begin, end, how)
        y = np.moveaxis(np.tensordot(M, y, (1, a)), 0, a)
        outs = outs | outside.reshape([-1 if d == a else 1 for d in range(x.ndim)])
    y = np.where(outs, how.get("extrapolation_value", 0.0), y)
    if np.issubdtype(x.dtype, np.integer): y = np.rint(y)
    put("resize", name, [x, None if scales is None else np.array(scales, np.float32), None if sizes is None else np.array(sizes, np.int64),
                         None if roi is None else np.array(roi, np.float32)], [y.astype(x.dtype)],
        (TOLERANCE.get(x.dtype.type, 0) * 4 if how.get("mode", "nearest") != "nearest" else 0), axes=axes, **how)


for mode in ("nearest", "linear", "cubic"):
    for where in ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric"):
        resize("%s %s up" % (mode, where), eighths(1, 2, 3, 4), sizes=[1, 2, 5, 7], mode=mode, coordinate_transformation_mode=where)
        resize("%s %s down by scales" % (mode, where), eighths(5, 6), scales=[0.6, 0.7], mode=mode, coordinate_transformation_mode=where)
    resize(mode + " to one", eighths(4), sizes=[1], mode=mode, coordinate_transformation_mode="pytorch_half_pixel")
    resize(mode + " region", eighths(4, 5), sizes=[3, 4], roi=[0.25, 0.5, 0.75, 1.5], mode=mode, coordinate_transformation_mode="tf_crop_and_resize", extrapolation_value=10.0)
    resize(mode + " two of four axes", eighths(1, 3, 2, 4), scales=[2.0, 0.5], axes=[1, 3], mode=mode)
resize("region by scales", eighths(4, 4), scales=[2.0, 1.5], roi=[0.0, 0.25, 0.5, 1.0], mode="linear", coordinate_transformation_mode="tf_crop_and_resize")
resize("linear, three axes", eighths(2, 3, 4), sizes=[3, 5, 3], mode="linear")
resize("cubic, other coefficient, outside left out", eighths(4, 4), sizes=[7, 3], mode="cubic", cubic_coefficient=-0.5, exclude_outside=1)
resize("linear, antialias", eighths(6, 7), sizes=[2, 3], mode="linear", antialias=1)
resize("cubic, antialias, outside left out", eighths(6, 7), scales=[0.6, 0.4], mode="cubic", antialias=1, exclude_outside=1)
resize("antialias up", eighths(3), sizes=[5], mode="cubic", antialias=1)
for aspect in ("not_larger", "not_smaller"):
    resize("linear, " + aspect, eighths(3, 5), sizes=[6, 7], mode="linear", aspect=aspect)
for rounding in ROUND:
    resize(rounding, eighths(4), sizes=[8], nearest_mode=rounding, coordinate_transformation_mode="asymmetric")
resize("tf_half_pixel_for_nn", eighths(4), sizes=[8], nearest_mode="floor", coordinate_transformation_mode="tf_half_pixel_for_nn")
resize("integers", rng.integers(-100, 100, (3, 4)).astype(np.int32), sizes=[5, 7], mode="linear", coordinate_transformation_mode="asymmetric")
resize("bytes move", rng.integers(0, 255, (2, 2)).astype(np.uint8), scales=[2.0, 3.0])
resize("f16", eighths(3, 3, dtype=np.float16), sizes=[4, 5], mode="linear")
resize("f64", eighths(3, dtype=np.float64), sizes=[7], mode="cubic")
resize("scalar", eighths(), scales=[], mode="linear")
resize("nothing", eighths(2, 3), sizes=[0, 3], mode="linear")


# --- sampling -----------------------------------------------------------------------
def reflect(p, low, high):
    span = high - low
    if span <= 0: return low
    away = math.fmod(abs(p - low), 2 * span)
    return low + (2 * span - away if away > span else away)


def grid_sample(name, x, grid, mode="linear", padding="zeros", aligned=0):
    w, k = wide(x), x.ndim - 2
    y = np.zeros(x.shape[:2] + grid.shape[1:-1])

    def inside(p, n):
        if padding == "border": return min(max(p, 0), n - 1)
        if padding == "reflection": return reflect(p, 0, n - 1) if aligned else reflect(p, -.5, n - .5)
        return p

    def taps(g, n):
        p = (g + 1) / 2 * (n - 1) if aligned else ((g + 1) * n - 1) / 2
        if mode == "nearest":
            p = inside(round(p), n)
            raw = [(round(p), 1.0)]
        else:
            edge = 0 if aligned else .5
            if not -edge <= p <= n - 1 + edge: p = inside(p, n)
            base = math.floor(p); t = p - base
            raw = [(base, 1 - t), (base + 1, t)] if mode == "linear" else [(base + i, cubic(-0.75, t - i)) for i in range(-1, 3)]
        return [(int(round(inside(i, n))) if not 0 <= i < n else i, u) for i, u in raw if padding != "zeros" or 0 <= i < n]

    for n in range(x.shape[0]):
        for at in itertools.product(*map(range, grid.shape[1:-1])):
            lists = [taps(float(grid[(n,) + at + (k - 1 - d,)]), x.shape[2 + d]) for d in range(k)]
            for combination in itertools.product(*lists):
                index = tuple(i for i, _ in combination)
                y[(n, slice(None)) + at] += math.prod(u for _, u in combination) * w[(n, slice(None)) + index]
    put("grid_sample", name, [x, grid], [y.astype(x.dtype)], 4 * TOLERANCE[x.dtype.type], mode=mode, padding=padding, align_corners=aligned)


grid2 = (rng.integers(-24, 25, (2, 3, 3, 2)) / 16).astype(np.float32)
for mode in ("linear", "nearest", "cubic"):
    for padding in ("zeros", "border", "reflection"):
        for aligned in (0, 1):
            grid_sample("%s %s %d" % (mode, padding, aligned), eighths(2, 2, 3, 4), grid2 + np.float32(0.01), mode, padding, aligned)
    grid_sample(mode + " in three dimensions", eighths(1, 2, 2, 3, 3), (rng.integers(-18, 19, (1, 2, 2, 2, 3)) / 16 + 0.01).astype(np.float32), mode)
    grid_sample(mode + " in one", eighths(1, 2, 5), (rng.integers(-18, 19, (1, 4, 1)) / 16 + 0.01).astype(np.float32), mode, "border")
grid_sample("far away", eighths(1, 1, 2, 2), np.array([[[[1e30, 0], [-50, 50]]]], np.float32), "linear", "zeros")
grid_sample("f64", eighths(1, 1, 3, 3, dtype=np.float64), (grid2[:1] + np.float32(0.01)).astype(np.float64))


def affine_grid(name, theta, size, aligned=0):
    k = theta.shape[1]
    line = lambda n: (np.zeros(1) if n == 1 else np.linspace(-1, 1, n)) if aligned else (2 * np.arange(n) + 1) / max(n, 1) - 1
    mesh = np.meshgrid(*[line(n) for n in size[2:]], indexing="ij")
    points = np.stack(mesh[::-1] + [np.ones_like(mesh[0])], -1)
    y = np.einsum("nrc,...c->n...r", wide(theta), points)
    put("affine_grid", name, [theta, np.array(size, np.int64)], [y.astype(theta.dtype)], TOLERANCE[theta.dtype.type], align_corners=aligned)


for aligned in (0, 1):
    affine_grid("two dimensions %d" % aligned, eighths(2, 2, 3), [2, 3, 4, 5], aligned)
    affine_grid("three dimensions %d" % aligned, eighths(1, 3, 4), [1, 1, 2, 3, 1], aligned)
affine_grid("nothing", eighths(1, 2, 3), [1, 1, 0, 3])


def bilinear(plane, y, x):
    H, W = plane.shape
    if not (-1 <= y <= H and -1 <= x <= W): return [0.0] * 4
    y, x = max(y, 0), max(x, 0)
    t, l = min(int(y), H - 1), min(int(x), W - 1)
    b, r = min(t + 1, H - 1), min(l + 1, W - 1)
    d, a = (y - t if t < H - 1 else 0), (x - l if l < W - 1 else 0)
    return [(1 - d) * (1 - a) * plane[t, l], (1 - d) * a * plane[t, r], d * (1 - a) * plane[b, l], d * a * plane[b, r]]


def roi_align(name, x, rois, batch, height, width, ratio=0, scale=1.0, mode="avg", half=True):
    w = wide(x); y = np.zeros((len(rois), x.shape[1], height, width))
    for r in range(len(rois)):
        x1, y1, x2, y2 = (float(v) * scale - (.5 if half else 0) for v in rois[r])
        bw, bh = x2 - x1, y2 - y1
        if not half: bw, bh = max(bw, 1), max(bh, 1)
        bw, bh = bw / width, bh / height
        rows, columns = ratio or math.ceil(bh), ratio or math.ceil(bw)
        for c, i, j in itertools.product(range(x.shape[1]), range(height), range(width)):
            samples = [bilinear(w[batch[r], c], y1 + i * bh + (p + .5) * bh / rows, x1 + j * bw + (q + .5) * bw / columns) for p in range(rows) for q in range(columns)]
            y[r, c, i, j] = max(map(max, samples)) if mode == "max" else sum(map(sum, samples)) / len(samples)
    put("roi_align", name, [x, rois, batch], [y.astype(x.dtype)], TOLERANCE[x.dtype.type], height=height, width=width, sampling_ratio=ratio, spatial_scale=scale, mode=mode,
        coordinate_transformation_mode="half_pixel" if half else "output_half_pixel")


rois = np.array([[0, 0, 4, 3], [1.5, 0.5, 3.25, 4.75], [2, 2, 7, 7]], np.float32)
roi_align("half pixel", eighths(2, 2, 5, 6), rois, np.array([0, 1, 0]), 2, 3, 2)
roi_align("as many samples as elements", eighths(2, 1, 5, 6), rois, np.array([1, 1, 0]), 2, 2)
roi_align("whole pixel, scaled", eighths(1, 2, 5, 6), rois, np.array([0, 0, 0], np.int32), 2, 2, 2, 0.5, half=False)
roi_align("largest", eighths(1, 2, 5, 6), rois, np.array([0, 0, 0]), 2, 2, 2, mode="max")


def max_roi_pool(name, x, rois, height, width, scale=1.0):
    w = wide(x); y = np.zeros((len(rois), x.shape[1], height, width))
    for r, c in itertools.product(range(len(rois)), range(x.shape[1])):
        n, x1, y1, x2, y2 = (int(math.floor(abs(float(v)) * (scale if i else 1) + .5)) for i, v in enumerate(rois[r]))
        bh, bw = max(y2 - y1 + 1, 1) / height, max(x2 - x1 + 1, 1) / width
        for i, j in itertools.product(range(height), range(width)):
            cut = w[n, c, min(math.floor(i * bh) + y1, x.shape[2]):min(math.ceil((i + 1) * bh) + y1, x.shape[2]), min(math.floor(j * bw) + x1, x.shape[3]):min(math.ceil((j + 1) * bw) + x1, x.shape[3])]
            y[r, c, i, j] = cut.max() if cut.size else 0
    put("max_roi_pool", name, [x, rois], [y.astype(x.dtype)], 0, height=height, width=width, spatial_scale=scale)


boxes = np.array([[0, 0, 0, 3, 3], [1, 1, 2, 5, 4], [0, 4, 4, 9, 9], [1, 8, 8, 9, 9]], np.float32)
max_roi_pool("boxes", eighths(2, 2, 5, 6), boxes, 2, 2)
max_roi_pool("scaled", eighths(2, 1, 5, 6), boxes, 3, 2, 0.5)


def non_max(name, boxes, scores, most=None, iou=None, least=None, center=0):
    rows = []
    for n, c in itertools.product(range(scores.shape[0]), range(scores.shape[1])):
        s = scores[n, c]; taken = []
        def corners(i):
            a = [float(v) for v in boxes[n, i]]
            if center: return a[1] - a[3] / 2, a[0] - a[2] / 2, a[1] + a[3] / 2, a[0] + a[2] / 2
            return min(a[0], a[2]), min(a[1], a[3]), max(a[0], a[2]), max(a[1], a[3])
        area = lambda b: (b[2] - b[0]) * (b[3] - b[1])
        def over(i, j):
            a, b = corners(i), corners(j)
            h, w = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
            return 0 if h <= 0 or w <= 0 or area(a) <= 0 or area(b) <= 0 else h * w / (area(a) + area(b) - h * w)
        for i in sorted(range(len(s)), key=lambda i: (-s[i], i)):
            if least is not None and not s[i] > least[0]: continue
            if len(taken) >= (0 if most is None else int(most.reshape(-1)[0])): break
            if any(over(i, j) > (0 if iou is None else iou.reshape(-1)[0]) for j in taken): continue
            taken.append(i); rows.append([n, c, i])
    put("non_max_suppression", name, [boxes, scores, most, iou, least], [np.array(rows, np.int64).reshape(-1, 3)], 0, center_point_box=center)


boxes = np.array([[[0, 0, 1, 1], [0, 0.125, 1, 1.125], [0, -0.125, 1, 0.875], [0, 10, 1, 11], [0, 10.125, 1, 11.125], [1, 101, 0, 100]]], np.float32)
scores = np.array([[[0.875, 0.75, 0.625, 0.9375, 0.5, 0.25], [0.5, 0.5, 0.5, 0.25, 0.25, 0.75]]], np.float32)
non_max("boxes", boxes, scores, np.array([3]), np.array([0.5], np.float32), np.array([0.0], np.float32))
non_max("two at most, a threshold of scores", boxes, scores, np.array(2), np.array(0.5, np.float32), np.array([0.5], np.float32))
non_max("middles", boxes + np.float32(0.5), scores, np.array([9], np.int32), np.array([0.25], np.float32), center=1)
non_max("none", boxes, scores)
non_max("two batches", np.concatenate([boxes, boxes * 2]), np.concatenate([scores, scores[:, ::-1]]), np.array([2]), np.array([0.5], np.float32))
non_max("no boxes", boxes[:, :0], scores[:, :, :0], np.array([2]))


# --- windows --------------------------------------------------------------------------
def deform_conv(name, x, w, offset, b=None, mask=None, strides=(1, 1), pads=(0, 0, 0, 0), dilations=(1, 1), groups=1, F=1):
    X, W = wide(x), wide(w)
    N, C, IH, IW = x.shape; O, I, KH, KW = w.shape; OH, OW = offset.shape[2:]
    y = np.zeros((N, O, OH, OW))

    def sample(plane, v, u):
        total, top, left = 0.0, math.floor(v), math.floor(u)
        for i, j in itertools.product((top, top + 1), (left, left + 1)):
            if 0 <= i < IH and 0 <= j < IW: total += (1 - abs(v - i)) * (1 - abs(u - j)) * plane[i, j]
        return total

    for n, o, i, j in itertools.product(range(N), range(O), range(OH), range(OW)):
        for c in range(I):
            channel = o // (O // groups) * I + c
            f = channel // (C // F)
            for k, l in itertools.product(range(KH), range(KW)):
                tap = (f * KH + k) * KW + l
                v = i * strides[0] - pads[0] + k * dilations[0] + float(offset[n, 2 * tap, i, j])
                u = j * strides[1] - pads[1] + l * dilations[1] + float(offset[n, 2 * tap + 1, i, j])
                y[n, o, i, j] += W[o, c, k, l] * sample(X[n, channel], v, u) * (1 if mask is None else float(mask[n, tap, i, j]))
        if b is not None: y[n, o, i, j] += float(b[o])
    put("deform_conv", name, [x, w, offset, b, mask], [y.astype(x.dtype)], TOLERANCE[x.dtype.type] * 8, strides=list(strides), pads=list(pads), dilations=list(dilations), groups=groups, offset_groups=F)


deform_conv("plain", eighths(1, 2, 4, 4), eighths(3, 2, 2, 2), eighths(1, 8, 3, 3))
deform_conv("pads, bias, mask", eighths(2, 1, 3, 4), eighths(2, 1, 2, 2), eighths(2, 8, 4, 5), eighths(2), eighths(2, 4, 4, 5), pads=(1, 1, 1, 1))
deform_conv("groups", eighths(1, 4, 4, 4), eighths(2, 2, 2, 2), eighths(1, 16, 3, 3), groups=2, F=2)
deform_conv("strides, dilations", eighths(1, 1, 7, 6), eighths(1, 1, 2, 2), eighths(1, 8, 3, 2), strides=(2, 2), dilations=(2, 3))
deform_conv("f64", eighths(1, 1, 3, 3, dtype=np.float64), eighths(1, 1, 2, 2, dtype=np.float64), eighths(1, 8, 2, 2, dtype=np.float64))


def lp_pool(name, x, kernel, p=2.0, strides=None, pads=None, dilations=None, ceil=0, nxc=False):
    n = len(kernel); strides, dilations, pads = strides or [1] * n, dilations or [1] * n, pads or [0] * 2 * n
    w = wide(x); out = []
    for d in range(n):
        room = x.shape[2 + d] + pads[d] + pads[n + d] - ((kernel[d] - 1) * dilations[d] + 1)
        count = (math.ceil if ceil else math.floor)(room / strides[d]) + 1
        out.append(count - 1 if ceil and (count - 1) * strides[d] >= x.shape[2 + d] + pads[d] else count)
    y = np.zeros(list(x.shape[:2]) + out)
    for at in itertools.product(*map(range, out)):
        for k in itertools.product(*map(range, kernel)):
            pos = tuple(at[d] * strides[d] - pads[d] + k[d] * dilations[d] for d in range(n))
            if all(0 <= pos[d] < x.shape[2 + d] for d in range(n)): y[(slice(None), slice(None)) + at] += abs(w[(slice(None), slice(None)) + pos]) ** p
    y = y ** (1 / p)
    turn = (lambda a: np.moveaxis(a, 1, -1)) if nxc else lambda a: a
    put("lp_pool", name, [turn(x)], [turn(y.astype(x.dtype))], TOLERANCE[x.dtype.type], kernel=kernel, p=p, strides=strides, pads=pads, dilations=dilations, ceil=ceil, layout="NXC" if nxc else "NCX")


lp_pool("two dimensions", eighths(1, 2, 4, 5), [2, 3])
lp_pool("sum of sizes, pads", eighths(2, 1, 5), [3], 1.0, [2], [1, 1])
lp_pool("third power, dilated", eighths(1, 1, 6, 6), [2, 2], 3.0, dilations=[2, 3])
lp_pool("ceil, channels last", eighths(1, 2, 5), [2], strides=[2], ceil=1, nxc=True)
lp_pool("f16, three dimensions", eighths(1, 1, 2, 3, 2, dtype=np.float16), [2, 2, 1])


def max_unpool(name, x, indices, kernel, strides=None, pads=None, size=None):
    n = len(kernel); strides, pads = strides or [1] * n, pads or [0] * 2 * n
    frame = list(x.shape[:2]) + [(x.shape[2 + d] - 1) * strides[d] - pads[d] - pads[n + d] + kernel[d] for d in range(n)]
    y = np.zeros(frame, x.dtype)
    for i, v in zip(indices.reshape(-1), x.reshape(-1)): y.reshape(-1)[i] = v
    if size is not None:
        larger = np.zeros(size, x.dtype)
        larger[tuple(slice(0, s) for s in frame)] = y
        y = larger
    put("max_unpool", name, [x, indices, None if size is None else np.array(size, np.int64)], [y], 0, kernel=kernel, strides=strides, pads=pads)


max_unpool("two dimensions", eighths(1, 1, 2, 2), np.array([[[[5, 7], [13, 15]]]]), [2, 2], [2, 2])
max_unpool("a larger size", eighths(1, 1, 2, 2), np.array([[[[5, 7], [13, 15]]]]), [2, 2], [2, 2], size=[1, 1, 5, 5])
max_unpool("two channels, pads", rng.integers(0, 9, (1, 2, 3)).astype(np.int32), np.array([[[0, 2, 4], [7, 9, 5]]]), [3], [2], [1, 1])
max_unpool("nothing", np.zeros((1, 0, 2), np.float32), np.zeros((1, 0, 2), np.int64), [2], [2])

write("golden_networks.json")
