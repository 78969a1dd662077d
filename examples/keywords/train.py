# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Train the keyword spotter of this example and write everything that goes with it.

    espeak-ng -> clips -> features -> torch -> integers -> model.tflite

No recording is downloaded: espeak-ng speaks the words (speech.py), the clips get
noises of our own (dataset.py), the features are those of the block
mel-spectrogram (frontend.py), the network is trained in floating point
(network.py), rounded to integers (quantize.py) and written (tflite.py). The
voices that are tested were never heard in training.

    python3 train.py             write model.tflite, sounds/*.wav, held_features.bin,
                                 accuracy.json and expected.json
    python3 train.py --judge MODEL INPUT OUTPUT
                                 write nothing; compare quantize.run with the stored
                                 i8 output of another runtime for another model

The run is seeded and trains on one thread: on the same machine with the same
package versions it writes the same bytes.
"""

import argparse
import json
import platform
import subprocess
import wave
from pathlib import Path

import flatbuffers
import numpy as np
import scipy
import torch

import dataset
import quantize
import tflite
from frontend import MEL_BINS, STEPS_PER_DB, features
from network import FRAMES, logits, multiply_accumulates, train
from speech import LABELS, RATE, voices

SEED = 2026
EPOCHS = 10
MAX_MODEL_BYTES = 100_000
KEPT_PER_LABEL = 5  # clips of each label whose features are committed
# (file, word, dB of speech over noise, noise): the clips that are committed.
WANTED = [("yes", "yes", None, None), ("left-pink", "left", 20, "pink"),
          ("stop-hum", "stop", 10, "hum"), ("go-babble", "go", 10, "babble"),
          ("water", "water", None, None)]


def cached(path, make):
    """Making the clips takes longer than all else; a folder may keep them."""
    if path and path.exists():
        with np.load(path, allow_pickle=True) as file:
            return file["made"][()]
    made = make()
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, made=np.array(made, dtype=object))
    return made


def answers(layers, features):
    """i8[n, labels] of the integer model."""
    return np.concatenate([quantize.run(layers, features[i:i + 64, :, :, None])
                           for i in range(0, len(features), 64)])


def share(right):
    return {"correct": int(right.sum()), "clips": len(right), "accuracy": round(float(right.mean()), 4)}


def figures(held, predicted):
    """Accuracy by label, by condition and by voice's accent, and the confusions."""
    labels = np.array([clip["label"] for clip in held])
    right = predicted == labels

    def where(test):
        return share(right[np.array([bool(test(clip)) for clip in held])])

    confusion = np.zeros((len(LABELS), len(LABELS)), int)
    np.add.at(confusion, (labels, predicted), 1)
    spoken = [clip for clip in held if clip["voice"]]
    return {
        "all": share(right),
        "words": where(lambda clip: clip["label"] >= 2),
        "by_label": {name: where(lambda clip: clip["label"] == i) for i, name in enumerate(LABELS)},
        "by_noise_db": {str(snr): where(lambda clip: clip["voice"] and clip["snr_db"] == snr)
                        for snr in dataset.CONDITIONS},
        "by_accent": {accent: where(lambda clip: clip["voice"].startswith(accent + "+"))
                      for accent in sorted({clip["voice"].split("+")[0] for clip in spoken})},
        "confusion": confusion.tolist(),
    }


def examine(model, layers, clips):
    """(features, i8 outputs, figures) of held-out clips."""
    x = features(np.stack([clip["sound"] for clip in clips]))
    outputs = answers(layers, x)
    whole, real = outputs.argmax(1), logits(model, x).argmax(1)
    return x, outputs, {
        "voices": len({clip["voice"] for clip in clips if clip["voice"]}),
        "i8": figures(clips, whole),
        "f32": share(real == np.array([clip["label"] for clip in clips])),
        "i8_and_f32_alike": share(whole == real)}


def write_wav(path, sound):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(sound.astype("<i2").tobytes())


def write_sounds(folder, held, x, outputs):
    """Of each clip wanted, the one of its kind that the model is surest of."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.wav"):
        old.unlink()
    written = []
    for name, word, snr, kind in WANTED:
        choices = [i for i, clip in enumerate(held)
                   if clip["word"] == word and clip["snr_db"] == snr and clip["noise"] == kind]
        best = max(choices, key=lambda i: (outputs[i][held[i]["label"]], -i))
        clip = held[best]
        write_wav(folder / f"{name}.wav", clip["sound"])
        written.append({
            "file": f"sounds/{name}.wav", "word": word, "voice": clip["voice"], "snr_db": snr,
            "noise": kind, "label": LABELS[clip["label"]],
            "predicted": LABELS[int(outputs[best].argmax())],
            "features_hex": x[best].tobytes().hex(), "outputs": outputs[best].tolist()})
    return written


def kept_clips(held, seed):
    """The same number of clips of every label, drawn by lot and not by result."""
    random = np.random.default_rng([seed, 5])
    labels = np.array([clip["label"] for clip in held])
    return np.concatenate([
        np.sort(random.choice(np.flatnonzero(labels == label), KEPT_PER_LABEL, replace=False))
        for label in range(len(LABELS))])


def write_json(path, value):
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def judge(model, features, output):
    layers, scale, zero, shape = tflite.read(Path(model).read_bytes())
    x = np.fromfile(features, np.int8).reshape((-1, *shape))
    ours = quantize.run(layers, x, scale, zero).ravel()
    theirs = np.fromfile(output, np.int8)
    print(f"{int((ours == theirs).sum())} of {len(theirs)} equal")
    raise SystemExit(0 if np.array_equal(ours, theirs) else 1)


def main():
    parser = argparse.ArgumentParser(description="Train the keyword spotter.")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent,
                        help="folder to write to (default: this script's folder)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--cache", type=Path, help="folder to keep the clips in")
    parser.add_argument("--judge", nargs=3, metavar=("MODEL", "INPUT", "OUTPUT"))
    args = parser.parse_args()
    if args.judge:
        judge(*args.judge)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)

    def cache(name):
        return args.cache and args.cache / f"{name}-{args.seed}.npz"

    held, far = (cached(cache(split), lambda: dataset.held_split(split, args.seed))
                 for split in ("held", "far"))
    made = cached(cache("train"), lambda: dict(zip("xy", dataset.train_split(args.seed))))
    print(f"{len(made['y'])} clips for training, {len(held)} + {len(far)} held out", flush=True)
    model = train(made["x"], made["y"], len(LABELS), args.seed, args.epochs)

    # Ranges from training clips, drawn by lot.
    random = np.random.default_rng([args.seed, 6])
    layers = quantize.quantize(model, made["x"][random.choice(len(made["x"]), 512, replace=False)])
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "model.tflite"
    path.write_bytes(tflite.write(layers, (FRAMES, MEL_BINS, 1), 1.0 / STEPS_PER_DB, -128,
                                  "keyword spotter, examples/keywords/train.py"))
    if path.stat().st_size > MAX_MODEL_BYTES:
        raise SystemExit(f"the model takes {path.stat().st_size} bytes")

    # The figures are those of the file, not of the model in memory.
    layers, scale, zero, shape = tflite.read(path.read_bytes())
    if (scale, zero, shape) != (1.0 / STEPS_PER_DB, -128, (FRAMES, MEL_BINS, 1)):
        raise SystemExit("the file's input is not what was written")
    x, outputs, of_held = examine(model, layers, held)
    _, _, of_far = examine(model, layers, far)
    whole, labels = outputs.argmax(1), [clip["label"] for clip in held]
    print(f"right: {of_held['i8']['all']['accuracy']} in i8, {of_held['f32']['accuracy']} in f32; "
          f"accents that were not heard: {of_far['i8']['all']['accuracy']}", flush=True)

    kept = kept_clips(held, args.seed)
    (args.out / "held_features.bin").write_bytes(x[kept].tobytes())
    espeak = subprocess.run(["espeak-ng", "--version"], check=True, capture_output=True, text=True)
    write_json(args.out / "accuracy.json", {
        "data": "words spoken by espeak-ng, noises by dataset.py",
        "labels": LABELS, "train_voices": len(voices("train")), "train_clips": len(made["y"]),
        "held": of_held, "far": of_far,
        "model": {"bytes": path.stat().st_size,
                  "multiply_accumulates": multiply_accumulates(len(LABELS)),
                  "operators": [layer.kind for layer in layers]},
        "seed": args.seed, "epochs": args.epochs,
        "versions": {"espeak-ng": espeak.stdout.split("Data at")[0].split(":")[1].strip(),
                     "flatbuffers": getattr(flatbuffers, "__version__", "2.0.8"),
                     "numpy": np.__version__, "python": platform.python_version(),
                     "scipy": scipy.__version__, "torch": torch.__version__},
    })
    clips = write_sounds(args.out / "sounds", held, x, outputs)
    write_json(args.out / "expected.json", {
        "note": "What quantize.py computes in integers, i8 of scale 1/256 and zero point -128, for "
                "each clip, whose features are in features_hex, and for each of the features in "
                "held_features.bin, i8[n, 49, 40].",
        "model": "model.tflite", "labels": LABELS, "clips": clips,
        "held": [{"label": LABELS[labels[i]], "predicted": LABELS[whole[i]],
                  "outputs": outputs[i].tolist()} for i in kept],
    })
    for clip in clips:
        print(f"{clip['file']}: {clip['word']} by {clip['voice']} heard as {clip['predicted']}")


if __name__ == "__main__":
    main()
