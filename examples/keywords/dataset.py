# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The clips of both splits and their features, made from the seeds alone."""

import numpy as np

from frontend import features
from speech import NOISES, SILENCE, quiet_clip, spoken_clip, utterances

COPIES = 6  # clips of each training utterance, each with a noise of its own
CONDITIONS = [None, 20, 10, 5]  # dB of speech over noise in the held-out set


def train_split(seed):
    """(i8[n, 49, 40], i64[n])"""
    random = np.random.default_rng([seed, 1])
    speech = utterances("train", takes=1, other_words=4, seed=[seed, 2])
    clips, labels = [], []
    for said in speech:
        for _ in range(COPIES):
            snr = None if random.uniform() < 0.2 else random.uniform(0, 35)
            kind = random.choice(NOISES)
            clips.append(features(spoken_clip(random, said["sound"], snr, kind, speech)))
            labels.append(said["label"])
    for _ in range(len(clips) // 14):
        clips.append(features(quiet_clip(random, random.choice(NOISES), speech)))
        labels.append(SILENCE)
    return np.stack(clips), np.array(labels, np.int64)


def held_split(split, seed):
    """Clips of voices (and for "far", of accents) and other words that training never met.

    result  a list of {label, word, voice, snr_db, noise, sound: i16[16000]};
            every utterance once in each condition, the kinds of noise in turn
    """
    first = {"far": 3, "held": 7}[split]
    random = np.random.default_rng([seed, first])
    speech = utterances(split, takes=1, other_words=2, seed=[seed, first + 1])
    clips = []
    for index, said in enumerate(speech):
        for turn, snr in enumerate(CONDITIONS):
            kind = None if snr is None else NOISES[(index + turn) % len(NOISES)]
            clips.append({
                "label": said["label"], "word": said["word"], "voice": said["voice"],
                "snr_db": snr, "noise": kind,
                "sound": spoken_clip(random, said["sound"], snr, kind, speech)})
    for index in range(240):
        kind = NOISES[index % len(NOISES)]
        clips.append({"label": SILENCE, "word": "", "voice": "", "snr_db": None, "noise": kind,
                      "sound": quiet_clip(random, kind, speech)})
    return clips
