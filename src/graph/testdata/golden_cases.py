# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# How the make_golden scripts write a case: tensors as JSON that golden_test.cpp
# reads, random numbers that are the same each time.
import json, math, os, itertools
import numpy as np

rng = np.random.default_rng(20260101)
cases = []
NAMES = {"float32": "f32", "float64": "f64", "float16": "f16", "int8": "i8", "int16": "i16", "int32": "i32",
         "int64": "i64", "uint8": "u8", "uint16": "u16", "uint32": "u32", "uint64": "u64", "bool": "bool"}


def bf16(x):
    """The nearest bfloat16 (ties to even) of float32 numbers, as float32."""
    shape = np.shape(x)
    x = np.asarray(x, np.float32).reshape(-1)
    bits = x.view(np.uint32).astype(np.uint64)
    rounded = ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(np.uint32)
    return np.where(np.isnan(x), np.float32(np.nan), rounded.view(np.float32)).reshape(shape)


class BF:  # a bfloat16 tensor
    def __init__(self, a): self.a = bf16(np.asarray(a, np.float32))


def number(v):
    v = v.item() if hasattr(v, "item") else v
    if isinstance(v, float):
        if math.isnan(v): return "nan"
        if math.isinf(v): return "inf" if v > 0 else "-inf"
        if v == 0 and math.copysign(1, v) < 0: return "-0"
        if v == int(v) and abs(v) < 1e15: return int(v)
    return v


def tensor(t):
    if t is None: return None
    if isinstance(t, tuple):  # utf8: (sizes, strings)
        return {"type": "utf8[%s]" % ", ".join(map(str, t[0])), "data": list(t[1])}
    name, a = ("bf16", t.a) if isinstance(t, BF) else (NAMES[t.dtype.name], t)
    data = [number(v) if a.dtype != np.float32 else number(float(repr(v)) if np.isfinite(v) else float(v)) for v in a.reshape(-1)]
    return {"type": "%s[%s]" % (name, ", ".join(map(str, a.shape))), "data": data}


def case(op, name, inputs, outputs, tolerance=0, **attributes):
    cases.append({"op": op, "name": name, "attributes": attributes, "inputs": [tensor(t) for t in inputs],
                  "outputs": [tensor(t) for t in outputs], "tolerance": tolerance})


def eighths(*shape, dtype=np.float32):
    """Multiples of 1/4 in [-4, 4]: sums of products are exact in float32."""
    return (rng.integers(-16, 17, size=shape) / 4).astype(dtype)


def write(name):
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    with open(path, "w", encoding="utf-8") as out:
        out.write("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False, separators=(",", ":")) for c in cases) + "\n]\n")
    print(len(cases), "cases,", os.path.getsize(path), "bytes")
