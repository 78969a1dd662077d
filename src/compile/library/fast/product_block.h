// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A block of rows of a product of f32, tile by tile. Long sums are cut into
// pieces, so that what a tile reads of both sides stays in the first cache; the
// sums wait in scratch from one piece to the next.
//
// source  K. Goto and R. van de Geijn 2008, "Anatomy of High-Performance Matrix
//         Multiplication"
#pragma once

#include "compile/library/fast/product_tile.h"

namespace rune::library {

/// The rows of the left side, as they are gathered.
struct LeftSide {
  const float *const *addresses;
  int64_t apart;
  int64_t taps;
  int64_t channels;
};

/// The panels of the right side.
struct RightSide {
  const float *first;
  /// Elements from one panel to the next, from one place of the sum to the
  /// next.
  int64_t panel;
  int64_t step;
  /// The first row of a panel is the bias.
  bool hasBias;
};

/// A part of the result.
struct Region {
  int64_t row;
  int64_t rows;
  int64_t column;
  int64_t columns;
};

template <int vectorBytes> struct ProductBlock {
  static constexpr TileShape shape = productF32(vectorBytes);
  static constexpr int64_t width = shape.columns();

  /// All products, and what follows them.
  ///
  /// in      `sums`: longProductScratch(shape) bytes; null where sums are not
  ///         to be cut
  static void multiply(const Fused &fused, const LeftSide &left,
                       const RightSide &right, const Region &region,
                       float *sums) {
    if (!sums || left.taps != 1 || left.channels <= mostInner) {
      alignas(64) float tile[shape.rows * width];
      for (int64_t j = 0; j < region.columns; j += width)
        for (int64_t i = 0; i < region.rows; i += shape.rows)
          piece(fused, left, right, region, i, j, 0, left.channels, tile);
      return;
    }
    for (int64_t from = 0; from < region.columns; from += mostColumns) {
      int64_t to = atMost(from + mostColumns, region.columns);
      for (int64_t first = 0; first < left.channels; first += mostInner) {
        int64_t count = atMost(mostInner, left.channels - first);
        float *tile = sums;
        for (int64_t j = from; j < to; j += width)
          for (int64_t i = 0; i < region.rows; i += shape.rows) {
            piece(fused, left, right, region, i, j, first, count, tile);
            tile += shape.rows * width;
          }
      }
    }
  }

private:
  /// The products [first, first + count) of a tile.
  static void piece(const Fused &fused, const LeftSide &left,
                    const RightSide &right, const Region &region, int64_t i,
                    int64_t j, int64_t first, int64_t count, float *tile) {
    static constexpr float zeros[width] = {};
    const float *panel = right.first + j / width * right.panel;
    int64_t bias = right.hasBias ? right.step : 0;
    TileInput in{left.addresses + i,
                 left.apart,
                 left.taps,
                 count,
                 panel + bias + first * right.step,
                 right.step,
                 right.hasBias ? panel : zeros,
                 0};
    if (first > 0) {
      in.start = tile;
      in.startStep = width;
    }
    int64_t rows = atMost(shape.rows, region.rows - i);
    multiplyRows<shape.lanes, shape.rows, shape.vectors>(rows, in, first, tile);
    if (first + count == left.channels)
      fused.finish(tile, width, region.row + i, rows, region.column + j,
                   atMost(width, region.columns - j), fused.operands);
  }
};

} // namespace rune::library
