// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pictures in host memory, and the two formats we read. The libraries that know
// them are called in png_adapter.cpp and jpeg_adapter.cpp only.
#pragma once

#include "base/bytes.h"

#include <optional>

namespace rune::runtime {

/// 8 bits a channel; rows from the top, pixels from the left, channels
/// together: grey (1) or red, green, blue (3).
struct Picture {
  uint32_t width = 0;
  uint32_t height = 0;
  uint32_t channels = 3;
  Bytes pixels;

  uint64_t rowBytes() const { return uint64_t{width} * channels; }
};

/// Larger pictures are refused before memory is taken.
constexpr uint32_t maxPictureSide = 32768;
constexpr uint64_t maxPicturePixels = uint64_t{64} << 20;

/// errors  `image.too-big`
Result<> checkPictureSize(uint64_t width, uint64_t height);

/// Reads PNG or JPEG, told apart by their first bytes. Alpha is dropped, 16
/// bits become 8, palettes and CMYK become colours, grey stays grey.
///
/// in      `name`: the file, for messages
/// errors  `image.unknown-format`, `image.corrupt` (with the library's reason),
///         `image.too-big`, `image.unsupported`
Result<Picture> decodePicture(ByteSpan bytes, std::string_view name);

bool isPng(ByteSpan bytes);
bool isJpeg(ByteSpan bytes);
/// errors  as decodePicture, without the name
Result<Picture> decodePng(ByteSpan bytes);
Result<Picture> decodeJpeg(ByteSpan bytes);

enum class PixelFormat : uint8_t { Rgb = 0, Bgr = 1, Grey = 2 };

/// The pixels in another format. Grey is 0.2126 red + 0.7152 green + 0.0722
/// blue, rounded down, as in the first system.
Picture toFormat(Picture picture, PixelFormat format);

/// Stretches to exactly this size, both sides at least 1.
///
/// A separable Catmull-Rom filter (cubic, a = -0.5) as wide as the reduction
/// when shrinking, its weights normalised at the edges; columns, then rows, in
/// 32-bit floats between, rounded and clamped at the end.
///
/// source  the Rust `image` crate's `imageops::resize(.., CatmullRom)`;
/// Pillow's
///         BICUBIC is the same filter
Picture resize(const Picture &picture, uint32_t width, uint32_t height);

} // namespace rune::runtime
