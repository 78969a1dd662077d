# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The integer model as a TFLite file, and back.

The tables are written by slot number with the FlatBuffers library; the numbers
are those of TFLite's schema, version 3. Reading knows just the operators and the
attributes of models like this one, and refuses all others: it is here so that
the accuracy is that of the file, and to try quantize.run on other people's models.
"""

import flatbuffers
import numpy as np
from flatbuffers import number_types as N
from flatbuffers.table import Table

from quantize import Layer, same

FLOAT32, INT32, INT8 = 0, 2, 9  # TensorType
NUMPY_TYPES = {INT32: "<i4", INT8: "<i1"}
SAME, VALID, RELU = 0, 1, 1
# kind: (BuiltinOperator, version that knows it as i8, BuiltinOptions)
OPERATORS = {"conv": (3, 3, 1), "depthwise": (4, 3, 2), "pool": (1, 2, 5), "reshape": (22, 1, 17),
             "dense": (9, 4, 8), "softmax": (25, 2, 9)}
KINDS = {code: kind for kind, (code, _, _) in OPERATORS.items()}


class Writer:
    def __init__(self):
        self.builder = flatbuffers.Builder(1 << 17)

    def table(self, *fields):
        """Fields are (slot, kind, value), kind one of `offset` or a Builder's scalar."""
        builder = self.builder
        builder.StartObject(max([slot for slot, _, _ in fields], default=-1) + 1)
        for slot, kind, value in fields:
            if kind == "offset":
                builder.PrependUOffsetTRelativeSlot(slot, value, 0)
            else:
                # A default that is no value of the field: everything is written out.
                getattr(builder, f"Prepend{kind}Slot")(slot, value, None)
        return builder.EndObject()

    def numbers(self, values, dtype):
        return self.builder.CreateNumpyVector(np.ascontiguousarray(values, dtype).ravel())

    def offsets(self, offsets):
        self.builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self.builder.PrependUOffsetTRelative(offset)
        return self.builder.EndVector()

    def data(self, bytes_):
        """A buffer's contents, on a multiple of 16 as the schema asks."""
        builder = self.builder
        builder.StartVector(1, len(bytes_), 16)
        builder.head = builder.head - len(bytes_)
        builder.Bytes[builder.head:builder.head + len(bytes_)] = bytes_
        return builder.EndVector()


class ModelWriter:
    def __init__(self):
        self.writer = Writer()
        self.buffers, self.tensors = [b""], []

    def tensor(self, name, type_, shape, scale=None, zero=0, axis=0, values=None):
        """The number of a new tensor."""
        writer, buffer = self.writer, 0
        if values is not None:
            buffer = len(self.buffers)
            self.buffers.append(np.ascontiguousarray(values, NUMPY_TYPES[type_]).tobytes())
        fields = [(0, "offset", writer.numbers(shape, "<i4")), (1, "Int8", type_),
                  (2, "Uint32", buffer), (3, "offset", writer.builder.CreateString(name))]
        if scale is not None:
            scales = np.atleast_1d(scale)
            fields.append((4, "offset", writer.table(
                (2, "offset", writer.numbers(scales, "<f4")),
                (3, "offset", writer.numbers(np.full(len(scales), zero), "<i8")),
                (6, "Int32", axis))))
        self.tensors.append(writer.table(*fields))
        return len(self.tensors) - 1

    def options(self, layer):
        table, stride = self.writer.table, layer.stride
        if layer.kind == "conv":
            return table((0, "Int8", SAME), (1, "Int32", stride), (2, "Int32", stride),
                         (3, "Int8", RELU), (4, "Int32", 1), (5, "Int32", 1))
        if layer.kind == "depthwise":
            return table((0, "Int8", SAME), (1, "Int32", stride), (2, "Int32", stride),
                         (3, "Int32", 1), (4, "Int8", RELU), (5, "Int32", 1), (6, "Int32", 1))
        if layer.kind == "pool":
            rows, columns = layer.extra["window"]
            return table((0, "Int8", VALID), (1, "Int32", columns), (2, "Int32", rows),
                         (3, "Int32", columns), (4, "Int32", rows), (5, "Int8", 0))
        if layer.kind == "reshape":
            return table((0, "offset", self.writer.numbers([-1, *layer.shape], "<i4")))
        if layer.kind == "dense":
            return table((0, "Int8", RELU if layer.relu else 0), (1, "Int8", 0), (2, "Bool", False))
        return table((0, "Float32", 1.0))  # softmax: beta

    def constants(self, layer, name, input_scale):
        """The numbers of a layer's weight, bias or shape tensors."""
        if layer.kind == "reshape":
            shape = [-1, *layer.shape]
            return [self.tensor(f"{name}/shape", INT32, [len(shape)], values=shape)]
        if layer.weight is None:
            return []
        weight, axis = layer.weight, 0
        if layer.kind == "conv":
            weight = weight.transpose(0, 2, 3, 1)
        elif layer.kind == "depthwise":
            weight, axis = weight.transpose(1, 2, 3, 0), 3
        bias_scale = np.float32(input_scale) * layer.weight_scale
        return [self.tensor(f"{name}/weight", INT8, weight.shape, layer.weight_scale, 0, axis, weight),
                self.tensor(f"{name}/bias", INT32, layer.bias.shape, bias_scale, 0, 0, layer.bias)]

    def operator(self, code, layer, inputs, output):
        return self.writer.table(
            (0, "Uint32", code), (1, "offset", self.writer.numbers(inputs, "<i4")),
            (2, "offset", self.writer.numbers([output], "<i4")),
            (3, "Uint8", OPERATORS[layer.kind][2]), (4, "offset", self.options(layer)))


