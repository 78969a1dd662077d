#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes the models and the inputs of the cases beside it.

Needs python3-onnx and python3-numpy (group `train`). Run it from this folder.
"""
import json
import pathlib
import struct
import wave
import zlib

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper


def onnx_model(path, nodes, inputs, outputs, constants):
    def info(name, sizes):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes)

    graph = helper.make_graph(
        nodes,
        "tiny",
        [info(*value) for value in inputs],
        [info(*value) for value in outputs],
        [numpy_helper.from_array(numpy.array(v, numpy.float32), k) for k, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="")
    model.ir_version = 7
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def png(path, rows):
    """An 8-bit RGB picture."""

    def chunk(kind, body):
        crc = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)

    head = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 2, 0, 0, 0)
    data = b"".join(b"\0" + bytes(v for pixel in row for v in pixel) for row in rows)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(data, 9))
        + chunk(b"IEND", b"")
    )


def wav(path, hz, samples):
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(hz)
        out.writeframes(struct.pack(f"<{len(samples)}h", *samples))


models = pathlib.Path("models")
models.mkdir(exist_ok=True)
# y = 2 x + 0.5
onnx_model(
    models / "affine.onnx",
    [
        helper.make_node("Mul", ["x", "two"], ["twice"]),
        helper.make_node("Add", ["twice", "half"], ["y"]),
    ],
    [("x", [1, 1])],
    [("y", [1, 1])],
    {"two": [2.0], "half": [0.5]},
)
# y = 4 x
onnx_model(
    models / "four_times.onnx",
    [helper.make_node("Mul", ["x", "four"], ["y"])],
    [("x", [1, 1])],
    [("y", [1, 1])],
    {"four": [4.0]},
)
onnx_model(
    models / "sum_and_difference.onnx",
    [
        helper.make_node("Add", ["a", "b"], ["sum"]),
        helper.make_node("Sub", ["a", "b"], ["difference"]),
    ],
    [("a", [1, 1]), ("b", [1, 1])],
    [("sum", [1, 1]), ("difference", [1, 1])],
    {},
)
folder = models / "web"
folder.mkdir(exist_ok=True)
(folder / "group1-shard1of1.bin").write_bytes(struct.pack("<2f", 2.0, 0.5))
(folder / "model.json").write_text(
    json.dumps(
        {
            "format": "layers-model",
            "modelTopology": {"class_name": "Sequential"},
            "weightsManifest": [
                {
                    "paths": ["group1-shard1of1.bin"],
                    "weights": [
                        {"name": "dense/kernel", "shape": [1, 1], "dtype": "float32"},
                        {"name": "dense/bias", "shape": [1], "dtype": "float32"},
                    ],
                }
            ],
        },
        indent=1,
    )
    + "\n"
)


def raw(case, layout, *numbers, name="input.bin"):
    path = pathlib.Path(case)
    path.mkdir(parents=True, exist_ok=True)
    (path / name).write_bytes(struct.pack(layout, *numbers))


raw("run-pass/one-file-many-types", "<8B", 0x01, 0x80, 0xFF, 0x7F, 0, 0, 0x80, 0x3F)
raw("run-pass/numbers-as-serde-prints-them", "<10f", 0.1, 1, -0.0, 1e-7, 1.5e-5, 1e13, 1e16, 3.4028235e38, 1 / 3, float("nan"))
raw("run-pass/doubles-as-serde-prints-them", "<8d", 0.1, 1, 1e-5, 1e-6, 1e15, 1e16, 1 / 3, float("inf"))
raw("run-pass/ports-and-repeats", "<2f", 1.5, -2)
for number in range(3):
    raw("run-pass/several-files-of-a-kind", "<B", 10 + number, name=f"{number}.bin")
for case in (
    "run-pass/a-model",
    "run-pass/a-model-with-two-inputs-and-outputs",
    "run-pass/a-model-from-a-resource",
    "run-pass/a-model-under-a-wrong-name",
    "run-pass/resources-are-counted-once",
    "run-pass/stages-in-any-order",
    "run-pass/local-blocks",
    "run-fail/a-model-without-data",
    "run-fail/a-model-for-other-hosts",
    "run-fail/a-model-with-another-shape",
    "run-fail/a-model-with-too-many-inputs",
    "run-fail/an-output-of-another-shape",
):
    raw(case, "<f", 0.75)
raw("run-pass/an-unversioned-block", "<4f", 0, 3, 1, 2)
raw("run-pass/words-from-resources", "<2I", 1, 2)
raw("run-pass/unknown-keys-are-ignored", "<i", -5)
raw("run-pass/a-scalar", "<d", 2.5)
raw("run-fail/too-few-bytes", "<i", 7)
raw("run-fail/an-index-without-a-label", "<I", 3)
text = pathlib.Path("run-pass/a-text")
text.mkdir(parents=True, exist_ok=True)
(text / "input.bin").write_bytes('say "ä"\n\ttwice'.encode())

colours = [[(255, 0, 0), (0, 255, 0)], [(0, 0, 255), (10, 20, 30)]]
for case in ("run-pass/pixel-formats", "run-pass/kinds-and-types-in-any-case"):
    pathlib.Path(case).mkdir(parents=True, exist_ok=True)
    png(pathlib.Path(case) / "picture.png", colours)
sound = pathlib.Path("run-pass/sound-and-acceleration")
sound.mkdir(parents=True, exist_ok=True)
wav(sound / "sound.wav", 8000, [n * 100 - 400 for n in range(9)])
(sound / "moves.csv").write_text("0.5,-1,2\n1.25,0,-3e-1\n")
seed = pathlib.Path("run-pass/random-numbers-by-seed")
seed.mkdir(parents=True, exist_ok=True)
(seed / "seed.rand").write_text("7\n")
