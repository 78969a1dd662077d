#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes golden_custom.json: what custom operators of TensorFlow Lite give, by
the loops their specifications describe, in Python integers and numpy's float32.

    src/import/tflite/testdata/make_golden_custom.py
"""
import json
import math
import pathlib
import random

import numpy as np

F = np.float32


def overlap(a, b):
    area_a = F(F(a[2] - a[0]) * F(a[3] - a[1]))
    area_b = F(F(b[2] - b[0]) * F(b[3] - b[1]))
    if area_a <= 0 or area_b <= 0:
        return F(0)
    height = max(F(min(a[2], b[2]) - max(a[0], b[0])), F(0))
    width = max(F(min(a[3], b[3]) - max(a[1], b[1])), F(0))
    both = F(height * width)
    return F(both / F(F(area_a + area_b) - both))


def suppressed(boxes, scores, most, options):
    """Boxes in the order in which they are taken."""
    least, limit = F(options["nms_score_threshold"]), F(options["nms_iou_threshold"])
    order = sorted((i for i in range(len(scores)) if scores[i] >= least),
                   key=lambda i: -scores[i])
    taken = []
    for i in order:
        if len(taken) == most:
            break
        if all(overlap(boxes[i], boxes[j]) <= limit for j in taken):
            taken.append(i)
    return taken


def decode(box, anchor, options):
    f = [float(v) for v in box[:4]]
    a = [float(v) for v in anchor]
    y = F(f[0] / float(F(options["y_scale"])) * a[2] + a[0])
    x = F(f[1] / float(F(options["x_scale"])) * a[3] + a[1])
    h = F(0.5 * math.exp(f[2] / float(F(options["h_scale"]))) * a[2])
    w = F(0.5 * math.exp(f[3] / float(F(options["w_scale"]))) * a[3])
    return [F(y - h), F(x - w), F(y + h), F(x + w)]


def detect(encoded, scores, anchors, options):
    boxes = [decode(e, a, options) for e, a in zip(encoded, anchors)]
    classes = options["num_classes"]
    scores = [row[len(row) - classes:] for row in scores]
    detections, each = options["max_detections"], options["max_classes_per_detection"]
    rows = detections * each
    out = [[[F(0)] * 4 for _ in range(rows)], [F(0)] * rows, [F(0)] * rows]
    if options.get("use_regular_nms"):
        found = []
        for c in range(classes):
            column = [row[c] for row in scores]
            for i in suppressed(boxes, column, options.get("detections_per_class", 100), options):
                found.append((column[i], i, c))
        found.sort(key=lambda entry: -entry[0])  # stable
        found = found[:detections]
        for at, (score, i, c) in enumerate(found):
            out[0][at], out[1][at], out[2][at] = boxes[i], F(c), score
        return out + [[F(len(found))]]
    kept = min(each, classes)
    best = [sorted(range(classes), key=lambda c: -row[c])[:kept] for row in scores]
    taken = suppressed(boxes, [row[b[0]] for row, b in zip(scores, best)], detections, options)
    for at, i in enumerate(taken):
        for column, c in enumerate(best[i]):
            place = at * each + column
            out[0][place], out[1][place], out[2][place] = boxes[i], F(c), scores[i][c]
    return out + [[F(len(taken))]]


def floats(values):
    return [float(v) for v in np.array(values, dtype=F).reshape(-1)]


def detection(name, boxes, classes, seed, quantized=False, background=1, ties=False, **changed):
    random.seed(seed)
    options = {"max_detections": 4, "max_classes_per_detection": 1, "num_classes": classes,
               "nms_score_threshold": 0.25, "nms_iou_threshold": 0.5, "y_scale": 10.0,
               "x_scale": 10.0, "h_scale": 5.0, "w_scale": 5.0, **changed}
    anchors = [[F(random.random()), F(random.random()), F(.3 + random.random()), F(.3 + random.random())]
               for _ in range(boxes)]
    case = {"name": name, "boxes": boxes, "classes": classes + background, "options": options}
    if quantized:
        lowest = -128 if quantized == "i8" else 0
        scale = {"boxes": (0.05, 128 + lowest), "scores": (1 / 256, lowest), "anchors": (0.01, lowest)}
        ints = {"boxes": [[random.randrange(256) + lowest for _ in range(4)] for _ in range(boxes)],
                "scores": [[random.randrange(256) + lowest for _ in range(classes + background)]
                           for _ in range(boxes)],
                "anchors": [[random.randrange(30, 130) + lowest for _ in range(4)] for _ in range(boxes)]}
        real = {key: [[F(F(v - scale[key][1]) * F(scale[key][0])) for v in row] for row in rows]
                for key, rows in ints.items()}
        case |= {"type": quantized, "scale": scale,
                 "inputs": {key: [v for row in rows for v in row] for key, rows in ints.items()}}
    else:
        real = {"boxes": [[F(random.uniform(-2, 2)) for _ in range(4)] for _ in range(boxes)],
                "scores": [[F(random.randrange(8) / 8 if ties else random.random())
                            for _ in range(classes + background)] for _ in range(boxes)],
                "anchors": anchors}
        case |= {"type": "f32", "inputs": {key: floats(rows) for key, rows in real.items()}}
    result = detect(real["boxes"], real["scores"], real["anchors"], options)
    case["outputs"] = [floats(part) for part in result]
    return case


class Ring:
    """A buffer of so many samples, as the reference kernels keep it."""

    def __init__(self, capacity):
        self.capacity, self.items = capacity, []

    def write(self, values):
        assert len(self.items) + len(values) <= self.capacity
        self.items += values

    def get(self, count):
        return self.items[:count]

    def discard(self, count):
        assert count <= len(self.items)
        self.items = self.items[count:]


def samples(count):
    return [random.randrange(-32768, 32768) for _ in range(count)]


def delay(rows, frame, length, runs):
    rings = [Ring(frame + length) for _ in range(rows)]
    for ring in rings:
        ring.write([0] * length)
    steps = []
    for _ in range(runs):
        x, y = samples(rows * frame), []
        for row, ring in enumerate(rings):
            ring.write(x[row * frame:(row + 1) * frame])
            y += ring.get(frame)
            ring.discard(frame)
        steps.append({"input": x, "outputs": [y]})
    return {"operator": "SignalDelay", "input": [rows, frame], "output": [[rows, frame]],
            "options": {"delay_length": length}, "runs": steps}


def framer(rows, size, step, prefill, frames, runs):
    rings = [Ring((size + step - 1) // step * step) for _ in range(rows)]
    if prefill:
        for ring in rings:
            ring.write([0] * (size - step))
    steps = []
    for _ in range(runs):
        x, y, valid = samples(rows * frames * step), [], True
        for row, ring in enumerate(rings):
            for frame in range(frames):
                start = (row * frames + frame) * step
                ring.write(x[start:start + step])
                if len(ring.items) >= size:
                    y += ring.get(size)
                    ring.discard(step)
                else:
                    y += [None] * size  # not written
                    valid = False
        steps.append({"input": x, "outputs": [y, [int(valid)]]})
    return {"operator": "SignalFramer", "input": [rows, frames * step],
            "output": [[rows, frames, size], []],
            "options": {"frame_size": size, "frame_step": step, "prefill": bool(prefill)}, "runs": steps}


def stacker(channels, left, right, step, runs):
    whole = channels * (left + right + 1)
    ring, begun, steps = Ring(whole), False, []
    for _ in range(runs):
        x = samples(channels)
        ring.write(x)
        if not begun:
            ring.write(x * left)
            begun = True
        valid = len(ring.items) >= whole
        y = ring.get(whole) if valid else [None] * whole
        if valid:
            ring.discard(channels * step)
        steps.append({"input": x, "outputs": [y, [int(valid)]]})
    return {"operator": "SignalStacker", "input": [channels], "output": [[whole], []],
            "options": {"num_channels": channels, "stacker_left_context": left,
                        "stacker_right_context": right, "stacker_step": step}, "runs": steps}


def overlap_add(rows, frames, size, step, runs):
    buffers = [[0] * size for _ in range(rows)]
    steps = []
    for _ in range(runs):
        x, y = samples(rows * frames * size), []
        for row in range(rows):
            for frame in range(frames):
                start = (row * frames + frame) * size
                sums = [max(-32768, min(32767, a + b))
                        for a, b in zip(x[start:start + size], buffers[row])]
                y += sums[:step]
                buffers[row] = sums[step:] + [0] * step
        steps.append({"input": x, "outputs": [y]})
    return {"operator": "SignalOverlapAdd", "input": [rows, frames, size],
            "output": [[rows, frames * step]], "options": {"T": 7, "frame_step": step}, "runs": steps}


random.seed(20)
golden = {
    "detection": [
        detection("fast", 12, 3, 1),
        detection("fast, fewer boxes than detections", 3, 2, 2, max_detections=8),
        detection("fast, nothing above the threshold", 5, 2, 3, nms_score_threshold=2.0),
        detection("fast, two classes for each box", 10, 3, 4, max_classes_per_detection=2),
        detection("fast, more classes asked for than there are", 6, 2, 5, max_classes_per_detection=3),
        detection("fast, equal scores", 16, 4, 6, ties=True, max_classes_per_detection=2),
        detection("fast, without a background", 9, 3, 7, background=0),
        detection("fast, u8", 14, 3, 8, quantized="u8"),
        detection("fast, i8", 14, 3, 9, quantized="i8"),
        detection("regular", 12, 3, 10, use_regular_nms=True),
        detection("regular, few of each class", 16, 3, 11, use_regular_nms=True,
                  detections_per_class=1, max_detections=6),
        detection("regular, equal scores", 16, 4, 12, ties=True, use_regular_nms=True, max_detections=10),
        detection("regular, u8", 14, 3, 13, quantized="u8", use_regular_nms=True,
                  max_classes_per_detection=2),
    ],
    "signal": [
        delay(1, 4, 3, 4), delay(2, 3, 7, 5), delay(1, 4, 0, 2),
        framer(1, 5, 2, 1, 3, 3), framer(2, 5, 2, 0, 1, 6), framer(1, 6, 3, 0, 2, 3), framer(1, 4, 4, 0, 2, 2),
        stacker(3, 2, 1, 2, 9), stacker(2, 0, 2, 3, 9), stacker(2, 3, 0, 1, 4), stacker(2, 0, 0, 1, 2),
        overlap_add(1, 2, 5, 2, 3), overlap_add(2, 3, 4, 4, 2),
    ],
}
path = pathlib.Path(__file__).with_name("golden_custom.json")
path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