def write(layers, input_shape, input_scale, input_zero, description):
    """The bytes of a .tflite file."""
    model = ModelWriter()
    writer, kinds = model.writer, sorted({layer.kind for layer in layers})
    current = first = model.tensor("features", INT8, (1, *input_shape), input_scale, input_zero)
    scale, operators = input_scale, []
    for number, layer in enumerate(layers):
        last = layer is layers[-1]
        name = "probabilities" if last else f"{layer.kind}_{number}"
        constants = model.constants(layer, name, scale)
        output = model.tensor(name, INT8, (1, *layer.shape), layer.scale, layer.zero)
        operators.append(model.operator(kinds.index(layer.kind), layer, [current, *constants], output))
        current, scale = output, layer.scale
    codes = [writer.table((0, "Int8", OPERATORS[kind][0]), (2, "Int32", OPERATORS[kind][1]),
                          (3, "Int32", OPERATORS[kind][0])) for kind in kinds]
    graph = writer.table(
        (0, "offset", writer.offsets(model.tensors)),
        (1, "offset", writer.numbers([first], "<i4")), (2, "offset", writer.numbers([current], "<i4")),
        (3, "offset", writer.offsets(operators)),
        (4, "offset", writer.builder.CreateString("main")))
    buffers = [writer.table((0, "offset", writer.data(data))) if data else writer.table()
               for data in model.buffers]
    root = writer.table(
        (0, "Uint32", 3), (1, "offset", writer.offsets(codes)),
        (2, "offset", writer.offsets([graph])),
        (3, "offset", writer.builder.CreateString(description)),
        (4, "offset", writer.offsets(buffers)))
    writer.builder.Finish(root, b"TFL3")
    return bytes(writer.builder.Output())


# --------------------------------------------------------------------------
# Reading


class Reader:
    """A table by slot numbers."""

    def __init__(self, buffer, position):
        self.table = Table(buffer, position)

    def scalar(self, slot, flags, default=0):
        at = self.table.Offset(4 + 2 * slot)
        return self.table.Get(flags, at + self.table.Pos) if at else default

    def child(self, slot):
        at = self.table.Offset(4 + 2 * slot)
        return Reader(self.table.Bytes, self.table.Indirect(at + self.table.Pos)) if at else None

    def children(self, slot):
        at = self.table.Offset(4 + 2 * slot)
        if not at:
            return []
        start = self.table.Vector(at)
        return [Reader(self.table.Bytes, self.table.Indirect(start + 4 * i))
                for i in range(self.table.VectorLen(at))]

    def numbers(self, slot, dtype):
        at = self.table.Offset(4 + 2 * slot)
        if not at:
            return np.zeros(0, dtype)
        return np.frombuffer(self.table.Bytes, dtype, self.table.VectorLen(at), self.table.Vector(at))


