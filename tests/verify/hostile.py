#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models that mean harm, and real ones that end too early: what `rune` does.

    tests/verify/hostile.py RUNE SCRATCH [--truncate FILE...] [--bars]

Each model is imported (`rune model-info`), and run if it has inputs (`rune verify`
with a time and a memory limit). It must end with a message: exit status 0 or 1 and
something on stdout or stderr, never a signal. Prints each run's time and peak memory,
the worst last; with --bars more than a second or 200 MB is a failure too (for a release
build on an idle machine). --truncate also cuts these files at every 64th byte.

Needs nothing but Python; the bytes of ONNX come from src/import/fuzz_seeds.
"""
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "src/import/fuzz_seeds"))
from make_onnx_seeds import (BOOL, FLOAT, INT64, Graph, chunk, function, model, node,  # noqa: E402
                             number, own, tensor, value)

MOST, LEAST = (1 << 63) - 1, -(1 << 63)
SECONDS, BYTES = 1.0, 200 << 20


def one(op, inputs=("x",), opset=17, initializers=(), x=(2, 3), kind=FLOAT, **attributes):
    """A model of one node on one input of six numbers."""
    return (model(opset, [node(op, list(inputs), ["y"], **attributes)],
                  [value("x", list(x), kind)], ["y"], initializers),
            [tensor("x", list(x), [1] * (x[0] * (x[1] if len(x) > 1 else 1)), kind)])


def longs(name, values):
    return tensor(name, [len(values)], values, INT64)


def scalar(name, item):
    return tensor(name, [], [item], INT64)


def outside(location, offset=None, length=None):
    data = number(1, 4) + number(2, FLOAT) + chunk(8, "w")
    for key, item in (("location", location), ("offset", offset), ("length", length)):
        if item is not None:
            data += chunk(13, chunk(1, key) + chunk(2, str(item)))
    data += number(14, 1)
    return model(17, [node("Add", ["x", "w"], ["y"])], [value("x", [4])], ["y"], [data])


def body(nodes, carried, outputs):
    return Graph("body", [node("Identity", ["c"], ["d"]), *nodes],
                 [value("i", [], INT64), value("c", [], BOOL), *carried], ["d", *outputs])


def looped(nodes, shape, trips=1 << 62):
    return (model(17, [node("Loop", ["trips", "", "x"], ["y"],
                            body=body(nodes, [value("v", shape)], ["w"]))],
                  [value("x", [4])], ["y"], [scalar("trips", trips)]),
            [tensor("x", [4], [1.0] * 4)])


def nested(depth):
    inner = [node("Relu", ["x"], ["r0"])]
    for level in range(1, depth):
        inner = [node("If", ["c"], [f"r{level}"],
                      then_branch=Graph("a", inner, [], [f"r{level - 1}"]),
                      else_branch=Graph("b", [node("Relu", ["x"], ["e"])], [], ["e"]))]
    return model(17, inner, [value("x", [4]), value("c", [], BOOL)], [f"r{depth - 1}"])


def doubling(levels):
    """Functions that each call the one before twice: 2^levels nodes."""
    functions = [function("F0", ["a"], ["b"], [node("Relu", ["a"], ["b"])])]
    for level in range(1, levels):
        call = [own(node(f"F{level - 1}", ["a"], ["m"])), own(node(f"F{level - 1}", ["m"], ["b"]))]
        data = function(f"F{level}", ["a"], ["b"], call) + chunk(9, chunk(1, "own") + number(2, 1))
        functions.append(data)
    return model(17, [own(node(f"F{levels - 1}", ["x"], ["y"]))], [value("x", [4])], ["y"],
                 functions=functions)


def recursive():
    call = function("F", ["a"], ["b"], [own(node("F", ["a"], ["b"]))])
    return model(17, [own(node("F", ["x"], ["y"]))], [value("x", [4])], ["y"],
                 functions=[call + chunk(9, chunk(1, "own") + number(2, 1))])


def cases():
    """(name, bytes of the model, inputs of a run or None)"""
    imports = {
        "sizes_overflow": model(17, [node("Relu", ["x"], ["y"])],
                                [value("x", [1 << 62, 1 << 62, 4])], ["y"]),
        "many_dimensions": model(17, [node("Relu", ["x"], ["y"])], [value("x", [1] * 5000)], ["y"]),
        "weights_of_2_to_40": model(17, [node("Add", ["x", "w"], ["y"])], [value("x", [4])], ["y"],
                                    [number(1, 1 << 40) + number(2, FLOAT) + chunk(8, "w")
                                     + chunk(9, b"abcd")]),
        "weights_of_negative_size": model(17, [node("Add", ["x", "w"], ["y"])], [value("x", [4])],
                                          ["y"], [tensor("w", [-4], [1.0])]),
        "weights_overflow": model(17, [node("Add", ["x", "w"], ["y"])], [value("x", [4])], ["y"],
                                  [tensor("w", [1 << 32, 1 << 32, 1 << 32], [1.0])]),
        "outside_above": outside("../../../../../../etc/passwd"),
        "outside_absolute": outside("/etc/passwd"),
        "outside_missing": outside("nothing.bin"),
        "outside_beyond": outside("model.onnx", 1 << 40, 16),
        "outside_overflow": outside("model.onnx", MOST, MOST),
        "outside_negative": outside("model.onnx", -8, 16),
        "cycle_of_one": model(17, [node("Add", ["x", "y"], ["y"])], [value("x", [4])], ["y"]),
        "cycle_of_two": model(17, [node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"])],
                              [value("x", [4])], ["b"]),
        "if_40_deep": nested(40),
        "if_400_deep": nested(400),
        "function_of_itself": recursive(),
        "functions_2_to_40": doubling(40),
        "lstm_of_2_to_62": model(17, [node("LSTM", ["x", "w", "r"], ["y"], hidden_size=1 << 62)],
                                 [value("x", [1, 1, 1]), value("w", [1, 4, 1]),
                                  value("r", [1, 4, 1])], ["y"]),
        "names_of_2_to_20": model(17, [node("Relu", ["x"], ["y" * (1 << 20)])], [value("x", [4])],
                                  ["y" * (1 << 20)]),
        "nodes_2_to_16": model(17, [node("Relu", [f"v{i}" if i else "x"], [f"v{i + 1}"])
                                    for i in range(1 << 16)], [value("x", [4])], ["v65536"]),
    }
    for name, data in imports.items():
        yield name, data, None
    runs = {
        "gather_high": one("Gather", ("x", "i"), initializers=[longs("i", [MOST])]),
        "gather_low": one("Gather", ("x", "i"), initializers=[longs("i", [LEAST])]),
        "gather_nd": one("GatherND", ("x", "i"), initializers=[longs("i", [LEAST, MOST])]),
        "gather_elements": one("GatherElements", ("x", "i"),
                               initializers=[tensor("i", [1, 1], [MOST], INT64)]),
        "scatter_nd": one("ScatterND", ("x", "i", "u"), initializers=[
            tensor("i", [1, 2], [MOST, LEAST], INT64), tensor("u", [1], [1.0])]),
        "scatter_elements": one("ScatterElements", ("x", "i", "u"), initializers=[
            tensor("i", [1, 1], [LEAST], INT64), tensor("u", [1, 1], [1.0])]),
        "slice": one("Slice", ("x", "s", "e", "a", "p"), initializers=[
            longs("s", [LEAST]), longs("e", [MOST]), longs("a", [0]), longs("p", [LEAST])]),
        "slice_step_0": one("Slice", ("x", "s", "e", "a", "p"), initializers=[
            longs("s", [0]), longs("e", [1]), longs("a", [0]), longs("p", [0])]),
        "expand_2_to_40": one("Expand", ("x", "s"), initializers=[longs("s", [1 << 40, 2, 3])]),
        "expand_2_to_62": one("Expand", ("x", "s"), initializers=[longs("s", [1 << 62, 2, 3])]),
        "expand_200_mb": one("Expand", ("x", "s"), initializers=[longs("s", [1 << 23, 2, 3])]),
        "tile": one("Tile", ("x", "r"), initializers=[longs("r", [1 << 62, 1 << 62])]),
        "pad": one("Pad", ("x", "p"), initializers=[longs("p", [MOST, MOST, MOST, MOST])]),
        "pad_2_to_34": one("Pad", ("x", "p"), initializers=[longs("p", [1 << 34, 0, 0, 0])]),
        "reshape": one("Reshape", ("x", "s"), initializers=[longs("s", [MOST, -1])]),
        "resize": one("Resize", ("x", "", "s"),
                      initializers=[tensor("s", [2], [1e30, 1e30])]),
        "resize_nan": one("Resize", ("x", "", "s"),
                          initializers=[tensor("s", [2], [float("nan"), -1.0])]),
        "top_k": one("TopK", ("x", "k"), initializers=[longs("k", [MOST])]),
        "split": one("Split", ("x", "s"), initializers=[longs("s", [LEAST])]),
        "one_hot": one("OneHot", ("x", "d", "v"), kind=INT64, initializers=[
            longs("d", [1 << 60]), tensor("v", [2], [0.0, 1.0])]),
        "constant_of_shape": one("ConstantOfShape", x=(2,), kind=INT64),
        "range": (model(17, [node("Range", ["a", "x", "d"], ["y"])], [value("x", [], INT64)], ["y"],
                        [scalar("a", 0), scalar("d", 1)]), [scalar("x", 1 << 61)]),
        "random": one("RandomNormalLike", dtype=1, x=(2, 3)),
        "einsum": one("Einsum", ("x", "x"), equation="ab,cd->abcdabcdabcd"),
        "conv_strides": (model(17, [node("Conv", ["x", "w"], ["y"], strides=[MOST, MOST],
                                         dilations=[MOST, MOST], pads=[MOST] * 4)],
                               [value("x", [1, 1, 4, 4])], ["y"],
                               [tensor("w", [1, 1, 2, 2], [1.0] * 4)]),
                         [tensor("x", [1, 1, 4, 4], [1.0] * 16)]),
        "conv_pads_2_to_20": (model(17, [node("Conv", ["x", "w"], ["y"], pads=[1 << 20] * 4)],
                                    [value("x", [1, 1, 4, 4])], ["y"],
                                    [tensor("w", [1, 1, 2, 2], [1.0] * 4)]),
                              [tensor("x", [1, 1, 4, 4], [1.0] * 16)]),
        "pool": (model(17, [node("AveragePool", ["x"], ["y"], kernel_shape=[1 << 20, 1 << 20],
                                 pads=[(1 << 20) - 1] * 4)], [value("x", [1, 1, 4, 4])], ["y"]),
                 [tensor("x", [1, 1, 4, 4], [1.0] * 16)]),
        "window": (model(17, [node("HannWindow", ["x"], ["y"])], [value("x", [], INT64)], ["y"]),
                   [scalar("x", 1 << 50)]),
        "mel": (model(17, [node("MelWeightMatrix", ["x", "x", "x", "l", "h"], ["y"])],
                      [value("x", [], INT64)], ["y"],
                      [tensor("l", [], [0.0]), tensor("h", [], [1.0])]), [scalar("x", 1 << 30)]),
        "dft": one("DFT", ("x", "n"), x=(2, 3), initializers=[scalar("n", 1 << 40)]),
        "loop_2_to_62": looped([node("Relu", ["v"], ["w"])], [4]),
        "loop_that_grows": looped([node("Concat", ["v", "v"], ["w"], axis=0)], ["n"]),
        "loop_in_loop": looped([node("Loop", ["trips", "", "v"], ["w"],
                                     body=body([node("Relu", ["u"], ["z"])],
                                               [value("u", [4])], ["z"]))], [4], 1 << 31),
        "sequence_that_grows": (model(17, [
            node("SequenceEmpty", [], ["e"]),
            node("Loop", ["trips", "", "e"], ["q"],
                 body=Graph("body", [node("Identity", ["c"], ["d"]),
                                     node("SequenceInsert", ["v", "x"], ["w"])],
                            [value("i", [], INT64), value("c", [], BOOL),
                             chunk(1, "v") + chunk(2, chunk(4, chunk(1, chunk(1, number(1, FLOAT)))))],
                            ["d", "w"])),
            node("SequenceLength", ["q"], ["y"])],
            [value("x", [4])], ["y"], [scalar("trips", 1 << 62)]), [tensor("x", [4], [1.0] * 4)]),
    }
    for name, (data, inputs) in runs.items():
        yield name, data, inputs


class Judge:
    def __init__(self, rune, bars):
        self.rune, self.bars = rune, bars
        self.failed = 0
        self.runs = 0
        self.slowest = self.largest = (0, "")

    def run(self, name, arguments, quiet=False):
        begin = time.monotonic()
        process = subprocess.Popen([self.rune, *arguments], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = usage.ru_utime + usage.ru_stime
        size = usage.ru_maxrss << 10
        self.runs += 1
        self.slowest = max(self.slowest, (seconds, name))
        self.largest = max(self.largest, (size, name))
        why = ""
        if process.returncode not in (0, 1):
            why = f"exit status {process.returncode}"
        elif not output:
            why = "no message"
        elif self.bars and (seconds > SECONDS or size > BYTES):
            why = "over the bar"
        self.failed += bool(why)
        if why or not quiet:
            line = next((text for text in output.decode(errors="replace").splitlines()
                         if "error" in text or "evaluate." in text or "differ" in text), "")
            print(f"{name:24} {seconds:6.2f} s {time.monotonic() - begin:6.2f} s wall "
                  f"{size >> 20:4} MB  {why or line.strip()[:110]}")


def main():
    arguments = sys.argv[1:]
    bars = "--bars" in arguments
    arguments = [text for text in arguments if text != "--bars"]
    truncated = []
    if "--truncate" in arguments:
        at = arguments.index("--truncate")
        truncated = arguments[at + 1:]
        arguments = arguments[:at]
    rune, scratch = arguments[0], pathlib.Path(arguments[1])
    judge = Judge(rune, bars)
    for name, data, inputs in cases():
        folder = scratch / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "model.onnx").write_bytes(data)
        judge.run(name, ["model-info", str(folder / "model.onnx")], quiet=inputs is not None)
        if inputs is None:
            continue
        for index, item in enumerate(inputs):
            (folder / f"input_{index}.pb").write_bytes(item)
        (folder / "output_0.pb").write_bytes(tensor("y", [1], [0.0]))
        judge.run(name, ["verify", str(folder / "model.onnx"), "--data", str(folder),
                         "--timeout", "900ms", "--memory-limit", "128M"])
    for path in truncated:
        whole = pathlib.Path(path).read_bytes()
        part = scratch / ("truncated" + pathlib.Path(path).suffix)
        verb = "inspect" if path.endswith(".rune") else "model-info"
        for size in range(0, len(whole), 64):
            part.write_bytes(whole[:size])
            judge.run(f"{pathlib.Path(path).name}:{size}", [verb, str(part)], quiet=True)
    print(f"{judge.runs} runs, {judge.failed} failed; most time {judge.slowest[0]:.2f} s "
          f"({judge.slowest[1]}), most memory {judge.largest[0] >> 20} MB ({judge.largest[1]})")
    return 1 if judge.failed else 0


if __name__ == "__main__":
    sys.exit(main())
