// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How a convolution and the depthwise one behind it are cut, so that the image
// between them never is in memory: a panel of its channels for a band of its
// rows stands in a worker's scratch, with the padding around it, small enough
// for the second cache. The compiler decides by it what to join, and how much
// scratch that takes.
#pragma once

#include "compile/library/fast/blocking.h"

namespace rune::library {

struct ChainShape {
  /// Of the product; a panel is as wide.
  TileShape tile;
  /// Sums of the product: taps, channels of each.
  int64_t taps, inner;
  /// The image between, and the result's.
  int64_t height, width, outHeight, outWidth;
  /// Of the depthwise window, down and across.
  int64_t kernel[2], stride[2], dilation[2];
  int64_t top, left;

  static constexpr int64_t mostBytes = 1 << 17;
  static constexpr int64_t mostHoisted = 1 << 12;
  static constexpr int64_t mostPixels = 32;

  /// Floats from one place to the next.
  constexpr int64_t pitch() const { return tile.columns(); }
  /// Places of a row that the window reaches, or the image has.
  constexpr int64_t paddedWidth() const {
    int64_t reached =
        (outWidth - 1) * stride[1] + (kernel[1] - 1) * dilation[1] + 1;
    int64_t there = left + width;
    return reached > there ? reached : there;
  }
  constexpr int64_t rowBytes() const { return paddedWidth() * pitch() * 4; }
  /// Rows between that so many rows of the result read.
  constexpr int64_t rowsFor(int64_t rows) const {
    return (rows - 1) * stride[0] + (kernel[0] - 1) * dilation[0] + 1;
  }
  /// Where the rows begin that a row of the result reads; below 0 in the
  /// padding.
  constexpr int64_t firstRow(int64_t row) const {
    return row * stride[0] - top;
  }
  /// The same, and where they end, within the image.
  constexpr int64_t begin(int64_t row) const { return inside(firstRow(row)); }
  constexpr int64_t end(int64_t row, int64_t rows) const {
    return inside(firstRow(row) + rowsFor(rows));
  }

  /// Rows of the result that are made together, of each band as many.
  constexpr int64_t bandRows() const {
    int64_t most = mostBytes / rowBytes() - rowsFor(1);
    most = most < 0 ? 1 : most / stride[0] + 1;
    int64_t bands = (outHeight + most - 1) / most;
    return (outHeight + bands - 1) / bands;
  }
  constexpr int64_t bandPixels() const {
    int64_t rows = rowsFor(bandRows());
    return (rows < height ? rows : height) * width;
  }
  /// Rows between that are made for all bands together.
  constexpr int64_t madeRows() const {
    int64_t rows = 0, band = bandRows();
    for (int64_t row = 0; row < outHeight; row += band)
      rows += end(row, outHeight - row < band ? outHeight - row : band) -
              begin(row);
    return rows;
  }

  /// Neighbouring pixels of a row that are finished together. The last ones
  /// may overlap those before.
  constexpr int64_t chunk() const {
    int64_t chunks = (outWidth + mostPixels - 1) / mostPixels;
    return (outWidth + chunks - 1) / chunks;
  }
  /// True for windows whose sums share what neighbouring pixels read.
  constexpr bool isUsual() const {
    return kernel[1] == 3 && dilation[1] == 1 && stride[1] <= 2;
  }
  /// Of those, the ones of a tile; overlapping in the same way. Few sizes of
  /// tiles are code enough.
  constexpr int64_t pixels() const {
    int64_t count = chunk();
    if (!isUsual())
      return count >= 8 ? 8 : count >= 4 ? 4 : 1;
    int64_t tiles = (count + 7) / 8;
    int64_t most = (count + tiles - 1) / tiles;
    return most == 3 ? 2 : most;
  }

  /// True if the addresses of a band's rows are found once for all panels.
  constexpr bool hoists() const { return taps * bandPixels() <= mostHoisted; }
  /// Rows whose addresses stand together.
  constexpr int64_t gathered() const {
    return hoists() ? bandPixels() : sumsRows();
  }

  /// Scratch of one worker: a row of zeros, addresses, sums that wait, the
  /// panel.
  constexpr int64_t addressesAt() const {
    return (inner * 4 + 64 + 63) / 64 * 64;
  }
  constexpr int64_t sumsAt() const {
    return addressesAt() + (gathered() * taps * 8 + 63) / 64 * 64;
  }
  constexpr int64_t panelAt() const {
    return sumsAt() + sumsRows() * pitch() * 4;
  }
  /// Rows whose sums wait for what follows them.
  constexpr int64_t sumsRows() const { return blockRows(tile, taps, inner); }
  constexpr int64_t panelBytes() const {
    return rowsFor(bandRows()) * rowBytes();
  }
  constexpr int64_t scratchBytes() const { return panelAt() + panelBytes(); }

private:
  constexpr int64_t inside(int64_t row) const {
    return row < 0 ? 0 : row < height ? row : height;
  }
};

} // namespace rune::library
