#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the seeds of onnx_import_fuzz: small ONNX models, one for each group of
operators. Needs nothing but Python; the bytes are written by hand from the field
numbers in onnx_facts.proto.

    src/import/fuzz_seeds/make_onnx_seeds.py
"""
import pathlib
import struct

FLOAT, INT64 = 1, 7


def varint(value):
    value &= (1 << 64) - 1
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value)


def chunk(field, data):
    data = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | 2) + varint(len(data)) + data


def attribute(name, value):
    out = chunk(1, name)
    if isinstance(value, float):
        return out + varint(2 << 3 | 5) + struct.pack("<f", value) + number(20, 1)
    if isinstance(value, int):
        return out + number(3, value) + number(20, 2)
    if isinstance(value, str):
        return out + chunk(4, value) + number(20, 3)
    if isinstance(value, bytes):  # a tensor
        return out + chunk(5, value) + number(20, 4)
    return out + b"".join(number(8, item) for item in value) + number(20, 7)


def node(op, inputs, outputs, **attributes):
    out = b"".join(chunk(1, name) for name in inputs)
    out += b"".join(chunk(2, name) for name in outputs)
    out += chunk(3, op.lower()) + chunk(4, op)
    return out + b"".join(chunk(5, attribute(*item)) for item in attributes.items())


def tensor(name, dims, values, kind=FLOAT, raw=True):
    out = b"".join(number(1, dim) for dim in dims) + number(2, kind) + chunk(8, name)
    if kind == INT64:
        packed = b"".join(varint(value) for value in values)
        return out + (chunk(9, struct.pack(f"<{len(values)}q", *values)) if raw
                      else chunk(7, packed))
    return out + chunk(9 if raw else 4, struct.pack(f"<{len(values)}f", *values))


def value(name, dims, kind=FLOAT):
    shape = b""
    for dim in dims:
        shape += chunk(1, chunk(2, dim) if isinstance(dim, str) else number(1, dim))
    return chunk(1, name) + chunk(2, chunk(1, number(1, kind) + chunk(2, shape)))


def model(opset, nodes, inputs, outputs, initializers=(), ir=8):
    graph = b"".join(chunk(1, item) for item in nodes) + chunk(2, "seed")
    graph += b"".join(chunk(5, item) for item in initializers)
    graph += b"".join(chunk(11, item) for item in inputs)
    graph += b"".join(chunk(12, chunk(1, name)) for name in outputs)
    return number(1, ir) + chunk(7, graph) + chunk(8, number(2, opset))


SEEDS = {
    "cnn": model(
        13,
        [node("Conv", ["x", "w"], ["c"], strides=[1, 1], auto_pad="SAME_UPPER"),
         node("Relu", ["c"], ["r"]),
         node("MaxPool", ["r"], ["m"], kernel_shape=[2, 2], ceil_mode=1),
         node("Flatten", ["m"], ["f"], axis=1),
         node("Softmax", ["f"], ["y"], axis=-1)],
        [value("x", ["n", 1, 4, 4])], ["y"],
        [tensor("w", [2, 1, 1, 1], [1.0, 2.0])]),
    "gemm": model(
        6, [node("Gemm", ["a", "b", "c"], ["y"], alpha=2.0, transB=1, broadcast=1)],
        [value("a", [1, 2]), value("b", [1, 2]), value("c", [1])], ["y"],
        [tensor("b", [1, 2], [1.0, 2.0], raw=False), tensor("c", [1], [1.0])], ir=3),
    "pad_reshape": model(
        18, [node("Pad", ["x", "p", "", "a"], ["q"], mode="reflect"),
             node("Constant", [], ["s"], value=tensor("", [2], [0, -1], INT64)),
             node("Reshape", ["q", "s"], ["y"], allowzero=0)],
        [value("x", [3, 4])], ["y"],
        [tensor("p", [2], [1, 1], INT64, raw=False), tensor("a", [1], [-1], INT64)]),
    "normalize": model(
        9, [node("BatchNormalization", ["x", "s", "s", "s", "s"], ["b"], epsilon=0.5),
            node("Clip", ["b"], ["k"], min=0.0, max=6.0),
            node("AveragePool", ["k"], ["p"], kernel_shape=[2], count_include_pad=1,
                 pads=[1, 0]),
            node("GlobalAveragePool", ["p"], ["g"]),
            node("Dropout", ["g"], ["d", "mask"], ratio=0.5),
            node("Concat", ["d", "g"], ["y"], axis=1)],
        [value("x", [1, 2, 4])], ["y"], [tensor("s", [2], [1.0, 2.0])]),
    "arithmetic": model(
        5, [node("Add", ["x", "v"], ["a"], axis=0, broadcast=1),
            node("Transpose", ["a"], ["t"], perm=[1, 0]),
            node("MatMul", ["t", "x"], ["m"]),
            node("Div", ["m", "m"], ["y"])],
        [value("x", [2, 3])], ["y"], [tensor("v", [2], [1.0, 2.0])]),
    "unsupported": model(
        17, [node("If", ["x"], ["y"], then_branch="no"), node("LSTM", ["y"], ["z"])],
        [value("x", [])], ["z"]),
}

if __name__ == "__main__":
    folder = pathlib.Path(__file__).parent / "onnx_import_fuzz"
    folder.mkdir(exist_ok=True)
    for name, data in SEEDS.items():
        (folder / f"{name}.onnx").write_bytes(data)
        print(name, len(data))