def tensor_of(reader, buffers):
    type_ = reader.scalar(1, N.Int8Flags)
    shape = reader.numbers(0, "<i4")
    data = buffers[reader.scalar(2, N.Uint32Flags)].numbers(0, "u1")
    quantization = reader.child(4)
    found = {"type": type_, "shape": shape, "scale": np.zeros(0, "<f4"), "zero": 0}
    if quantization:
        zeros = quantization.numbers(3, "<i8")
        found.update(scale=quantization.numbers(2, "<f4"), zero=int(zeros[0]) if len(zeros) else 0)
    if len(data):
        found["values"] = data.view(NUMPY_TYPES[type_]).reshape(shape)
    return found


def expect(truth, what):
    if not truth:
        raise SystemExit(f"tflite.read does not know {what}")


def read_options(layer, options, inputs):
    """Stride and activation; everything else has to be as in our own files."""
    if layer.kind in ("conv", "depthwise"):
        across, down = options.scalar(1, N.Int32Flags), options.scalar(2, N.Int32Flags)
        rows, columns = inputs[0]["shape"][1:3]
        kernel = layer.weight.shape[2:]
        padding = options.scalar(0, N.Int8Flags)
        free = same(rows, kernel[0], down) == same(columns, kernel[1], across) == (0, 0)
        expect(across == down and (padding == SAME or free), "such strides or paddings")
        activation = options.scalar(4 if layer.kind == "depthwise" else 3, N.Int8Flags)
        expect(activation in (0, RELU), f"activation {activation}")
        layer.stride, layer.relu = across, activation == RELU
    elif layer.kind == "pool":
        layer.extra["window"] = (options.scalar(4, N.Int32Flags), options.scalar(3, N.Int32Flags))
        expect(layer.extra["window"] == tuple(inputs[0]["shape"][1:3]), "a pool of parts")
    elif layer.kind == "dense":
        activation = options.scalar(0, N.Int8Flags)
        expect(activation in (0, RELU), f"activation {activation}")
        layer.relu = activation == RELU
    elif layer.kind == "softmax":
        expect(options.scalar(0, N.Float32Flags) == 1.0, "another beta")


def read(data):
    """(layers, input scale, input zero point, input shape) of a .tflite file's bytes."""
    expect(data[4:8] == b"TFL3", "a file without TFL3 in it")
    root = Reader(data, int.from_bytes(data[:4], "little"))
    buffers = root.children(4)
    codes = [KINDS.get(max(code.scalar(0, N.Int8Flags), code.scalar(3, N.Int32Flags)))
             for code in root.children(1)]
    (graph,) = root.children(2)
    tensors = [tensor_of(tensor, buffers) for tensor in graph.children(0)]
    layers = []
    for operator in graph.children(3):
        kind = codes[operator.scalar(0, N.Uint32Flags)]
        expect(kind, "one of the operators")
        inputs = [tensors[i] for i in operator.numbers(1, "<i4")]
        (output,) = [tensors[i] for i in operator.numbers(2, "<i4")]
        layer = Layer(kind, float(output["scale"][0]), output["zero"], tuple(output["shape"][1:]))
        if kind in ("conv", "depthwise", "dense"):
            weight = inputs[1]["values"]
            layer.weight = {"conv": lambda: weight.transpose(0, 3, 1, 2),
                            "depthwise": lambda: weight.transpose(3, 0, 1, 2),
                            "dense": lambda: weight}[kind]()
            layer.weight_scale = np.broadcast_to(inputs[1]["scale"], len(layer.weight))
            layer.bias = inputs[2]["values"]
        read_options(layer, operator.child(4), inputs)
        layers.append(layer)
    first = tensors[graph.numbers(1, "<i4")[0]]
    return layers, float(first["scale"][0]), first["zero"], tuple(first["shape"][1:])
