#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the seeds of onnx_import_fuzz: small ONNX models, one for each group of
operators. Needs nothing but Python; the bytes are written by hand from the field
numbers in onnx_facts.proto.

    src/import/fuzz_seeds/make_onnx_seeds.py
"""
import pathlib
import struct

FLOAT, INT64, BOOL = 1, 7, 9


class Graph:
    """What an attribute holds: a body."""

    def __init__(self, name, nodes, inputs, outputs, initializers=()):
        self.data = graph(name, nodes, inputs, outputs, initializers)


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
    if isinstance(value, Graph):
        return out + chunk(6, value.data) + number(20, 5)
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


def graph(name, nodes, inputs, outputs, initializers=()):
    out = b"".join(chunk(1, item) for item in nodes) + chunk(2, name)
    out += b"".join(chunk(5, item) for item in initializers)
    out += b"".join(chunk(11, item) for item in inputs)
    return out + b"".join(chunk(12, chunk(1, item)) for item in outputs)


def model(opset, nodes, inputs, outputs, initializers=(), ir=8, functions=()):
    out = number(1, ir)
    out += chunk(7, graph("seed", nodes, inputs, outputs, initializers))
    out += chunk(8, number(2, opset))
    if functions:
        out += chunk(8, chunk(1, "own") + number(2, 1))
    return out + b"".join(chunk(25, item) for item in functions)


def function(name, inputs, outputs, nodes, opset=17):
    out = chunk(1, name) + b"".join(chunk(4, item) for item in inputs)
    out += b"".join(chunk(5, item) for item in outputs)
    out += b"".join(chunk(7, item) for item in nodes)
    return out + chunk(9, number(2, opset)) + chunk(10, "own")


def own(call):
    """The node of a function of the model."""
    return call + chunk(7, "own")


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
    "if": model(
        17, [node("ReduceSum", ["x"], ["s"], keepdims=0),
             node("Less", ["s", "limit"], ["c"]),
             node("If", ["c"], ["open"],
                  then_branch=Graph("yes", [node("Relu", ["x"], ["r"])], [], ["r"]),
                  else_branch=Graph("no", [node("Squeeze", ["x", "front"], ["q"])], [], ["q"])),
             node("Softmax", ["open"], ["y"], axis=-1)],
        [value("x", [1, 3])], ["y"],
        [tensor("limit", [], [1.0]), tensor("front", [1], [0], INT64)]),
    "loop": model(
        17, [node("Loop", ["trips", "", "x"], ["last", "all"],
                  body=Graph("body", [node("Add", ["v", "x"], ["w"]),
                                      node("Identity", ["c"], ["d"]),
                                      node("Neg", ["w"], ["each"])],
                             [value("i", [], INT64), value("c", [], BOOL), value("v", [2])],
                             ["d", "w", "each"])),
             node("ReduceSum", ["all"], ["y"], keepdims=0),
             node("Relu", ["last"], ["z"])],
        [value("x", [2]), value("trips", [], INT64)], ["y", "z"]),
    "scan": model(
        17, [node("Scan", ["x", "x"], ["s", "all"], num_scan_inputs=1,
                  scan_input_axes=[1], scan_input_directions=[1],
                  body=Graph("body", [node("Add", ["state", "e"], ["n"]),
                                      node("Mul", ["n", "e"], ["o"])],
                             [value("state", [2, 2]), value("e", [2])], ["n", "o"])),
             node("Relu", ["s"], ["y"]), node("Relu", ["all"], ["z"])],
        [value("x", [2, 2])], ["y", "z"]),
    "sequence": model(
        17, [node("SequenceConstruct", ["x", "x"], ["q"]),
             node("SequenceInsert", ["q", "x", "at"], ["p"]),
             node("SequenceErase", ["p", "at"], ["o"]),
             node("SequenceLength", ["o"], ["n"]),
             node("SplitToSequence", ["x"], ["pieces"], axis=0),
             node("ConcatFromSequence", ["pieces"], ["z"], axis=0, new_axis=0),
             node("SequenceAt", ["o", "at"], ["y"])],
        [value("x", [2, 3])], ["y", "z", "n"], [tensor("at", [], [0], INT64)]),
    "function": model(
        17, [own(node("Twice", ["x"], ["a"])), own(node("Twice", ["a"], ["y"])),
             node("Relu", ["y"], ["z"])],
        [value("x", [2])], ["z"],
        functions=[function("Twice", ["v"], ["w"], [node("Add", ["v", "v"], ["w"])])]),
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
