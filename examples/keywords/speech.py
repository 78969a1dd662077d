# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The sounds: words spoken by espeak-ng, and noises of our own making.

Who speaks in training never speaks in a held-out set. The voices of "held" are
other variants (another throat, whole families of them) in accents that training
heard, those of "far" the same throats in accents that it did not. The unknown
words of both are words that do not occur in training.
"""

import io
import subprocess
import wave
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.signal import resample_poly

RATE = 16000
WORDS = ["yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"]
LABELS = ["silence", "unknown"] + WORDS
SILENCE, UNKNOWN = 0, 1

ACCENTS = {
    "train": ["en-us", "en-gb", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029"],
    "far": ["en-gb-scotland", "en-us-nyc"],
}
# espeak-ng 1.51's variants, less those that no one could understand. Variants of
# one family (edward and edward2, the robosofts) are on one side.
VARIANTS = {
    "train": """
        adam Alex Alicia Andrea Andy AnxiousAndy antonio aunty benjamin caleb Diogo ed
        announcer Henrique iven iven2 iven3 iven4 Jacky kaukovalta Lee marcelo Mario max
        Michael michel Miguel Nguyen paul pedro quincy rob robert robosoft robosoft2
        robosoft3 robosoft4 robosoft5 robosoft6 robosoft7 robosoft8 Storm Tweaky UniRobot
        anika anikaRobot f1 f2 f3 f5 grandpa klatt2 klatt3 klatt4 klatt5
        m1 m2 m3 m5 m6 m8 norbert shelby croak whisper whisperf""".split(),
    "held": """
        f4 m4 m7 Annie belinda boris david Denis edward edward2 Gene Gene2 gustave Hugo
        john linda Marco Mike pablo RicishayMax RicishayMax2 RicishayMax3 sandro steph
        steph2 steph3 travis victor zac grandma""".split(),
}
OTHER_WORDS = {
    "train": """
        cat dog bird bed house tree happy wow zero one two three four five six seven eight
        nine forward backward follow learn visual apple orange bread butter paper pencil
        money doctor summer winter morning evening yesterday today river ocean island
        castle coffee sugar salt pepper cup top stack step star drop dawn town done loft
        lift lost list rest rain rate ride night light write road note low toe yet guess
        chess mess ten own an in often cough oven go-kart under nobody okay hello please
        thank camera volume player start close open begin finish again very yellow""".split(),
    "held": """
        water table music green window garden simple letter number people animal picture
        silver bottle kitchen hammer circle seventy monkey purple finger tiger basket
        sunday pocket lemon story cloud black fish stamp oak drum best lock""".split(),
}
NOISES = ["white", "pink", "hum", "babble"]


def voices(split):
    if split == "held":  # each variant in two of the accents, the accents in turn
        accents = ACCENTS["train"]
        return [f"{accents[(number + turn) % len(accents)]}+{variant}" for turn in (0, 3)
                for number, variant in enumerate(VARIANTS["held"])]
    variants = VARIANTS["train" if split == "train" else "held"]
    return [f"{accent}+{variant}" for accent in ACCENTS[split] for variant in variants]


def say(word, voice, words_per_minute, pitch):
    """f32[n] at 16 kHz, loudest sample 1, silence cut off at both ends; n ≤ 15200."""
    command = ["espeak-ng", "-v", voice, "-s", str(words_per_minute), "-p", str(pitch),
               "--stdout", word]
    spoken = subprocess.run(command, check=True, capture_output=True).stdout
    # The length in the header of a pipe is a guess: the samples are what comes.
    header = wave.open(io.BytesIO(spoken))
    if (header.getframerate(), header.getnchannels(), header.getsampwidth()) != (22050, 1, 2):
        raise SystemExit(f"espeak-ng gave an unexpected format for {voice}")
    sound = np.frombuffer(spoken[44:len(spoken) - len(spoken) % 2], "<i2").astype(np.float64)
    sound = resample_poly(sound, 320, 441)
    loud = np.flatnonzero(np.abs(sound) > 0.01 * np.abs(sound).max(initial=1e-9))
    if len(loud) == 0:
        raise SystemExit(f"espeak-ng said nothing for {word!r} in {voice}")
    sound = sound[loud[0]:loud[-1] + 1][:RATE - 800]
    return (sound / np.abs(sound).max()).astype(np.float32)


def utterances(split, takes, other_words, seed):
    """[(label, f32[n])]: every word by every voice `takes` times, and others."""
    random = np.random.default_rng(seed)
    others = OTHER_WORDS["train" if split == "train" else "held"]
    wanted = []
    for voice in voices(split):
        said = [(2 + i, word) for i, word in enumerate(WORDS) for _ in range(takes)]
        said += [(UNKNOWN, word) for word in
                 random.choice(others, other_words, replace=False)]
        for label, word in said:
            wanted.append((label, word, voice, int(random.integers(110, 221)),
                           int(random.integers(20, 81))))
    with ThreadPoolExecutor(2) as pool:
        sounds = list(pool.map(lambda w: say(*w[1:]), wanted))
    return [{"label": label, "word": word, "voice": voice, "sound": sound}
            for (label, word, voice, _, _), sound in zip(wanted, sounds)]


# --------------------------------------------------------------------------
# Noises: f64[RATE] of root mean square 1


def coloured(random, exponent):
    spectrum = np.fft.rfft(random.standard_normal(RATE))
    hz = np.maximum(20.0, np.arange(len(spectrum)))
    return np.fft.irfft(spectrum * hz ** (-exponent / 2.0), RATE)


def hum(random):
    mains = random.choice([50.0, 60.0]) * random.uniform(0.99, 1.01)
    time = np.arange(RATE) / RATE
    sound = np.zeros(RATE)
    for harmonic in range(1, 20):
        sound += (random.uniform(0.2, 1.0) / harmonic
                  * np.sin(2 * np.pi * (harmonic * mains * time + random.uniform())))
    return sound + 0.02 * random.standard_normal(RATE)


def babble(random, speech):
    """Many people at once: two dozen utterances, each at its own place and level."""
    sound = np.zeros(RATE)
    for index in random.integers(0, len(speech), 24):
        other = speech[index]["sound"]
        place = int(random.integers(0, RATE))
        sound += random.uniform(0.3, 1.0) * np.roll(np.pad(other, (0, RATE - len(other))), place)
    return sound


def noise(random, kind, speech):
    sound = {"white": lambda: coloured(random, 0.0), "pink": lambda: coloured(random, 1.0),
             "hum": lambda: hum(random), "babble": lambda: babble(random, speech)}[kind]()
    return sound / np.sqrt(np.mean(sound ** 2))


# --------------------------------------------------------------------------
# Clips: i16[RATE]


def microphone(random, sound):
    """A gentle slope over the spectrum, up to 8 dB from 100 Hz to 8 kHz."""
    spectrum = np.fft.rfft(sound)
    octaves = np.log2(np.maximum(100.0, np.arange(len(spectrum))) / 900.0)
    return np.fft.irfft(spectrum * 10.0 ** (random.uniform(-8, 8) / 6.3 * octaves / 20.0), RATE)


def as_samples(sound):
    return np.clip(np.rint(sound * 32767.0), -32768, 32767).astype(np.int16)


def spoken_clip(random, sound, snr_db, kind, speech):
    """The word at a random place, level and slope; `snr_db` None for no noise."""
    place = int(random.integers(0, RATE - len(sound) + 1))
    clip = microphone(random, np.pad(sound.astype(np.float64),
                                     (place, RATE - len(sound) - place)))
    clip /= np.abs(clip).max()
    if snr_db is not None:
        level = np.sqrt(np.mean(clip[place:place + len(sound)] ** 2)) * 10.0 ** (-snr_db / 20.0)
        clip += level * noise(random, kind, speech)
    return as_samples(clip * 10.0 ** (random.uniform(-26, -1) / 20.0) / np.abs(clip).max())


def quiet_clip(random, kind, speech):
    """No word: a noise of any level, down to nothing at all."""
    if random.uniform() < 0.05:
        return np.zeros(RATE, np.int16)
    clip = microphone(random, noise(random, kind, speech))
    return as_samples(clip / np.abs(clip).max() * 10.0 ** (random.uniform(-75, -3) / 20.0))
