#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes tests/verify/cases: one model with stored data, once right and once wrong.

Needs python3-onnx and python3-numpy (group `train`). Run it from this folder.
"""
import pathlib

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

x = numpy.array([[-1.5, 0.0, 2.0]], dtype=numpy.float32)
b = numpy.array([0.5, 0.25, -3.0], dtype=numpy.float32)
right = numpy.maximum(x + b, 0)
wrong = right.copy()
wrong[0, 1] += 0.125

graph = helper.make_graph(
    [helper.make_node("Add", ["x", "b"], ["sum"]), helper.make_node("Relu", ["sum"], ["y"])],
    "add_relu",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])],
    [numpy_helper.from_array(b, "b")],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="")
model.ir_version = 7
onnx.checker.check_model(model)

for name, outputs in {"right": [right], "wrong": [right, wrong]}.items():
    case = pathlib.Path("cases") / name
    case.mkdir(parents=True, exist_ok=True)
    (case / "model.onnx").write_bytes(model.SerializeToString())
    for number, output in enumerate(outputs):
        data = case / f"test_data_set_{number}"
        data.mkdir(exist_ok=True)
        (data / "input_0.pb").write_bytes(numpy_helper.from_array(x, "x").SerializeToString())
        (data / "output_0.pb").write_bytes(numpy_helper.from_array(output, "y").SerializeToString())
