#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Writes golden_signal.json: what the operators of audio front ends must compute.
# Nothing here knows our code. The transform follows Kiss FFT's definition in
# Python's unbounded integers, checked here against numpy's spectrum; roots are
# exact; the logarithm and the gain follow TensorFlow Lite Micro's signal library.
#
#   python3 src/graph/testdata/make_golden_signal.py
from fractions import Fraction

from golden_cases import *


# --- rfft_fixed ------------------------------------------------------------------
class Kiss:
    """Kiss FFT with numbers of `bits` bits behind the point."""

    def __init__(self, bits):
        self.bits, self.one = bits, 2**bits - 1

    def wrap(self, v):
        v &= 2**(self.bits + 1) - 1
        return v - 2**(self.bits + 1) if v >> self.bits else v

    def round(self, v): return self.wrap((v + 2**(self.bits - 1)) >> self.bits)
    def exp(self, phase): return tuple(math.floor(.5 + self.one * f(phase)) for f in (math.cos, math.sin))
    def div(self, c, k): return tuple(self.round(p * (self.one // k)) for p in c)
    def mul(self, a, b): return self.round(a[0] * b[0] - a[1] * b[1]), self.round(a[0] * b[1] + a[1] * b[0])
    def add(self, a, b): return self.wrap(a[0] + b[0]), self.wrap(a[1] + b[1])
    def sub(self, a, b): return self.wrap(a[0] - b[0]), self.wrap(a[1] - b[1])

    def fft(self, z, top, stride=1, sign=-1):
        n = len(z)
        if n == 1: return list(z)
        p = 4 if n % 4 == 0 else 2
        m = n // p
        parts = [self.fft(z[q::p], top, stride * p, sign) for q in range(p)]
        out = [None] * n
        w = lambda i: self.exp(sign * 2 * math.pi * i / top)
        for k in range(m):
            v = [self.div(part[k], p) for part in parts]
            v = [v[0]] + [self.mul(v[q], w(q * k * stride)) for q in range(1, p)]
            if p == 2:
                out[k], out[k + m] = self.add(v[0], v[1]), self.sub(v[0], v[1])
                continue
            s5, s0 = self.sub(v[0], v[2]), self.add(v[0], v[2])
            s3, s4 = self.add(v[1], v[3]), self.sub(v[1], v[3])
            out[k], out[k + 2 * m] = self.add(s0, s3), self.sub(s0, s3)
            side = (-sign * s4[1], sign * s4[0])
            out[k + m] = self.wrap(s5[0] + side[0]), self.wrap(s5[1] + side[1])
            out[k + 3 * m] = self.wrap(s5[0] - side[0]), self.wrap(s5[1] - side[1])
        return out

    def rfft(self, x):
        n = len(x) // 2
        t = self.fft(list(zip(x[0::2], x[1::2])), n)
        y = [None] * (n + 1)
        zero = self.div(t[0], 2)
        y[0], y[n] = (self.wrap(zero[0] + zero[1]), 0), (self.wrap(zero[0] - zero[1]), 0)
        for k in range(1, n // 2 + 1):
            a = self.div(t[k], 2)
            b = self.div((t[n - k][0], self.wrap(-t[n - k][1])), 2)
            f1, tw = self.add(a, b), self.mul(self.sub(a, b), self.exp(-math.pi * (k / n + .5)))
            y[k] = self.wrap((f1[0] + tw[0]) >> 1), self.wrap((f1[1] + tw[1]) >> 1)
            y[n - k] = self.wrap((f1[0] - tw[0]) >> 1), self.wrap((tw[1] - f1[1]) >> 1)
        return y

    def irfft(self, x):
        n = len(x) - 1
        z = [None] * n
        z[0] = self.div((self.wrap(x[0][0] + x[n][0]), self.wrap(x[0][0] - x[n][0])), 2)
        for k in range(1, n // 2 + 1):
            a = self.div(x[k], 2)
            b = self.div((x[n - k][0], self.wrap(-x[n - k][1])), 2)
            even, odd = self.add(a, b), self.mul(self.sub(a, b), self.exp(math.pi * (k / n + .5)))
            z[k] = self.add(even, odd)
            low = self.sub(even, odd)
            z[n - k] = low[0], self.wrap(-low[1])
        return [v for pair in self.fft(z, n, 1, 1) for v in pair]


def rfft(name, x):
    flat = x.reshape(-1, x.shape[-1])
    kiss = Kiss(15 if x.dtype == np.int16 else 31)
    y = np.array([kiss.rfft([int(v) for v in row]) for row in flat], np.int64)
    exact = np.fft.rfft(flat.astype(np.float64)) / x.shape[-1]
    wrong = np.abs(y[..., 0] + 1j * y[..., 1] - exact).max()
    assert wrong < 16 or "wrap" in name, (name, wrong)
    case("rfft_fixed", name, [x], [y.astype(x.dtype).reshape(x.shape[:-1] + (-1, 2))])


def irfft(name, x):
    flat = x.reshape(-1, *x.shape[-2:])
    kiss = Kiss(15 if x.dtype == np.int16 else 31)
    y = np.array([kiss.irfft([tuple(int(p) for p in v) for v in row]) for row in flat], np.int64)
    exact = np.fft.irfft(flat[..., 0].astype(np.float64) + 1j * flat[..., 1])
    wrong = np.abs(y - exact).max()
    assert wrong < 16 or "wrap" in name, (name, wrong)
    case("irfft_fixed", name, [x], [y.astype(x.dtype).reshape(x.shape[:-2] + (-1,))])


def main():
    for n in (4, 8, 16, 32, 64, 128):
        rfft("%d of i16" % n, rng.integers(-20000, 20000, n).astype(np.int16))
    rfft("64 of i32", rng.integers(-2**30, 2**30, 64).astype(np.int32))
    rfft("16 of i32", rng.integers(-2**30, 2**30, 16).astype(np.int32))
    rfft("rows", rng.integers(-20000, 20000, (2, 3, 16)).astype(np.int16))
    rfft("the largest numbers", np.full(32, 32767, np.int16))
    rfft("the smallest numbers, which wrap", rng.choice([-32768, 32767], 64).astype(np.int16))
    rfft("one impulse", np.eye(1, 32, 5, dtype=np.int16)[0] * np.int16(30000))
    case("rfft_fixed", "no rows", [np.zeros((0, 8), np.int16)], [np.zeros((0, 5, 2), np.int16)])

    # --- irfft_fixed -------------------------------------------------------------
    state = rng.bit_generator.state  # the cases below keep their numbers
    for n in (4, 8, 16, 32, 64, 256):
        irfft("%d of i16" % n, rng.integers(-3000, 3000, (n // 2 + 1, 2)).astype(np.int16))
    irfft("64 of i32", rng.integers(-2**27, 2**27, (33, 2)).astype(np.int32))
    irfft("rows", rng.integers(-3000, 3000, (2, 3, 9, 2)).astype(np.int16))
    irfft("the largest numbers, which wrap", rng.choice([-32768, 32767], (33, 2)).astype(np.int16))
    irfft("of i32, which wrap", rng.choice([-2**31, 2**31 - 1], (9, 2)).astype(np.int32))
    irfft("one bin", (np.eye(1, 34, 6, dtype=np.int16)[0] * np.int16(30000)).reshape(17, 2))
    case("irfft_fixed", "no rows", [np.zeros((0, 5, 2), np.int16)], [np.zeros((0, 8), np.int16)])
    rng.bit_generator.state = state

    # --- filter_bank -------------------------------------------------------------
    L = lambda v: np.array(v, np.int64)
    for name, x in (("one spectrum", rng.integers(0, 2**32, 12)), ("several", rng.integers(0, 2**32, (2, 2, 12)))):
        starts, widths = [0, 2, 5, 12, 4], [3, 4, 7, 0, 1]
        w = rng.integers(-2**16, 2**16, sum(widths))
        matrix, at = [[0] * 12 for _ in starts], 0
        for row, s, n in zip(matrix, starts, widths):
            for j in range(n): row[s + j] = int(w[at + j])
            at += n
        flat = x.reshape(-1, 12)
        y = [[sum(int(a) * b for a, b in zip(r, row)) % 2**64 for row in matrix] for r in flat]
        case("filter_bank", name, [x.astype(np.uint32), w.astype(np.int32), L(starts), L(widths)],
             [np.array(y, np.uint64).reshape(x.shape[:-1] + (5,))])
    case("filter_bank", "no channels", [np.zeros((2, 3), np.uint32), np.zeros(0, np.int32), L([]), L([])], [np.zeros((2, 0), np.uint64)])

    # --- sqrt_integer ------------------------------------------------------------
    def root(x):
        r = math.isqrt(x)
        if Fraction(2 * r + 1, 2)**2 < x: r += 1
        return min(r, 2**16 - 1 if x < 2**32 else 2**32 - 1)

    edges = [0, 1, 2, 3, 4, 6, 7, 12, 13, 65535**2, 65535**2 + 65535, 65535**2 + 65536, 2**32 - 1]
    xs = edges + [int(v) for v in rng.integers(0, 2**32, 20)]
    case("sqrt_integer", "32 bits", [np.array(xs, np.uint32)], [np.array([root(x) for x in xs], np.uint32)])
    xs += [2**32, 2**32 + 1, 2**53 + 1, 2**63, 2**64 - 1, (2**32 - 1)**2, (2**32 - 1)**2 - 1] + \
          [int(v) for v in rng.integers(0, 2**63, 20)] + [int(v)**2 + int(v) + d for v in rng.integers(2**20, 2**32, 6) for d in (0, 1)]
    case("sqrt_integer", "64 bits", [np.array(xs, np.uint64)], [np.array([root(x) for x in xs], np.uint32)])

    # --- pcan_fixed --------------------------------------------------------------
    def gain(noise, lut):
        if noise <= 2: return lut[noise]
        interval = noise.bit_length()
        l = lut[4 * interval - 6:]
        frac = (noise << 11 >> interval) & 0x3FF
        v = (((l[2] * frac >> 5) + l[1] * 32) * frac + 2**14 >> 15) + l[0]
        return (v + 2**15) % 2**16 - 2**15

    def pcan(x, noise, lut, shift):
        snr = (x * (gain(noise, lut) % 2**32) % 2**64 >> shift) % 2**32
        return snr * snr >> 20 if snr < 2**13 else (snr >> 6) - 64

    lut = [32636, 32633] + [0] * 123
    for i in range(2, 33):  # a curve like 1 / (noise + 80), by its values and a parabola through three of them
        f = lambda v: min(32767, round(32767 * 80 * 16 / (v / 64 + 80 * 16)))
        a, b, c = f(2**(i - 1)), f(3 * 2**(i - 2)), f(2**i - 1)
        lut[4 * i - 6:4 * i - 3] = [a, 4 * b - 3 * a - c, 2 * a - 4 * b + 2 * c] if i > 2 else [a, b - a, 0]
    lut = lut[:125]
    noises = list(range(8)) + [2**k + d for k in range(3, 32) for d in (-1, 0, 1)] + [2**32 - 1] + [int(v) for v in rng.integers(0, 2**32, 30)]
    xs = [int(v) for v in rng.integers(0, 2**20, len(noises))]
    for shift in (6, 0, 20, 63):
        y = [pcan(a, b, lut, shift) for a, b in zip(xs, noises)]
        case("pcan_fixed", "shift %d" % shift, [np.array(xs, np.uint32), np.array(noises, np.uint32), np.array(lut, np.int16)], [np.array(y, np.uint32)], snr_shift=shift)
    wild = rng.integers(-2**15, 2**15, 125)
    y = [pcan(a, b, [int(v) for v in wild], 6) for a, b in zip(xs, noises)]
    case("pcan_fixed", "any table", [np.array(xs, np.uint32), np.array(noises, np.uint32), wild.astype(np.int16)], [np.array(y, np.uint32)], snr_shift=6)

    # --- log_fixed ---------------------------------------------------------------
    xs = list(range(20)) + [2**k + d for k in range(5, 32) for d in (-1, 0, 1)] + [2**32 - 1] + [int(v) for v in rng.integers(0, 2**32, 60)]
    for scale in (64, 1, 1000, 2048):
        y = [log(x, scale) for x in xs]
        assert all(abs(v - min(32767, scale * math.log(x))) <= 1 + scale / 400 for x, v in zip(xs, y) if x)
        case("log_fixed", "scale %d" % scale, [np.array(xs, np.uint32)], [np.array(y, np.int16)], scale=scale)
    write("golden_signal.json")


ABOVE = [math.floor((math.log2(1 + i / 128) - i / 128) * 2**16 + .5) for i in range(129)]


def log(x, scale):
    if x <= 1: return 0
    place = x.bit_length() - 1
    frac = ((x - 2**place) << 16) >> place
    seg = frac // 512
    above = ABOVE[seg] + ((ABOVE[seg + 1] - ABOVE[seg]) * (frac % 512) >> 16)
    e = (45426 * (place * 2**16 + frac + above) + 2**15) >> 16
    return min((scale * e + 2**15) >> 16, 32767)


if __name__ == "__main__":
    main()
