// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The sizes of a convolution whose picture is copied band by band (bands.h), by
// which the compiler plans scratch and packs weights.
#pragma once

#include <stdint.h>

namespace rune::library {

/// Windows of more taps are gathered by addresses.
constexpr int64_t mostBandTaps = 256;

struct WindowShape {
  int64_t outRows, outWidth;
  int64_t kernelRows, kernelWidth;
  int64_t strideRows, strideWidth;
  int64_t dilationRows, dilationWidth;
  /// Of a place of the copy.
  int64_t channels;

  static constexpr int64_t mostBytes = 24 << 10;

  /// Places of a row of the copy, and its elements.
  constexpr int64_t width() const {
    return (outWidth - 1) * strideWidth + (kernelWidth - 1) * dilationWidth + 1;
  }
  constexpr int64_t pitch() const { return width() * channels; }
  /// Rows of the copy for so many of the result.
  constexpr int64_t rowsFor(int64_t rows) const {
    return (rows - 1) * strideRows + (kernelRows - 1) * dilationRows + 1;
  }
  /// Rows of the result for which a band is made.
  constexpr int64_t bandRows() const {
    int64_t most = mostBytes / (2 * pitch());
    int64_t rows =
        most <= rowsFor(1) ? 1 : (most - rowsFor(1)) / strideRows + 1;
    return rows < outRows ? rows : outRows;
  }
  /// The copy, and what a pair or a vector may read behind it.
  constexpr int64_t scratchBytes() const {
    return (rowsFor(bandRows()) * pitch() * 2 + 64 + 63) / 64 * 64;
  }
};

/// Depthwise: so many channels are copied at a time, fewer where that makes
/// bands of a few rows only.
constexpr WindowShape depthwiseShape(WindowShape shape, int64_t channels) {
  int64_t all = (channels + 7) / 8 * 8;
  for (int64_t some : {64, 32, 16}) {
    shape.channels = some < all ? some : all;
    if (shape.bandRows() >= 4 || shape.bandRows() == shape.outRows)
      break;
  }
  return shape;
}

} // namespace rune::library
