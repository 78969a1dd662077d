#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes the sounds of sound_test.cpp and what they must be read as.

Needs python3-numpy and python3-scipy (Debian). WAV and FLAC are written by the
few lines below, FLAC with verbatim subframes; what they must be read as is known
before they are encoded: NAME.mono holds f64, the mean of the channels. The chirp
is judged by scipy's polyphase resampler with a filter much longer than ours. The
seeds of sound_fuzz and acceleration_fuzz are made here as well. Run it in this
folder; it writes the same bytes each time.
"""
import hashlib
import os
import shutil
import struct

import numpy
import scipy.signal

random = numpy.random.default_rng(3)
FRAMES = 40


def write(name, data):
    with open(name, "wb") as file:
        file.write(data)


def expect(name, values):
    """values: (frames, channels) in [-1, 1)"""
    (values.sum(axis=1) / values.shape[1]).astype("<f8").tofile(name + ".mono")


def chunk(name, data):
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def format_chunk(tag, channels, hz, size, bits, extensible=False):
    head = struct.pack("<HHIIHH", 0xFFFE if extensible else tag, channels, hz,
                       hz * channels * size, channels * size, bits)
    if extensible:
        head += struct.pack("<HHIH", 22, bits, 0, tag) + bytes.fromhex(
            "000000001000800000aa00389b71")
        # The container's width stands in the old field, the used bits behind.
        head = head[:14] + struct.pack("<H", 8 * size) + head[16:]
    return chunk(b"fmt ", head)


def riff(*chunks):
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def little(integers, size):
    return b"".join(
        int(v).to_bytes(size, "little", signed=True) for v in integers.flat)


def integers(bits, channels=1):
    values = random.integers(-2**(bits - 1), 2**(bits - 1), (FRAMES, channels))
    values[0], values[1] = -2**(bits - 1), 2**(bits - 1) - 1
    return values


def wav(name, values, size, bits, hz=16000, **more):
    write(name + ".wav", riff(
        format_chunk(1, values.shape[1], hz, size, bits, **more),
        chunk(b"data", little(values * 2**(8 * size - bits), size))))
    expect(name, values / 2.0**(bits - 1))


def float_wav(name, kind, channels=1, **more):
    values = random.uniform(-1.2, 1.2, (FRAMES, channels)).astype(kind)
    write(name + ".wav", riff(
        format_chunk(3, channels, 16000, values.itemsize, 8 * values.itemsize,
                     **more), chunk(b"data", values.tobytes())))
    expect(name, values.astype("f8"))


# FLAC, RFC 9639: STREAMINFO, then frames of verbatim subframes.
class Bits:
    def __init__(self):
        self.text = ""

    def put(self, value, count):
        self.text += format(value & (1 << count) - 1, f"0{count}b")

    def bytes(self):
        self.text += "0" * (-len(self.text) % 8)
        return int(self.text, 2).to_bytes(len(self.text) // 8, "big")


def crc(data, polynomial, width):
    value = 0
    for byte in data:
        value ^= byte << width - 8
        for _ in range(8):
            value <<= 1
            if value >> width:
                value ^= 1 << width | polynomial
    return value


def flac_frame(number, values, bits):
    head = Bits()
    head.put(0b11111111111110, 14)
    head.put(0, 2)  # reserved, fixed block size
    head.put(6, 4)  # block size - 1 follows in 8 bits
    head.put(5, 4)  # 16 kHz
    head.put(values.shape[1] - 1, 4)
    head.put({8: 1, 16: 4, 24: 6}[bits], 3)
    head.put(0, 1)
    head.put(number, 8)
    head.put(len(values) - 1, 8)
    head = head.bytes()
    body = Bits()
    for channel in values.T:
        body.put(0b00000010, 8)
        for value in channel:
            body.put(int(value), bits)
    frame = head + bytes([crc(head, 0x07, 8)]) + body.bytes()
    return frame + struct.pack(">H", crc(frame, 0x8005, 16))


def flac(name, values, bits, block=16, front=b""):
    info = Bits()
    for value, count in ((block, 16), (block, 16), (0, 24), (0, 24),
                         (16000, 20), (values.shape[1] - 1, 3), (bits - 1, 5),
                         (len(values), 36)):
        info.put(value, count)
    info = info.bytes() + hashlib.md5(little(values, bits // 8)).digest()
    frames = [flac_frame(i, values[at:at + block], bits)
              for i, at in enumerate(range(0, len(values), block))]
    write(name + ".flac", front + b"fLaC" + bytes([0x80, 0, 0, len(info)]) +
          info + b"".join(frames))
    expect(name, values / 2.0**(bits - 1))


for size in (1, 2, 3, 4):
    bits = 8 * size
    values = integers(bits)
    if size > 1:
        wav(f"i{bits}", values, size, bits)
        continue
    write("u8.wav", riff(format_chunk(1, 1, 16000, 1, 8),
                         chunk(b"data", (values + 128).astype("u1").tobytes())))
    expect("u8", values / 128)
float_wav("f32", "<f4")
float_wav("f64", "<f8")
float_wav("f32_extensible_stereo", "<f4", 2, extensible=True)
wav("i12_in_2_bytes", integers(12), 2, 12)
wav("i20_in_4_bytes_extensible", integers(20), 4, 20, extensible=True)
wav("i16_stereo", integers(16, 2), 2, 16)
wav("i16_5_channels", integers(16, 5), 2, 16)

values = integers(16)
plain = format_chunk(1, 1, 16000, 2, 16)
data = little(values, 2)
write("chunks.wav", riff(chunk(b"LIST", b"INFOISFT\5\0\0\0rune!"),
                         chunk(b"junk", b"odd"), plain,
                         chunk(b"data", data), chunk(b"id3 ", b"behind")))
expect("chunks", values / 2**15)
write("streamed.wav", b"RIFF\xff\xff\xff\xffWAVE" + plain +
      b"data\xff\xff\xff\xff" + data)
expect("streamed", values / 2**15)
write("rf64.wav", b"RF64\xff\xff\xff\xffWAVE" + chunk(
    b"ds64", struct.pack("<QQQI", 28 + len(plain) + 8 + len(data), len(data),
                         FRAMES, 0)) + plain + b"data\xff\xff\xff\xff" + data)
expect("rf64", values / 2**15)

flac("flac8", integers(8), 8)
flac("flac16", integers(16), 16)
flac("flac24_stereo", integers(24, 2), 24)
flac("flac_behind_id3", integers(16), 16,
     front=b"ID3\4\0\0\0\0\0\5" + b"hello")

# 40 Hz to 7 kHz in 60 ms, at 44.1 kHz, faded in and out.
time = numpy.arange(2646) / 44100
chirp = 0.7 * numpy.sin(2 * numpy.pi * (40 * time + 6960 / 0.12 * time**2))
chirp *= scipy.signal.windows.tukey(len(time), 0.3)
stored = numpy.rint(chirp * 32767).astype("i8").reshape(-1, 1)
write("chirp.wav", riff(format_chunk(1, 1, 44100, 2, 16),
                        chunk(b"data", little(stored, 2))))
up, down = 160, 441
taps = scipy.signal.firwin(2 * 80 * down + 1, 1 / down * 0.96,
                           window=("kaiser", 14))
at16k = scipy.signal.resample_poly(stored[:, 0] / 2**15, up, down, window=taps)
at16k.astype("<f4").tofile("chirp.at16000")

seeds = "../../fuzz_seeds/sound_fuzz"
os.makedirs(seeds, exist_ok=True)
for name in sorted(os.listdir(".")):
    if name.endswith((".wav", ".flac")) and name != "chirp.wav":
        shutil.copy(name, seeds)
seeds = "../../fuzz_seeds/acceleration_fuzz"
os.makedirs(seeds, exist_ok=True)
write(seeds + "/plain.csv", b"1,2,3\n-4.5,+6e-1, 7 \n")
write(seeds + "/crlf.csv", b"\xef\xbb\xbf\"1\",2,3\r\n\r\n4,5,6\r\n")
write(seeds + "/wrong.csv", b"x,y,z\n1,2\n")
