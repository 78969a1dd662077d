# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The model: a depthwise-separable CNN of 2 million multiply-accumulates.

The paddings are those that TFLite calls SAME, which torch has no word for where
the stride is 2, so that the weights go into the file as they are.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from frontend import MEL_BINS, STEPS_PER_DB

FRAMES = 49
WIDTHS = (32, 48)
DEPTH = 4  # depthwise-separable blocks; the first of them halves both sides
# Brings the features, 0 to 127.5 dB above the floor, near 0 to 2. It is folded
# into the first convolution, and padding with 0, silence, stays what it is.
INPUT_SCALE = 1.0 / 64.0


def same(size, kernel, stride):
    """TFLite's SAME: (before, after), the odd one behind."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class Layer(nn.Module):
    """Pad, convolve, normalise, cut off below 0."""

    def __init__(self, kind, inputs, outputs, kernel, stride):
        super().__init__()
        self.kind, self.kernel, self.stride = kind, kernel, stride
        groups = inputs if kind == "depthwise" else 1
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        top, bottom = same(x.shape[2], self.kernel[0], self.stride)
        left, right = same(x.shape[3], self.kernel[1], self.stride)
        return F.relu(self.norm(self.conv(F.pad(x, (left, right, top, bottom)))))

    def folded(self):
        """(weight, bias) with the normalisation in them."""
        factor = self.norm.weight / torch.sqrt(self.norm.running_var + self.norm.eps)
        weight = self.conv.weight * factor[:, None, None, None]
        bias = self.norm.bias - self.norm.running_mean * factor
        return weight.detach().numpy().astype(np.float64), bias.detach().numpy().astype(np.float64)


class KeywordSpotter(nn.Module):
    """f32[batch, 49, 40] decibels above the floor, to a logit for each label."""

    def __init__(self, labels):
        super().__init__()
        first, rest = WIDTHS
        layers = [Layer("conv", 1, first, (10, 4), 2)]
        channels = first
        for block in range(DEPTH):
            layers.append(Layer("depthwise", channels, channels, (3, 3), 2 if block == 0 else 1))
            layers.append(Layer("conv", channels, rest, (1, 1), 1))
            channels = rest
        self.layers = nn.ModuleList(layers)
        self.drop = nn.Dropout(0.2)
        self.read = nn.Linear(rest, labels)

    def forward(self, x):
        x = (x * INPUT_SCALE).unsqueeze(1)
        for layer in self.layers:
            x = layer(x)
        return self.read(self.drop(x.mean((2, 3))))


def multiply_accumulates(labels):
    rows, columns, channels, total = FRAMES, MEL_BINS, 1, 0
    first, rest = WIDTHS
    rows, columns = -(-rows // 2), -(-columns // 2)
    total += rows * columns * first * 10 * 4
    channels = first
    for block in range(DEPTH):
        if block == 0:
            rows, columns = -(-rows // 2), -(-columns // 2)
        total += rows * columns * channels * (9 + rest)
        channels = rest
    return total + rest * labels


def in_decibels(features):
    """f32 of the i8 that the block gives."""
    return (features.astype(np.float32) + 128.0) / STEPS_PER_DB


def train(features, labels, classes, seed, epochs, batch=64):
    """The number of epochs is fixed, so nothing is picked by eye."""
    torch.manual_seed(seed)
    random = torch.Generator().manual_seed(seed)
    x, target = torch.from_numpy(features), torch.from_numpy(labels)
    # channels_last is what the CPU likes best: 0.8 ms a clip instead of 1.4.
    model = KeywordSpotter(classes).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2)
    steps = len(labels) // batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 8e-3, total_steps=epochs * steps)
    for epoch in range(epochs):
        model.train()
        total = right = 0
        order = torch.randperm(len(labels), generator=random)
        for i in range(steps):
            pick = order[i * batch:(i + 1) * batch]
            decibels = (x[pick].float() + 128.0) / STEPS_PER_DB
            logits = model(decibels)
            loss = F.cross_entropy(logits, target[pick], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
            right += int((logits.argmax(1) == target[pick]).sum())
        print(f"  epoch {epoch + 1:2d}/{epochs}: loss {total / steps:.4f}, "
              f"{right / (steps * batch):.4f} right", flush=True)
    return model.eval()


def logits(model, features):
    with torch.no_grad():
        return np.concatenate([
            model(torch.from_numpy(in_decibels(features[i:i + 256]))).numpy()
            for i in range(0, len(features), 256)])
