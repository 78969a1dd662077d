# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Train the digit reader of this example and write everything that goes with it.

The data are the 1797 handwritten digits bundled with scikit-learn, so nothing
is downloaded. A stratified fifth of them is held out as the test split; it is
used neither for training nor for choosing the model.

Every image is first drawn as a larger picture, white ink on black, and then
goes the way the Rune sends it:

    PNG -> RGB -> Catmull-Rom resize to the model's size -> v / 255 -> model

Pillow's BICUBIC filter is the Catmull-Rom kernel (a = -0.5), widened when it
makes an image smaller.

    python3 train.py             train, then write model.onnx, images/*.png,
                                 accuracy.json and expected.json
    python3 train.py --compare   write nothing; train once per candidate size on
                                 part of the training split and report accuracy
                                 on the rest (this is how SIZE was chosen)

The run is seeded and uses one thread: on the same machine with the same
package versions it writes the same bytes.
"""

import argparse
import io
import json
import platform
from pathlib import Path

import numpy as np
import onnx
import PIL
import sklearn
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

SEED = 2022
SIZE = 28  # side of the model's input, see --compare
EPOCHS = 60
BATCH = 64
CANVAS = 64  # side of the pictures the model is trained on

# Channels of the three convolutions for each candidate input size; each choice
# keeps the file under 100 KB.
CHANNELS = {8: (16, 32, 40), 16: (16, 32, 32), 28: (8, 16, 32)}

ALLOWED_OPERATORS = {
    "Add", "AveragePool", "BatchNormalization", "Clip", "Concat", "Constant",
    "Conv", "Flatten", "Gemm", "GlobalAveragePool", "Identity", "MatMul",
    "MaxPool", "Pad", "Relu", "Reshape", "Softmax", "Transpose",
}
MAX_MODEL_BYTES = 100_000


# --------------------------------------------------------------------------
# Pictures


def draw(digit, width=CANVAS, height=CANVAS, crispness=1.0):
    """Draw one 8x8 digit (values 0..16) as white ink on black, u8[height, width].

    A black frame, one of the digit's pixels wide, keeps the ink off the border.
    The upscaling is bicubic; `crispness` blends in a contrast curve that turns
    the soft edges which upscaling leaves into strokes.
    """
    framed = np.pad(digit, 1) * (255.0 / 16.0)
    small = Image.fromarray(framed.astype(np.float32), mode="F")
    ink = np.asarray(small.resize((width, height), Image.Resampling.BICUBIC)) / 255.0
    ink = np.clip(ink, 0.0, 1.0)
    edge = np.clip((ink - 0.2) / 0.6, 0.0, 1.0)
    ink = (1.0 - crispness) * ink + crispness * edge * edge * (3.0 - 2.0 * edge)
    return np.rint(255.0 * ink).astype(np.uint8)


def as_png(pixels):
    """Encode u8[h, w] or u8[h, w, 3] as the bytes of a PNG file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG", optimize=True)
    return file.getvalue()


def read_picture(png, size):
    """Do what the IMAGE capability does: u8[size, size, 3] from a PNG's bytes."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    return np.asarray(picture.resize((size, size), Image.Resampling.BICUBIC))


def normalize(pixels):
    """Do what the image-normalization block does: u8 to f32 in 0..1."""
    return pixels.astype(np.float32) / np.float32(255.0)


def through_real_path(digits, size, width=CANVAS, height=CANVAS):
    """f32[n, size, size, 3] for 8x8 digits that were written to PNG and read back."""
    return np.stack([
        normalize(read_picture(as_png(draw(digit, width, height)), size))
        for digit in digits
    ])


# --------------------------------------------------------------------------
# Model


class DigitReader(nn.Module):
    """f32[batch, size, size, 3] in 0..1 to ten logits (or probabilities)."""

    def __init__(self, size):
        super().__init__()
        a, b, c = CHANNELS[size]
        # Learns the input's mean and spread. No convolution stands before it,
        # so it stays a BatchNormalization in the exported file.
        self.scale = nn.BatchNorm2d(3)
        # The exporter folds these batch normalizations into their convolutions.
        self.conv1 = nn.Conv2d(3, a, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(a)
        self.conv2 = nn.Conv2d(a, b, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(b)
        self.conv3 = nn.Conv2d(b, c, 3, padding=1, bias=False)
        self.norm3 = nn.BatchNorm2d(c)
        self.drop = nn.Dropout(0.3)
        self.read = nn.Linear(c * (size // 4) ** 2, 10)

    def logits(self, x):
        x = x.permute(0, 3, 1, 2)  # NHWC, as the image arrives, to NCHW
        x = self.scale(x)
        x = F.max_pool2d(F.relu(self.norm1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.norm2(self.conv2(x))), 2)
        x = F.relu(self.norm3(self.conv3(x)))
        return self.read(self.drop(torch.flatten(x, 1)))

    def forward(self, x):
        return torch.softmax(self.logits(x), dim=1)


def augment(crisp, soft, size, random):
    """Vary a batch of CANVAS x CANVAS pictures in 0..1; return model inputs.

    Shift, scale, rotation and shear; softer and crisper edges; thicker and
    thinner strokes; lower contrast; a slight tint; noise.
    """
    n = len(crisp)

    def uniform(low, high, *shape):
        return low + (high - low) * torch.rand(*shape, generator=random)

    blend = uniform(0.0, 1.0, n, 1, 1, 1)
    x = blend * crisp + (1.0 - blend) * soft

    angle = uniform(-0.20, 0.20, n)
    shear = uniform(-0.15, 0.15, n)
    wide, tall = uniform(0.85, 1.25, n), uniform(0.85, 1.25, n)
    cos, sin = torch.cos(angle), torch.sin(angle)
    warp = torch.zeros(n, 2, 3)
    warp[:, 0, 0], warp[:, 0, 1] = wide * cos, wide * (shear - sin)
    warp[:, 1, 0], warp[:, 1, 1] = tall * sin, tall * cos
    warp[:, :, 2] = uniform(-0.15, 0.15, n, 2)
    grid = F.affine_grid(warp, list(x.shape), align_corners=False)
    x = F.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)

    x = x.clamp(0.0, 1.0) ** uniform(0.6, 1.6, n, 1, 1, 1)
    x = F.interpolate(x, (size, size), mode="bicubic", antialias=True, align_corners=False)
    black, white = uniform(0.0, 0.10, n, 1, 1, 1), uniform(0.70, 1.0, n, 1, 1, 1)
    x = black + (white - black) * x.clamp(0.0, 1.0)
    x = x * uniform(0.8, 1.0, n, 3, 1, 1)
    x = x + 0.02 * torch.randn(n, 1, size, size, generator=random)
    x = torch.round(255.0 * x.clamp(0.0, 1.0)) / 255.0
    return x.permute(0, 2, 3, 1).contiguous()


def train(digits, labels, size, seed, epochs):
    """Train one model; the number of epochs is fixed, so nothing is picked by eye."""
    torch.manual_seed(seed)
    random = torch.Generator().manual_seed(seed)

    def pictures(crispness):
        drawn = np.stack([draw(digit, crispness=crispness) for digit in digits])
        return torch.from_numpy(drawn).float().div(255.0).unsqueeze(1)

    crisp, soft, target = pictures(1.0), pictures(0.0), torch.from_numpy(labels)
    model = DigitReader(size)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-2)
    steps = epochs * (len(digits) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 6e-3, total_steps=steps)
    for epoch in range(epochs):
        model.train()
        total = 0.0
        order = torch.randperm(len(digits), generator=random)
        for i in range(len(digits) // BATCH):
            pick = order[i * BATCH:(i + 1) * BATCH]
            x = augment(crisp[pick], soft[pick], size, random)
            loss = F.cross_entropy(model.logits(x), target[pick], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        if epoch % 10 == 9:
            print(f"  epoch {epoch + 1:3d}/{epochs}: loss {total / (i + 1):.4f}", flush=True)
    return model.eval()


# --------------------------------------------------------------------------
# The exported file


def export(model, path, size):
    torch.onnx.export(
        model, torch.zeros(1, size, size, 3), str(path), opset_version=13,
        input_names=["image"], output_names=["probabilities"],
        dynamic_axes={"image": {0: "batch"}, "probabilities": {0: "batch"}},
    )
    file = onnx.load(str(path))
    onnx.checker.check_model(file, full_check=True)
    operators = [node.op_type for node in file.graph.node]
    unexpected = set(operators) - ALLOWED_OPERATORS
    if unexpected:
        raise SystemExit(f"unexpected operators in the exported graph: {sorted(unexpected)}")
    if path.stat().st_size > MAX_MODEL_BYTES:
        raise SystemExit(f"the model takes {path.stat().st_size} bytes")
    return file, operators


def windows(x, kernel, stride):
    """[n, c, oh, ow, kh, kw]: what a kernel sees at each of its places."""
    view = np.lib.stride_tricks.sliding_window_view(x, tuple(kernel), axis=(2, 3))
    return view[:, :, ::stride[0], ::stride[1]]


def evaluate(file, x):
    """Evaluate the exported graph with NumPy only.

    Independent of PyTorch: it reads the weights and attributes from the ONNX
    file. It knows just the operators and attributes this model uses.
    """
    values = {t.name: numpy_helper.to_array(t) for t in file.graph.initializer}
    values[file.graph.input[0].name] = x
    for node in file.graph.node:
        at = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        v = [values[name] for name in node.input]
        if node.op_type == "Transpose":
            out = v[0].transpose(at["perm"])
        elif node.op_type == "BatchNormalization":
            scale, bias, mean, var = (p[:, None, None] for p in v[1:])
            out = (v[0] - mean) / np.sqrt(var + np.float32(at["epsilon"])) * scale + bias
        elif node.op_type == "Conv":
            assert at["group"] == 1 and at["dilations"] == [1, 1]
            top, left, bottom, right = at["pads"]
            padded = np.pad(v[0], ((0, 0), (0, 0), (top, bottom), (left, right)))
            seen = windows(padded, at["kernel_shape"], at["strides"])
            out = np.einsum("ncyxkl,ockl->noyx", seen, v[1], optimize=True)
            out = out + v[2][:, None, None]
        elif node.op_type == "Relu":
            out = np.maximum(v[0], 0)
        elif node.op_type == "MaxPool":
            assert not any(at.get("pads", [])) and not at.get("ceil_mode", 0)
            out = windows(v[0], at["kernel_shape"], at["strides"]).max(axis=(4, 5))
        elif node.op_type == "Flatten":
            assert at["axis"] == 1
            out = v[0].reshape(len(v[0]), -1)
        elif node.op_type == "Gemm":
            assert at["alpha"] == at["beta"] == at["transB"] == 1
            out = v[0] @ v[1].T + v[2]
        elif node.op_type == "Softmax":
            assert at["axis"] in (1, -1)
            power = np.exp(v[0] - v[0].max(axis=1, keepdims=True))
            out = power / power.sum(axis=1, keepdims=True)
        else:
            raise SystemExit(f"evaluate() does not know {node.op_type}")
        values[node.output[0]] = out.astype(np.float32)
    return values[file.graph.output[0].name]


def multiply_accumulates(size):
    a, b, c = CHANNELS[size]
    half, quarter = size // 2, size // 4
    return (9 * (3 * a * size ** 2 + a * b * half ** 2 + b * c * quarter ** 2)
            + 10 * c * quarter ** 2)


# --------------------------------------------------------------------------
# Commands


def predict(model, x):
    with torch.no_grad():
        logits = model.logits(torch.from_numpy(x))
    return logits.numpy(), torch.softmax(logits, dim=1).numpy()


def compare(digits, labels, seed, epochs):
    """Hold out a fifth of the training split and try each input size on it."""
    fit, check = train_test_split(
        np.arange(len(labels)), test_size=0.2, stratify=labels, random_state=seed)
    for size in CHANNELS:
        print(f"input {size}x{size}, {multiply_accumulates(size)} multiply-accumulates")
        right = []
        for run in range(3):
            model = train(digits[fit], labels[fit], size, seed + run, epochs)
            for side in (28, 64, 100):
                x = through_real_path(digits[check], size, side, side)
                hits = predict(model, x)[1].argmax(1) == labels[check]
                right.append(int(hits.sum()))
        print(f"  right of {len(check)}, PNGs of 28, 64 and 100 pixels, three seeds: "
              f"{right}, mean {np.mean(right) / len(check):.4f}", flush=True)


def tinted(grey):
    """u8[h, w, 3]: chalk on a dark board instead of white on black."""
    ink = grey[:, :, None].astype(np.float64) / 255.0
    board, chalk = np.array([14.0, 26.0, 20.0]), np.array([250.0, 244.0, 222.0])
    return np.rint(board + (chalk - board) * ink).astype(np.uint8)


def write_images(folder, model, digits, labels, origin):
    """Write PNGs of held-out digits; return what the model says of each.

    For each picture wanted, the held-out digit of its class that the model is
    surest of, reads rightly and that no other picture shows; then the mistakes,
    if there are any, at most three and one for each pair of right and wrong.
    """
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()

    def plain(digit):
        return draw(digit)

    wanted = [(f"digit-{n}", n, plain) for n in range(10)]
    wanted += [
        ("digit-2-rgb-100x100", 2, lambda d: tinted(draw(d, 100, 100))),
        ("digit-5-grey-28x28", 5, lambda d: draw(d, 28, 28)),
        ("digit-8-grey-120x96", 8, lambda d: draw(d, 120, 96)),
    ]
    size = model.size
    used, written = set(), []

    def look(png):
        pixels = read_picture(png, size)
        logits, probabilities = predict(model, normalize(pixels)[None])
        return pixels, logits[0], probabilities[0]

    def keep(name, png, index):
        pixels, logits, probabilities = look(png)
        (folder / f"{name}.png").write_bytes(png)
        picture = Image.open(io.BytesIO(png))
        written.append({
            "file": f"images/{name}.png",
            "mode": picture.mode,
            "width": picture.width,
            "height": picture.height,
            "load_digits_index": int(origin[index]),
            "label": int(labels[index]),
            "predicted": int(probabilities.argmax()),
            "probabilities": [float(f"{p:.6g}") for p in probabilities],
            "logits": [float(f"{v:.6g}") for v in logits],
            "resized_channels": 1 if picture.mode == "L" else 3,
            "resized_hex": (pixels[:, :, :1] if picture.mode == "L" else pixels).tobytes().hex(),
        })

    for name, label, style in wanted:
        choices = [index for index in np.flatnonzero(labels == label) if index not in used]
        pngs = {index: as_png(style(digits[index])) for index in choices}
        sureness = {index: look(pngs[index])[2] for index in choices}
        best = max(choices, key=lambda index: sureness[index][label])
        if sureness[best].argmax() == label:
            used.add(best)
            keep(name, pngs[best], best)

    # Surest first: a near tie could fall the other way after another's resize.
    mistakes = {}
    for index in range(len(labels)):
        png = as_png(plain(digits[index]))
        probabilities = look(png)[2]
        answer, sureness = int(probabilities.argmax()), float(probabilities.max())
        name = f"mistake-{labels[index]}-read-as-{answer}"
        if answer != labels[index] and sureness > mistakes.get(name, (0.0,))[0]:
            mistakes[name] = (sureness, png, index)
    for name, (_, png, index) in sorted(mistakes.items(), key=lambda m: -m[1][0])[:3]:
        keep(name, png, index)
    return written


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(
        description="Train the digit reader and write its model, images and accuracy.")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent,
                        help="folder to write to (default: this script's folder)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--size", type=int, default=SIZE, choices=sorted(CHANNELS),
                        help="side of the model's input")
    parser.add_argument("--compare", action="store_true",
                        help="compare input sizes inside the training split; write nothing")
    args = parser.parse_args()

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)

    data = load_digits()
    digits, labels = data.images, data.target.astype(np.int64)
    # The split has a fixed seed of its own: --seed must not move the test set.
    fit, test = train_test_split(
        np.arange(len(labels)), test_size=0.2, stratify=labels, random_state=SEED)
    if args.compare:
        compare(digits[fit], labels[fit], args.seed, args.epochs)
        return

    model = train(digits[fit], labels[fit], args.size, args.seed, args.epochs)
    model.size = args.size
    args.out.mkdir(parents=True, exist_ok=True)
    file, operators = export(model, args.out / "model.onnx", args.size)

    # The figures are those of the exported file, not of the model in memory.
    by_png = []
    for width, height in ((CANVAS, CANVAS), (28, 28), (100, 100), (120, 96)):
        x = through_real_path(digits[test], args.size, width, height)
        answers = evaluate(file, x)
        difference = float(np.abs(answers - predict(model, x)[1]).max())
        if not difference < 1e-4:
            raise SystemExit(f"the exported file and PyTorch differ by {difference}")
        right = answers.argmax(1) == labels[test]
        by_png.append({
            "png": f"{width}x{height}",
            "correct": int(right.sum()),
            "accuracy": round(float(right.mean()), 4),
            "mistakes": [
                {"load_digits_index": int(test[i]), "label": int(labels[test][i]),
                 "predicted": int(answers[i].argmax())}
                for i in np.flatnonzero(~right)
            ],
        })
        print(f"PNGs of {width}x{height}: {right.sum()} of {len(test)} right; "
              f"exported file within {difference:.1e} of PyTorch")

    write_json(args.out / "accuracy.json", {
        "data": "sklearn.datasets.load_digits",
        "train_images": len(fit),
        "test_images": len(test),
        "correct": by_png[0]["correct"],
        "accuracy": by_png[0]["accuracy"],
        "input_path": "8x8 digit drawn white on black as a 64x64 greyscale PNG; decoded; RGB; "
                      f"Catmull-Rom (Pillow BICUBIC) to {args.size}x{args.size}; v / 255; "
                      "model.onnx; most probable class",
        "by_png_size": by_png,
        "model": {
            "input": ["batch", args.size, args.size, 3],
            "output": ["batch", 10],
            "operators": operators,
            "multiply_accumulates": multiply_accumulates(args.size),
            "bytes": (args.out / "model.onnx").stat().st_size,
        },
        "seed": args.seed,
        "split_seed": SEED,
        "epochs": args.epochs,
        "versions": {
            "python": platform.python_version(), "numpy": np.__version__,
            "onnx": onnx.__version__, "pillow": PIL.__version__,
            "scikit-learn": sklearn.__version__, "torch": torch.__version__,
        },
    })
    images = write_images(args.out / "images", model, digits[test], labels[test], test)
    write_json(args.out / "expected.json", {
        "note": "What PyTorch computes for each image. resized_hex holds the "
                f"{args.size}x{args.size} pixels after the resize, row by row, so that the "
                "model can be checked apart from the resize; where resized_channels is 1, "
                "red, green and blue are that one value.",
        "model": "model.onnx",
        "images": images,
    })
    for image in images:
        print(f"{image['file']}: {image['label']} read as {image['predicted']}, "
              f"p = {max(image['probabilities']):.3f}")


if __name__ == "__main__":
    main()
