#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the seeds of tflite_import_fuzz: small TensorFlow Lite models, one for
each group of operators. Needs nothing but Python; the bytes are written by hand
from the slots in tflite_facts.fbs.

    src/import/fuzz_seeds/make_tflite_seeds.py
"""
import io
import pathlib
import struct
import zipfile

F32, I32, U8, I64, I16, I8 = 0, 2, 3, 4, 7, 9
FORMATS = {F32: "f", I32: "i", U8: "B", I64: "q", I16: "h", I8: "b"}


class Table:
    """Fields by slot: (format, number), a Table, a Vector, text, or None."""

    def __init__(self, *fields):
        self.fields = fields


class Vector:
    """Numbers of one format, or tables."""

    def __init__(self, format, items, align=4):
        self.format, self.items, self.align = format, list(items), align


class Writer:
    """Parents first, so that every offset points forward."""

    def __init__(self):
        self.data = bytearray(8)
        self.pending = []

    def align(self, to, extra=0):
        while (len(self.data) + extra) % to:
            self.data.append(0)

    def patch(self, at):
        struct.pack_into("<I", self.data, at, len(self.data) - at)

    def table(self, table, at):
        sizes = [0 if f is None else struct.calcsize(f[0]) if isinstance(f, tuple) else 4
                 for f in table.fields]
        offsets, end = [], 4
        for size in sizes:
            end = (end + size - 1) // size * size if size else end
            offsets.append(end if size else 0)
            end += size
        vtable = struct.pack(f"<HH{len(sizes)}H", 4 + 2 * len(sizes), end, *offsets)
        self.align(8, len(vtable))
        self.data += vtable
        self.patch(at)
        start = len(self.data)
        self.data += struct.pack("<i", len(vtable)) + bytes(end - 4)
        for field, offset in zip(table.fields, offsets):
            if isinstance(field, tuple):
                struct.pack_into("<" + field[0], self.data, start + offset, field[1])
            elif field is not None:
                self.pending.append((field, start + offset))

    def vector(self, vector, at):
        self.align(4)
        self.align(vector.align, 4)
        self.patch(at)
        self.data += struct.pack("<I", len(vector.items))
        if vector.format:
            self.data += struct.pack(f"<{len(vector.items)}{vector.format}", *vector.items)
            return
        start = len(self.data)
        self.data += bytes(4 * len(vector.items))
        self.pending += [(item, start + 4 * i) for i, item in enumerate(vector.items)]

    def text(self, text, at):
        self.align(4)
        self.patch(at)
        self.data += struct.pack("<I", len(text)) + text.encode() + b"\0"

    def finish(self, root):
        self.pending.append((root, 0))
        self.data[4:8] = b"TFL3"
        while self.pending:
            item, at = self.pending.pop(0)
            {Table: self.table, Vector: self.vector, str: self.text}[type(item)](item, at)
        return bytes(self.data)


class Model:
    def __init__(self):
        self.tensors, self.buffers = [], [Table()]
        self.codes, self.operators = [], []
        self.inputs, self.outputs = [], []
        self.graphs, self.signatures, self.metadata, self.behind = [], [], [], b""

    def tensor(self, name, shape, kind=F32, values=None, scale=None, zero=0, open=None, variable=False):
        """`scale`: one, or a list, one for each index of the first dimension."""
        buffer = 0
        if values is not None:
            self.buffers.append(Table(Vector(
                "B", struct.pack(f"<{len(values)}{FORMATS[kind]}", *values), 16)))
            buffer = len(self.buffers) - 1
        quantization = None
        if scale is not None:
            scales = scale if isinstance(scale, list) else [scale]
            quantization = Table(None, None, Vector("f", scales),
                                 Vector("q", [zero] * len(scales), 8))
        self.tensors.append(Table(
            Vector("i", shape), ("b", kind), ("I", buffer), name, quantization,
            ("?", True) if variable else None, None, Vector("i", open) if open else None))
        return len(self.tensors) - 1

    def input(self, *arguments, **named):
        self.inputs.append(self.tensor(*arguments, **named))
        return self.inputs[-1]

    def op(self, code, inputs, output, kind=0, options=None, version=1):
        self.codes.append(Table(("b", code), None, ("i", version), ("i", code)))
        self.operators.append(Table(
            ("I", len(self.codes) - 1), Vector("i", inputs), Vector("i", [output]),
            ("B", kind) if kind else None, options))
        return output

    def run(self, code, inputs, outputs, kind=0, options=None, custom=None, flex=None):
        """An operator of any number of outputs; a custom one by its name."""
        self.codes.append(Table(("b", min(code, 127)), custom, ("i", 1), ("i", code)))
        self.operators.append(Table(
            ("I", len(self.codes) - 1), Vector("i", inputs), Vector("i", outputs),
            ("B", kind) if kind else None, options, Vector("B", flex) if flex else None))
        return outputs

    def subgraph(self):
        """Another graph of the same file; its number."""
        graph = Model()
        graph.buffers, graph.codes = self.buffers, self.codes
        self.graphs.append(graph)
        return graph, len(self.graphs)

    def signature(self, name, inputs, outputs, graph=0):
        named = lambda tensors: Vector(None, [Table(key, ("I", at)) for key, at in tensors.items()])
        self.signatures.append(Table(named(inputs), named(outputs), name, None, ("I", graph)))

    def words(self, name, contents):
        self.buffers.append(Table(Vector("B", contents, 16)))
        self.metadata.append(Table(name, ("I", len(self.buffers) - 1)))

    def bytes(self):
        graphs = [Table(Vector(None, g.tensors), Vector("i", g.inputs), Vector("i", g.outputs),
                        Vector(None, g.operators), "seed") for g in [self] + self.graphs]
        fields = [("I", 3), Vector(None, self.codes), Vector(None, graphs), "by a script",
                  Vector(None, self.buffers)]
        if self.metadata or self.signatures:
            fields += [None, Vector(None, self.metadata), Vector(None, self.signatures)]
        return Writer().finish(Table(*fields)) + self.behind


def dense():
    m = Model()
    x = m.input("x", [1, 4], open=[-1, 4])
    w = m.tensor("w", [3, 4], values=[0.5] * 12)
    b = m.tensor("b", [3], values=[1, 2, 3])
    y = m.op(9, [x, w, b], m.tensor("dense", [1, 3], open=[-1, 3]), 8, Table(("b", 1)))
    z = m.op(25, [y], m.tensor("softmax", [1, 3], open=[-1, 3]), 9, Table(("f", 1.0)))
    s = m.tensor("shape", [2], I32, [-1, 1])
    m.outputs.append(m.op(22, [z, s], m.tensor("out", [3, 1])))
    return m


def cnn(kind=I8, zero=-1):
    m = Model()
    quantised = {"kind": kind, "scale": 0.5, "zero": zero}
    x = m.input("x", [1, 4, 4, 2], **quantised)
    w = m.tensor("w", [2, 3, 3, 2], kind if kind == U8 else I8, list(range(36)),
                 scale=0.25 if kind == U8 else [0.25, 0.5])
    b = m.tensor("b", [2], I32, [7, -7], scale=0.125)
    conv = m.op(3, [x, w, b], m.tensor("conv", [1, 4, 4, 2], **quantised), 1,
                Table(("b", 0), ("i", 1), ("i", 1), ("b", 1), ("i", 1), ("i", 1)), 3)
    pool = m.op(1, [conv], m.tensor("pool", [1, 2, 2, 2], **quantised), 5,
                Table(("b", 1), ("i", 2), ("i", 2), ("i", 2), ("i", 2)), 2)
    total = m.op(0, [pool, pool], m.tensor("sum", [1, 2, 2, 2], **quantised), 11,
                 Table(("b", 3)), 2)
    out = m.op(6, [total], m.tensor("real", [1, 2, 2, 2]), version=2)
    m.outputs.append(out)
    return m


def moves():
    m = Model()
    x = m.input("x", [2, 3, 4])
    pads = m.tensor("pads", [3, 2], I32, [0, 1, 1, 0, 2, 2])
    padded = m.op(34, [x, pads], m.tensor("padded", [3, 4, 8]))
    order = m.tensor("order", [3], I32, [2, 0, 1])
    turned = m.op(39, [padded, order], m.tensor("turned", [8, 3, 4]))
    begin = m.tensor("begin", [3], I32, [1, 0, -1])
    end = m.tensor("end", [3], I32, [7, 3, 0])
    step = m.tensor("step", [3], I32, [2, 1, -1])
    cut = m.op(45, [turned, begin, end, step], m.tensor("cut", [3, 3, 4]), 32,
               Table(("i", 0), ("i", 4), ("i", 0), ("i", 0), ("i", 0)))
    joined = m.op(2, [cut, cut], m.tensor("joined", [3, 6, 4]), 10, Table(("i", 1)))
    axes = m.tensor("axes", [1], I32, [1])
    m.outputs.append(m.op(40, [joined, axes], m.tensor("mean", [3, 1, 4]), 27,
                          Table(("?", True))))
    return m


def sizes():
    m = Model()
    x = m.input("x", [1, 2, 3], open=[-1, 2, 3])
    shape = m.op(77, [x], m.tensor("shape", [3], I32), 55, Table(("b", I32)))
    zero = m.tensor("zero", [1], I32, [0])
    one = m.tensor("one", [1], I32, [1])
    first = m.op(45, [shape, zero, one, one], m.tensor("first", [], I32), 32,
                 Table(("i", 0), ("i", 0), ("i", 0), ("i", 0), ("i", 1)))
    six = m.tensor("six", [], I32, [6])
    wanted = m.op(83, [first, six], m.tensor("wanted", [2], I32), 59, Table(("i", 2)))
    flat = m.op(22, [x, wanted], m.tensor("flat", [1, 6], open=[-1, 6]))
    low = m.op(19, [flat], m.tensor("low", [1, 6], open=[-1, 6]))
    both = m.op(18, [low, flat], m.tensor("both", [1, 6], open=[-1, 6]), 21, Table(("b", 2)))
    m.outputs.append(m.op(14, [both], m.tensor("out", [1, 6], open=[-1, 6])))
    return m


def states():
    """A filter over three steps of int8, then an LSTM of int8 over two."""
    m = Model()
    i8 = {"kind": I8, "scale": 0.5}
    x = m.input("x", [2, 4], zero=3, **i8)
    filters = [x, m.tensor("features", [2, 4], values=list(range(8)), **i8),
               m.tensor("time", [2, 3], values=[1, 2, 3, -1, 0, 1], **i8), -1,
               m.tensor("filter_state", [2, 6], zero=-5, variable=True, **i8)]
    y = m.op(27, filters, m.tensor("filtered", [2, 2], zero=-128, **i8), 6,
             Table(("i", 1), ("b", 1)), 3)
    shape = m.tensor("shape", [3], I32, [2, 2, 1])
    steps = m.op(22, [y, shape], m.tensor("steps", [2, 2, 1], zero=-128, **i8))
    gates = lambda name, kind, sizes: [
        m.tensor(f"{name}{i}", sizes, kind, [i] * (sizes[0] ** len(sizes) if name == "r" else sizes[0]), 0.25)
        for i in range(4)]
    h = m.tensor("h", [2, 3], I8, scale=0.0078125, zero=1, variable=True)
    c = m.tensor("c", [2, 3], I16, scale=2.0 ** -11, variable=True)
    lstm = ([steps] + gates("w", I8, [3, 1]) + gates("r", I8, [3, 3]) + [-1] * 3 + gates("b", I32, [3])
            + [-1, -1, h, c] + [-1] * 4)
    m.outputs.append(m.op(44, lstm, m.tensor("out", [2, 2, 3], I8, scale=0.0078125, zero=1), 71,
                          Table(("b", 4), ("f", 10.0)), 4))
    return m


def flex(**options):
    """A FlexBuffer: a map of numbers, each of four bytes, by name."""
    names = sorted(options)
    data, places = bytearray(), []
    for name in names:
        places.append(len(data))
        data += name.encode() + b"\0"
    while len(data) % 4:
        data.append(0)
    data += struct.pack("<I", len(names))
    keys = len(data)
    for place in places:
        data += struct.pack("<I", len(data) - place)
    data += struct.pack("<III", len(data) - keys, 4, len(names))
    values = len(data)
    for name in names:
        value = options[name]
        data += struct.pack("<f" if isinstance(value, float) else "<i", value)
    data += bytes((3 if isinstance(options[name], float) else 1) << 2 | 2 for name in names)
    while len(data) % 4:
        data.append(0)
    data += struct.pack("<I", len(data) - values)
    return bytes(data) + bytes([9 << 2 | 2, 4])


def handle(graph, name):
    return graph.run(142, [], [graph.tensor("handle", [], 13)], 111, Table("box", name))[0]


def flow():
    """A branch within a loop, a variable that both of them know, and its start."""
    m = Model()
    init, init_number = m.subgraph()
    init.run(144, [handle(init, "v"), init.tensor("start", [2], values=[1.0, 2.0])], [])
    cond, cond_number = m.subgraph()
    i = cond.input("i", [], I32)
    cond.input("x", [2])
    cond.outputs = cond.run(58, [i, cond.tensor("limit", [], I32, [3])], [cond.tensor("more", [], 6)])
    then, then_number = m.subgraph()
    x = then.input("x", [2])
    there = handle(then, "v")
    old = then.run(143, [there], [then.tensor("old", [2])])[0]
    total = then.run(0, [old, x], [then.tensor("sum", [2])], 11, Table(("b", 0)))[0]
    then.run(144, [there, total], [])
    then.outputs = [total]
    other, other_number = m.subgraph()
    other.outputs = other.run(59, [other.input("x", [2])], [other.tensor("minus", [2])])
    body, body_number = m.subgraph()
    i, x = body.input("i", [], I32), body.input("x", [2])
    one = body.tensor("one", [], I32, [1])
    after = body.run(0, [i, one], [body.tensor("next", [], I32)], 11, Table(("b", 0)))[0]
    is_one = body.run(71, [i, one], [body.tensor("is_one", [], 6)])[0]
    y = body.run(118, [is_one, x], [body.tensor("y", [2])], 92,
                 Table(("i", then_number), ("i", other_number)))[0]
    body.outputs = [after, y]
    m.run(129, [], [], 103, Table(("i", init_number)))
    x = m.input("x", [2])
    start = m.tensor("i", [], I32, [0])
    m.outputs = m.run(119, [start, x], [m.tensor("n", [], I32), m.tensor("out", [2])], 93,
                      Table(("i", cond_number), ("i", body_number)))
    m.signature("serving_default", {"sound": x}, {"turns": m.outputs[0], "word": m.outputs[1]})
    m.signature("other", {"x": 0}, {"y": 1}, other_number)
    return m


def words():
    """Metadata, labels in an archive behind the model, and a call."""
    m = Model()
    double, number = m.subgraph()
    x = double.input("x", [3])
    double.outputs = double.run(0, [x, x], [double.tensor("y", [3])], 11, Table(("b", 0)))
    m.outputs = m.run(31, [m.input("x", [3])], [m.tensor("out", [3])], 16, Table(("I", number)))
    file = Table("labels.txt", "what is heard", ("b", 2))
    tensor = lambda name, files: Table(name, "said in words", None, None, None, None, files)
    facts = bytearray(Writer().finish(Table(
        "Words", "tells them apart", "v1",
        Vector(None, [Table(None, None, Vector(None, [tensor("sound", None)]),
                            Vector(None, [tensor("word", Vector(None, [file]))]))]),
        "a script", "none")))
    facts[4:8] = b"M001"
    m.words("TFLITE_METADATA", facts)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr(zipfile.ZipInfo("labels.txt", (2026, 1, 1, 0, 0, 0)), "yes\nno\nnothing\n",
                     zipfile.ZIP_DEFLATED)
    m.behind = archive.getvalue()
    return m


def customs():
    """A detector, and layers that keep samples."""
    m = Model()
    options = dict(max_detections=2, max_classes_per_detection=2, num_classes=2, use_regular_nms=0,
                   nms_score_threshold=0.5, nms_iou_threshold=0.5, y_scale=10.0, x_scale=10.0,
                   h_scale=5.0, w_scale=5.0)
    parts = [m.input("boxes", [1, 3, 4]), m.input("scores", [1, 3, 3]),
             m.tensor("anchors", [3, 4], values=[0.5] * 12)]
    made = [m.tensor("corners", [1, 4, 4]), m.tensor("classes", [1, 4]), m.tensor("sure", [1, 4]),
            m.tensor("count", [1])]
    m.outputs = m.run(32, parts, made, custom="TFLite_Detection_PostProcess", flex=flex(**options))
    x = m.input("x", [4], I16)
    y = m.run(32, [x], [m.tensor("late", [4], I16)], custom="SignalDelay", flex=flex(delay_length=3))
    y = m.run(32, y, [m.tensor("frames", [2, 3], I16), m.tensor("full", [], 6)], custom="SignalFramer",
              flex=flex(frame_size=3, frame_step=2, prefill=0))
    m.outputs = m.outputs + [y[1]] + m.run(
        32, y[:1], [m.tensor("added", [4], I16)], custom="SignalOverlapAdd", flex=flex(T=7, frame_step=2))
    return m


if __name__ == "__main__":
    folder = pathlib.Path(__file__).parent / "tflite_import_fuzz"
    folder.mkdir(exist_ok=True)
    for name, model in {"dense": dense(), "cnn_int8": cnn(), "cnn_uint8": cnn(U8, 128),
                        "moves": moves(), "sizes": sizes(), "states": states(), "flow": flow(),
                        "words": words(), "customs": customs()}.items():
        (folder / f"{name}.tflite").write_bytes(model.bytes())
