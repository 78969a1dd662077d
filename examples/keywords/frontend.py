# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The NumPy twin of the block mel-spectrogram, for training and for goldens.

Written from the block's description, not from its code, and in f64: what the
block computes in f32 has to agree with this to a step of its i8 (a test holds it
to that). NumPy's FFT is the independent one.
"""

import numpy as np

SAMPLE_RATE = 16000
WINDOW_MS, HOP_MS = 30, 20
FFT_SIZE = 512
MEL_BINS, LOW_HZ, HIGH_HZ = 40, 60, 7600
FLOOR_DB = -100.0
STEPS_PER_DB = 2


def mel(hz):
    return 2595.0 * np.log10(1.0 + np.asarray(hz, np.float64) / 700.0)


def hertz(mels):
    return 700.0 * (10.0 ** (np.asarray(mels, np.float64) / 2595.0) - 1.0)


def filters(sample_rate=SAMPLE_RATE, fft_size=FFT_SIZE, bins=MEL_BINS, low=LOW_HZ, high=HIGH_HZ):
    """f64[fft_size / 2 + 1, bins]: triangles whose tops are 1, evenly set in mel."""
    edges = hertz(np.linspace(mel(low), mel(high), bins + 2))
    hz = np.arange(fft_size // 2 + 1)[:, None] * sample_rate / fft_size
    left, top, right = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (hz - left) / (top - left), (right - hz) / (right - top)
    return np.maximum(0.0, np.minimum(rising, falling))


def hann(length):
    return 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(length) / length)


def decibels(sound, sample_rate=SAMPLE_RATE, window_ms=WINDOW_MS, hop_ms=HOP_MS,
             fft_size=FFT_SIZE, bins=MEL_BINS, low=LOW_HZ, high=HIGH_HZ):
    """f64[..., frames, bins]: decibels above the floor, from i16[..., samples]."""
    window, hop = sample_rate * window_ms // 1000, sample_rate * hop_ms // 1000
    frames = np.lib.stride_tricks.sliding_window_view(
        np.asarray(sound, np.float64) / 32768.0, window, axis=-1)[..., ::hop, :]
    weights = hann(window)
    spectrum = np.fft.rfft(frames * weights, n=fft_size, axis=-1)
    # A full-scale sine has the power 1, or 0 dB, where its frequency is met.
    power = (spectrum.real ** 2 + spectrum.imag ** 2) * (2.0 / weights.sum()) ** 2
    energy = power @ filters(sample_rate, fft_size, bins, low, high)
    floor = 10.0 ** (FLOOR_DB / 10.0)
    return 10.0 * np.log10(np.maximum(energy / floor, 1.0))


def quantized(decibels):
    """What the block answers as i8: half decibels, the floor at -128."""
    return np.clip(np.rint(STEPS_PER_DB * decibels) - 128, -128, 127).astype(np.int8)


def features(sound):
    """i8[..., 49, 40] of i16[..., 16000], as the Rune's block gives them."""
    return quantized(decibels(sound))
