# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# What blocks should give, computed another way: the audio front end in float64
# with numpy, BERT's tokenizer with Python's own Unicode functions, decimal
# numbers with exact fractions. Writes tests/blocks/golden/; run it after a change
# of what a block means, and read what changed.
#   python3 tests/blocks/golden.py
import fractions
import hashlib
import json
import math
import pathlib
import random
import struct
import unicodedata

import numpy as np

HERE = pathlib.Path(__file__).parent / "golden"

# --- sounds, by integers alone, so that blocks_test.mjs can make them too ---


def sound(kind, samples):
    state, phase, out = 1, 0, []
    for i in range(samples):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        noise = (state >> 12 & 0xFFFF) - 0x8000
        phase = (phase + 200 + i) & 0xFFFF
        triangle = abs(phase - 0x8000) * 2 - 0x8000
        if kind == "chirp":
            out.append((triangle * 20000 + noise * 50) >> 15)
        elif kind == "noise":
            out.append(noise >> 6)
        else:  # "bursts"
            loud = 0 if i // 2000 % 2 else (i % 2000) * 15
            out.append((triangle * loud + noise * 300) >> 15)
    return np.clip(out, -32768, 32767).astype("<i2")


# --- the front end ---


def mel(f):
    return 2595 * np.log10(1 + f / 700)


