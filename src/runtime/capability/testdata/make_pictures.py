#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes the pictures of picture_test.cpp and what they must decode and resize to.

Needs python3-pil and python3-numpy (Debian). PNGs are written by the few lines
below, so that every kind is there (16 bits, Adam7); what they must decode to is
known before they are encoded. JPEGs, and all that resizing must give, come from
Pillow, whose BICUBIC is the same filter; in mode F it keeps floats between the
passes. The seeds of image_fuzz are made here as well. Run it in this folder; it
writes the same bytes each time.
"""
import shutil
import struct
import zlib

import numpy
from PIL import Image

random = numpy.random.default_rng(1)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(
        ">I", zlib.crc32(kind + data))


def pack_rows(samples, depth):
    """Rows of a (height, width, channels) array, each behind filter byte 0."""
    rows = b""
    for row in samples.reshape(samples.shape[0], -1):
        if depth == 16:
            data = row.astype(">u2").tobytes()
        elif depth == 8:
            data = row.astype("u1").tobytes()
        else:
            bits = "".join(format(int(v), f"0{depth}b") for v in row)
            bits += "0" * (-len(bits) % 8)
            data = int(bits, 2).to_bytes(len(bits) // 8, "big")
        rows += b"\0" + data
    return rows


def png(name, samples, color, depth=8, extra=b"", adam7=False):
    height, width = samples.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, adam7)
    passes = [(0, 0, 1, 1)]
    if adam7:
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4),
                  (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    parts = [samples[y::dy, x::dx] for x, y, dx, dy in passes]
    data = b"".join(pack_rows(part, depth) for part in parts if part.size)
    with open(name + ".png", "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra +
                   chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b""))


def expect(name, pixels):
    numpy.asarray(pixels, "u1").tofile(name + ".pixels")


def noise(height, width, channels, top=256):
    return random.integers(0, top, (height, width, channels))


def pngs():
    grey, colour = noise(5, 7, 1), noise(5, 7, 3)
    alpha = noise(5, 7, 1)
    png("grey8", grey, 0)
    expect("grey8", grey)
    png("grey_alpha8", numpy.concatenate([grey, alpha], 2), 4)
    expect("grey_alpha8", grey)
    png("rgb8", colour, 2)
    expect("rgb8", colour)
    png("rgb8_adam7", colour, 2, adam7=True)
    expect("rgb8_adam7", colour)
    png("rgba8", numpy.concatenate([colour, alpha], 2), 6)
    expect("rgba8", colour)
    bits = noise(5, 7, 1, 2)
    png("grey1", bits, 0, 1)
    expect("grey1", bits * 255)
    wide = noise(5, 7, 3, 65536)
    png("rgb16", wide, 2, 16)
    expect("rgb16", numpy.floor(wide / 257 + 0.5))
    palette = noise(1, 4, 3)[0]
    indices = noise(5, 7, 1, 4)
    png("palette2", indices, 3, 2,
        chunk(b"PLTE", palette.astype("u1").tobytes()) +
        chunk(b"tRNS", b"\x00\x80"))
    expect("palette2", palette[indices[:, :, 0]])
    big = struct.pack(">IIBBBBB", 32768, 32768, 8, 2, 0, 0, 0)
    with open("bomb.png", "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", big) +
                   chunk(b"IDAT", zlib.compress(b"\0" * 1000)))


def jpegs():
    y, x = numpy.mgrid[0:24, 0:32]
    smooth = numpy.stack([x * 8, y * 10, 255 - x * 4 - y * 4], 2).astype("u1")
    colour = Image.fromarray(smooth)
    pictures = {
        "colour": (colour, {}),
        "progressive": (colour, {"progressive": True}),
        "grey": (colour.convert("L"), {}),
        "cmyk": (colour.convert("CMYK"), {}),
    }
    for name, (picture, options) in pictures.items():
        picture.save(name + ".jpg", quality=90, **options)
        back = Image.open(name + ".jpg")
        if back.mode == "CMYK":
            ink = 255 - numpy.asarray(back).astype(int)
            expect(name, numpy.rint(ink[:, :, :3] * ink[:, :, 3:] / 255))
        else:
            expect(name, back)


def resized(pixels, width, height):
    planes = [
        numpy.asarray(
            Image.fromarray(pixels[:, :, c].astype("f4"), "F").resize(
                (width, height), Image.BICUBIC))
        for c in range(pixels.shape[2])
    ]
    return numpy.clip(numpy.floor(numpy.stack(planes, 2) + 0.5), 0, 255)


def resizes():
    pixels = noise(17, 23, 3)
    pixels[3:9, 4:12] = 255
    pixels[9:14, 4:12] = 0
    expect("resize_23x17", pixels)
    for width, height in [(28, 28), (7, 5), (23, 40), (50, 17), (1, 1), (60, 4),
                          (22, 16)]:
        expect(f"resize_to_{width}x{height}", resized(pixels, width, height))


def seeds():
    folder = "../../fuzz_seeds/image_fuzz/"
    for name in ["grey1", "grey_alpha8", "palette2", "rgb8_adam7", "rgb16"]:
        shutil.copy(name + ".png", folder)
    y, x = numpy.mgrid[0:16, 0:16]
    grey = Image.fromarray((x * 16 + y).astype("u1"))
    grey.save(folder + "grey.jpg", quality=50)
    colour = Image.merge("RGB", [grey, grey.rotate(90), grey.rotate(180)])
    colour.save(folder + "colour.jpg", quality=50)
    colour.save(folder + "progressive.jpg", quality=50, progressive=True)
    colour.convert("CMYK").save(folder + "cmyk.jpg", quality=50)


pngs()
jpegs()
resizes()
seeds()
