// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A block of rows of a product of f32, tile by tile. Long sums are cut into
// pieces, so that what a tile reads of both sides stays in the first cache; the
// sums wait in scratch from one piece to the next. For it the left side is
// copied once, in the order in which the tiles read it: rows that stand a
// multiple of a page apart would take each other's place in the cache.
//
// source  K. Goto and R. van de Geijn 2008, "Anatomy of High-Performance Matrix
//         Multiplication"
#pragma once

#include "compile/library/fast/product_tile.h"
#include "compile/library/fast/transpose.h"

namespace rune::library {

/// The rows of the left side, as they are gathered.
struct LeftSide {
  const float *const *addresses;
  int64_t apart;
  int64_t taps;
  int64_t channels;
  /// Where long sums have their rows in the order of the tiles,
  /// interleavedBytes() at most; null where they are read as they stand, as
  /// those of several taps are.
  float *interleaved = nullptr;
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
        panel(fused, left, right, region, j, {0, left.channels}, tile, 0);
      return;
    }
    if (left.interleaved)
      interleave(left, region.rows);
    for (int64_t from = 0; from < region.columns; from += mostColumns) {
      int64_t to = atMost(from + mostColumns, region.columns);
      for (int64_t first = 0; first < left.channels; first += mostInner) {
        int64_t count = atMost(mostInner, left.channels - first);
        float *tile = sums;
        for (int64_t j = from; j < to; j += width)
          tile = panel(fused, left, right, region, j, {first, count}, tile,
                       shape.rows * width);
      }
    }
  }

private:
  /// Of the sum.
  struct Places {
    int64_t first, count;
  };

  /// All whole tiles of a piece of the sum, then those of the next.
  static void interleave(const LeftSide &left, int64_t rows) {
    int64_t whole = rows - rows % shape.rows;
    for (int64_t first = 0; first < left.channels; first += mostInner) {
      int64_t count = atMost(mostInner, left.channels - first);
      float *to = left.interleaved + first * whole;
      for (int64_t i = 0; i < whole; i += shape.rows, to += count * shape.rows)
        interleaveTile(left.addresses + i, first, count, to);
    }
  }

  /// to[k · rows + r] = row[r][first + k]: squares of four rows, of which the
  /// last may begin where another one does not end.
  static void interleaveTile(const float *const *row, int64_t first,
                             int64_t count, float *to) {
    constexpr int rows = shape.rows, side = squareSide<float>;
    int64_t k = 0;
    for (; k + side <= count; k += side)
      for (int at = 0; at < rows; at += side) {
        int r = at + side <= rows ? at : rows - side;
        SquareRow<float> square[side];
        for (int i = 0; i < side; ++i)
          square[i] = loadVector<SquareRow<float>>(row[r + i] + first + k);
        turnSquare<float>(square);
        for (int i = 0; i < side; ++i)
          storeVector(to + (k + i) * rows + r, square[i]);
      }
    for (; k < count; ++k)
      for (int r = 0; r < rows; ++r)
        to[k * rows + r] = row[r][first + k];
  }

  /// All rows of a panel, whose tiles stand `next` apart. The last panel may
  /// hold no more columns than a vector has lanes: then twice as many rows are
  /// a tile.
  static float *panel(const Fused &fused, const LeftSide &left,
                      const RightSide &right, const Region &region, int64_t j,
                      Places places, float *tile, int64_t next) {
    int64_t i = 0;
    if (region.columns - j <= shape.lanes) {
      for (; i + 2 * shape.rows <= region.rows; i += 2 * shape.rows) {
        piece<2 * shape.rows, 1>(fused, left, right, region, i, j, places,
                                 tile);
        tile += next;
      }
      for (; i < region.rows; i += shape.rows) {
        piece<shape.rows, 1>(fused, left, right, region, i, j, places, tile);
        tile += next;
      }
      return tile;
    }
    for (; i < region.rows; i += shape.rows) {
      piece<shape.rows, shape.vectors>(fused, left, right, region, i, j, places,
                                       tile);
      tile += next;
    }
    return tile;
  }

  /// The products of some places for a tile.
  template <int rows, int vectors>
  static void piece(const Fused &fused, const LeftSide &left,
                    const RightSide &right, const Region &region, int64_t i,
                    int64_t j, Places places, float *tile) {
    static constexpr float zeros[width] = {};
    constexpr int64_t tileWidth = vectors * shape.lanes;
    const float *panel = right.first + j / width * right.panel;
    int64_t bias = right.hasBias ? right.step : 0;
    TileInput in{left.addresses + i,
                 left.apart,
                 left.taps,
                 places.count,
                 panel + bias + places.first * right.step,
                 right.step,
                 right.hasBias ? panel : zeros,
                 0};
    if (places.first > 0) {
      in.start = tile;
      in.startStep = tileWidth;
    }
    int64_t count = atMost(rows, region.rows - i);
    if (rows == shape.rows && vectors == shape.vectors && count == rows &&
        left.interleaved && left.channels > mostInner) {
      int64_t whole = region.rows - region.rows % rows;
      multiplyInterleaved<shape.lanes, rows, vectors>(
          in, left.interleaved + places.first * whole + i * places.count, tile);
    } else if constexpr (rows > shape.rows) // always whole
      multiplyTile<shape.lanes, rows, vectors>(in, places.first, tile);
    else
      multiplyRows<shape.lanes, rows, vectors>(count, in, places.first, tile);
    if (places.first + places.count == left.channels)
      fused.finish(tile, tileWidth, region.row + i, count, region.column + j,
                   atMost(tileWidth, region.columns - j), fused.operands);
  }
};

} // namespace rune::library