def spectrum(x, sample_rate=16000, bins=480, window_overlap=0.6666667):
    step = int(np.float32(bins) * (np.float32(1) - np.float32(window_overlap)))
    chunks = math.ceil(max(0, len(x) - bins) / step) + 1
    padded = np.zeros((chunks - 1) * step + bins)
    padded[: len(x)] = x
    length = 1 << max(2, (bins - 1).bit_length())
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / (length - 1))
    rows = bins // 2 + 1
    points = np.linspace(mel(sample_rate / bins), mel(sample_rate / 2), 42)
    points = 700 * (10 ** (points / 2595) - 1)
    points[-1] = sample_rate / 2
    edges = np.floor(points / (sample_rate / 2) * rows).astype(int)
    image = np.zeros((49, 40))
    for k in range(49):
        first = k * chunks // 49 * step
        chunk = np.zeros(length)
        chunk[:bins] = padded[first : first + bins]
        power = np.abs(np.fft.fft(chunk * window)) ** 2
        row = power[np.arange(rows) * (length // 2) // rows]
        for m in range(40):
            n = max(1, edges[m + 2] - edges[m])
            i = np.arange(n)
            weight = (1 - np.abs(i - (n - 1) / 2) / (n / 2)) / n
            image[k, m] = weight @ row[edges[m] : edges[m] + n]
    image = np.sqrt(image).reshape(-1)
    low, high = image.min(), image.max()
    return ((image - low) / (high - low) * 65536).astype("<u4")


class NoiseFilter:
    def __init__(self, strength=0.95, offset=80, gain_bits=21, smoothing_bits=10,
                 even_smoothing=0.025, odd_smoothing=0.06, min_signal_remaining=0.05):
        part = lambda v: int(np.float32(v) * 16384)
        self.strength, self.offset = np.float32(strength), np.float32(offset)
        self.gain_bits, self.bits = gain_bits, smoothing_bits
        self.smoothing = part(even_smoothing), part(odd_smoothing)
        self.least = part(min_signal_remaining)
        self.estimates = None
        self.table = {}

    def curve(self, x):
        if x not in self.table:
            level = x / 2 ** (self.bits + 1) + float(self.offset)
            self.table[x] = min(32767, int(2**self.gain_bits * level ** -float(self.strength) + 0.5))
        return self.table[x]

    def gain(self, x):
        if x <= 2:
            return self.curve(x)
        first = 1 << (x.bit_length() - 1)
        second = first + (first - 1 if first == 1 << 31 else first)
        y0, y1, y2 = self.curve(first), self.curve(first + first // 2), self.curve(second)
        linear = 4 * (y1 - y0) - (y2 - y0)
        square = (y2 - y0) - linear
        part = x * 1024 // first - 1024  # how far, in 1024ths, towards the next power
        inner = (square * part >> 5) + (linear << 5)
        return max(0, y0 + (inner * part + (1 << 14) >> 15))

    def __call__(self, levels):
        if self.estimates is None:
            self.estimates = [0] * len(levels)
        out = []
        for i, level in enumerate(map(int, levels)):
            scaled = min(level << self.bits, 0xFFFFFFFF)
            old = self.estimates[i]
            new = min(old + (scaled * self.smoothing[i % 2] >> 14), 0xFFFFFFFF)
            self.estimates[i] = new
            kept = max(max(scaled - new, 0) >> self.bits, level * self.least >> 14)
            snr = kept * self.gain(new) >> (self.gain_bits - 11)
            even = snr * snr >> 20 if snr < 8192 else (snr >> 6) - 64
            out.append(math.log2(even + 1))
        out = np.array(out)
        t = (out - out.min()) / (out.max() - out.min())
        return np.trunc(255 * t - 128).astype("<i1")


def front_end():
    cases, images, features = [], [], []

    def picture(kind, samples, **arguments):
        x = sound(kind, samples)
        image = spectrum(x, **arguments)
        cases.append({"sound": kind, "samples": samples, "arguments": arguments,
                      "sha256": hashlib.sha256(x.tobytes()).hexdigest()})
        images.append(image)

    picture("chirp", 16000)
    picture("noise", 16000)
    picture("bursts", 16000)
    picture("chirp", 300)
    picture("bursts", 8000, sample_rate=8000, bins=256, window_overlap=0.5)
    picture("chirp", 20000, sample_rate=44100, bins=1024, window_overlap=0.25)
    picture("noise", 5000, sample_rate=22050, bins=100, window_overlap=0)

    other = {"strength": 0.5, "offset": 10, "gain_bits": 18, "smoothing_bits": 8,
             "even_smoothing": 0.1, "odd_smoothing": 0.2, "min_signal_remaining": 0.3}
    runs = []
    for arguments, order in [({}, [0, 1, 0, 2]), (other, [2, 2, 0]), ({}, [4]), ({"smoothing_bits": 15}, [5, 5, 5])]:
        block = NoiseFilter(**arguments)
        for image in order:
            features.append(block(images[image]))
        runs.append({"arguments": arguments, "images": order})
    (HERE / "front_end.json").write_text(json.dumps({"spectra": cases, "filters": runs}, indent=1) + "\n")
    (HERE / "spectra.u32.bin").write_bytes(b"".join(i.tobytes() for i in images))
    (HERE / "features.i8.bin").write_bytes(b"".join(f.tobytes() for f in features))


# --- BERT's tokenizer, as google-research/bert describes it ---

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def is_control(c):
    return c not in "\t\n\r" and unicodedata.category(c) in ("Cc", "Cf", "Co")


def is_space(c):
    return c in "\t\n\r" or unicodedata.category(c) in ("Zs", "Zl", "Zp")


def is_punctuation(c):
    ascii_sign = 33 <= ord(c) < 127 and not c.isalnum()
    return ascii_sign or unicodedata.category(c).startswith("P")


def is_chinese(c):
    return any(a <= ord(c) <= b for a, b in [
        (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F),
        (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F)])


def basic(text):
    """Words of a text without special words."""
    clean = "".join(" " if is_space(c) else c for c in text if not is_control(c) and c != "\ufffd")
    spaced = "".join(f" {c} " if is_chinese(c) else c for c in clean)
    words = []
    for word in spaced.split():
        lower = "".join(c.lower() for c in word)  # one by one: no final sigma
        bare = "".join(c for c in unicodedata.normalize("NFD", lower) if unicodedata.category(c) != "Mn")
        words += "".join(f" {c} " if is_punctuation(c) else c for c in bare).split(" ")
    return [w for w in words if w]


def pieces(word, vocabulary):
    if len(word) > 100:
        return ["[UNK]"]
    found, start = [], 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            if piece in vocabulary:
                found.append(piece)
                start = end
                break
        else:
            return ["[UNK]"]
    return found


def tokens(text, vocabulary):
    found, rest = [], text
    while rest:
        places = [(rest.index(s), s) for s in SPECIALS if s in rest and s in vocabulary]
        at, special = min(places, default=(len(rest), ""))
        for word in basic(rest[:at]):
            found += pieces(word, vocabulary)
        if special:
            found.append(special)
        rest = rest[at + len(special) :]
    return found


def encode(question, paragraph, vocabulary):
    a, b = tokens(question, vocabulary), tokens(paragraph, vocabulary)
    while len(a) + len(b) > 381:
        (a if len(a) >= len(b) else b).pop()
    words = ["[CLS]", *a, "[SEP]", *b, "[SEP]"]
    return {"words": words, "ids": [vocabulary[w] for w in words], "segments": len(a) + 2}


VOCABULARY = SPECIALS + """the quick brown fox jump ##s ##ed over lazy dog un ##aff ##able what is rune ? . , ! ' $
a ##n an ##d and to ##r ##t word ##pi ##ece hello world cafe naive uber strasse straße i ##i ##s ##t ##b ##u ##l istanbul
中 国 人 ##中 東 京 σ ##σ σασ ᄒ ##ᅡ ##ᆫ 한국 ᄀ ##ᅮ ##ᆨ 1 ##2 ##3 2 100 % ( ) - – “ ” 。 é ##e e x ##x""".split() + ["dog"]

TEXTS = [
    "The quick brown fox jumped over the lazy dogs.",
    "What is unaffable, rune?", "HELLO   world\t\n!", "Café naïve ÜBER", "Cafe\u0301 nai\u0308ve",
    "STRASSE Straße", "İstanbul ISTANBUL", "中国人 and 東京。", "x中x国", "ΣΑΣ σας", "한국 한", "100% ($12.3)",
    "un\u200daffable un\u00adaffable", "a\u2028b\u2029c\u00a0the\u3000dog\u1680fox", "“hello” – ‘world’",
    "[SEP] hello [MASK]world[UNK] [CLS [sep]", "[[CLS]]", "\u0301\u0302 \u200b", "zzz hellozzz 12 123 1234",
    "x" * 100, "x" * 101, "x" * 100 + " hello", "\ufffdhello\ufffd", "豈更車", "a\x00b\x07the", "$12!?", "~`^|<=>+",
    "dog " * 500, "hello, " * 200, "ﬁ ﬀ Ⅷ ⅷ ㎏", "Ǆ ǅ ǆ", "Ꭰ ꭰ Ა", "𝐀 𐐀 𐐨", "\U000e0001\U000f0000\ue000the", "the\ue000dog",
]


def pages():
    """For each 4096 code points: what the basic tokenizer makes of each alone."""
    result = {}
    for page in list(range(0x20)) + list(range(0x20, 0x30)) + [0xE0, 0xF0, 0x10F]:
        digest = hashlib.sha256()
        for code in range(page << 12, (page + 1) << 12):
            category = unicodedata.category(chr(code))
            if category in ("Cs", "Cn"):
                continue
            for word in basic(chr(code)):
                digest.update((word[0] + "".join("##" + c for c in word[1:]) + "\n").encode())
        result[f"{page:x}"] = digest.hexdigest()
    # Code points of this Unicode version, as runs: another version may know more.
    runs, code = [], 0
    while code < 0x110000:
        known = lambda c: c < 0x110000 and unicodedata.category(chr(c)) not in ("Cs", "Cn")
        if known(code):
            first = code
            while known(code):
                code += 1
            runs.append([first, code - first])
        code += 1
    return result, runs


def tokenizer():
    vocabulary = {word: i for i, word in enumerate(VOCABULARY)}
    rng = random.Random(7)
    letters = [c for t in TEXTS for c in t if c != "\x00"]
    texts = TEXTS + ["".join(rng.choice(letters) for _ in range(rng.randint(1, 300))) for _ in range(40)]
    pairs = list(zip(texts, reversed(texts)))
    hashes, known = pages()
    (HERE / "tokenizers.json").write_text(json.dumps({
        "vocabulary": VOCABULARY,
        "cases": [{"question": q, "paragraph": p, **encode(q, p, vocabulary)} for q, p in pairs],
        "pages": hashes, "known": known}, separators=(",", ":")) + "\n")


# --- decimal numbers ---


def nearest(value, precision, least, largest):
    """The nearest binary floating-point number to a fraction, ties to even."""
    if value == 0:
        return fractions.Fraction(0)
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    if value < fractions.Fraction(2) ** exponent:
        exponent -= 1
    unit = fractions.Fraction(2) ** (max(exponent, least) - precision + 1)
    result = round(value / unit) * unit  # Python rounds halves to even
    return math.inf if result >= fractions.Fraction(2) ** (largest + 1) else result


def decimals():
    rng = random.Random(11)
    texts = ["0", "0.0", "1", ".5", "5.", "1e10", "1E+2", "1e-2", "3.14159", "16777217", "16777219", "9007199254740993",
             "1.17549435e-38", "1.1754943508222875e-38", "1e-45", "7e-46", "7.1e-46", "2.4703282292062327e-324",
             "2.4703282292062328e-324", "5e-324", "1.7976931348623157e308", "1.7976931348623159e308", "3.4028235e38",
             "3.4028236e38", "3.4028235677973366e38", "1e400", "1e-400", "1e100000000", "1e-100000000", "0e999999999",
             "2.2250738585072011e-308", "2.2250738585072014e-308", "0." + "0" * 400 + "1e380", "1" + "0" * 400 + "e-390",
             "123456789012345678901234567890", "8.5899345920000001e9", "1.00000017881393432617187499",
             "1.000000178813934326171875", "1.00000017881393432617187501", "1.0000000596046448", "9" * 900,
             "1.00000005960464477539062500" + "0" * 800 + "1", "1.000000059604644775390625" + "0" * 800]
    half = fractions.Fraction(2) ** -1075 * (2**52 + 1)
    digits = str(half.numerator * 5**1075)
    texts += [f"0.{digits.zfill(1075)}", f"0.{digits.zfill(1075)}1", f"{digits}e-1075"]
    for _ in range(150):
        digits = "".join(rng.choice("0123456789") for _ in range(rng.choice([1, 3, 8, 17, 25, 60])))
        point = rng.randint(0, len(digits))
        texts.append(f"{digits[:point]}.{digits[point:]}e{rng.randint(-330, 310)}")
        bits = rng.getrandbits(31)
        exact = struct.unpack("<f", struct.pack("<I", bits))[0]
        if math.isfinite(exact):  # halfway between two f32, told by all of its digits
            middle = fractions.Fraction(exact) + fractions.Fraction(2) ** (max((bits >> 23) - 127, -126) - 24)
            scale = 10 ** 160
            texts.append(f"{math.floor(middle * scale)}e-160")
    result = []
    for text in texts:
        mantissa, _, exponent = text.lower().partition("e")
        exponent = int(exponent or 0)
        if abs(exponent) > 5000:
            value = fractions.Fraction(0) if exponent < 0 or not float(mantissa) else fractions.Fraction(10) ** 5000
        else:
            value = fractions.Fraction(mantissa) * fractions.Fraction(10) ** exponent
        f32, f64 = nearest(value, 24, -126, 127), nearest(value, 53, -1022, 1023)
        result.append([text, struct.pack(">f", float(f32)).hex(), struct.pack(">d", float(f64)).hex()])
    lines = ",\n".join(json.dumps(r) for r in result)
    (HERE / "decimals.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    front_end()
    tokenizer()
    decimals()
