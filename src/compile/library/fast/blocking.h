// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How fast kernels cut their work, by the width of a target's vectors. The
// compiler packs weights by it, the kernels are instantiated from it.
#pragma once

#include <stdint.h>

namespace rune::library {

/// Products of f32: a tile of `rows` × (`vectors` · `lanes`) sums stays in
/// registers.
struct TileShape {
  int lanes;
  int rows;
  int vectors;
  constexpr int columns() const { return lanes * vectors; }
};

/// By the bytes of a vector: 16 (SSE, NEON, SIMD128), 32 (AVX2), 64 (AVX-512).
constexpr TileShape productF32(int vectorBytes) {
  return vectorBytes == 64   ? TileShape{16, 12, 2}
         : vectorBytes == 32 ? TileShape{8, 6, 2}
                             : TileShape{4, 4, 2};
}
/// Depthwise convolutions of f32: rows are neighbouring pixels.
constexpr TileShape depthwiseF32(int vectorBytes) {
  return {vectorBytes / 4, 4, 2};
}

/// Channels of the next block where `left` are left; one vector at least.
constexpr int depthwiseBlockF32(int vectorBytes, int64_t left) {
  TileShape tile = depthwiseF32(vectorBytes);
  return left >= tile.columns() ? tile.columns() : tile.lanes;
}

/// Depthwise convolutions of 8 bits: so many channels, two vectors of sums.
constexpr TileShape depthwiseI16(int vectorBytes) {
  return {vectorBytes == 16 ? 4 : 8, 4, 2};
}
/// Channels of the next block where `left` are left: what is less than eight is
/// a block of eight with zeros.
constexpr int depthwiseBlock(int vectorBytes, int64_t left) {
  return vectorBytes >= 32 && left >= 16 ? 16 : 8;
}
/// Where a channel of a block stands among its pairs: those that one vector
/// instruction joins lie together.
constexpr int64_t depthwisePlace(int64_t channel, int64_t block) {
  return channel / 4 % 2 * (block / 2) + channel / 8 * 4 + channel % 4;
}

/// Elements that kernels which work row by row finish at a time.
constexpr int64_t rowBlock = 1024;

/// Scratch of one worker of a pool: the addresses of the taps, the results of
/// as many pixels as make a block.
constexpr int64_t poolAddresses(int64_t taps) {
  return (taps * 8 + 63) / 64 * 64;
}
constexpr int64_t poolScratch(int64_t channels, int64_t taps) {
  return poolAddresses(taps) + 4 * (channels > rowBlock ? channels : rowBlock);
}

/// Of a long product: places of the sum in a piece, columns whose sums wait.
constexpr int64_t mostInner = 256;
constexpr int64_t mostColumns = 128;
/// Columns of a right side that is packed in the run.
constexpr int64_t mostPackedColumns = 256;

/// Rows that are worked on together, so that a panel of weights is used for
/// several tiles: a multiple of the tile's rows with at most this many
/// addresses.
constexpr int64_t mostAddresses = 2048;
constexpr int64_t usualBlockRows = 96;
/// Sums in pieces: what is read of the right side comes from far.
constexpr int64_t mostBlockRows = 192;
/// Elements of the left side that a worker keeps in the order of its tiles.
constexpr int64_t mostInterleaved = 1 << 20;
/// Longer ones are read as they stand.
constexpr int64_t mostInterleavedInner = 1 << 16;

/// in      `channels`: products of each tap
constexpr int64_t blockRows(const TileShape &tile, int64_t taps,
                            int64_t channels) {
  bool pieces = taps == 1 && channels > mostInner;
  int64_t most = pieces ? mostBlockRows : usualBlockRows;
  int64_t rows = pieces ? mostInterleaved / channels
                        : mostAddresses / (taps > 0 ? taps : 1);
  rows = rows < most ? rows : most;
  rows -= rows % tile.rows;
  return rows < tile.rows ? tile.rows : rows;
}

/// Where the rows of a window begin, for each tap those of all places of one
/// image, in 32 bits: for small images a table that is made while compiling.
constexpr int64_t mostTablePlaces = 1 << 14;
/// What stands there for a tap in the padding.
constexpr int32_t inPadding = INT32_MIN;

constexpr int64_t windowTableBytes(int64_t imageRows, int64_t taps) {
  return taps > 1 && imageRows * taps <= mostTablePlaces
             ? (imageRows * taps * 4 + 63) / 64 * 64
             : 0;
}

/// Scratch of one worker: a row of zeros for what the padding covers, and the
/// addresses of a block.
constexpr int64_t windowScratch(const TileShape &tile, int64_t taps,
                                int64_t channels) {
  int64_t zeros = (channels * 4 + 64 + 63) / 64 * 64;
  return zeros + blockRows(tile, taps, channels) * taps * 8;
}

/// Scratch of one worker for sums that are made piece by piece.
constexpr int64_t longProductScratch(const TileShape &tile, int64_t inner) {
  return inner <= mostInner
             ? 0
             : (mostBlockRows + tile.rows) * (mostColumns + tile.columns()) * 4;
}
/// Behind the sums of a long product with constant weights: the left side in
/// the order of its tiles.
///
/// in      `rows`: of the whole result
constexpr int64_t interleavedBytes(const TileShape &tile, int64_t inner,
                                   int64_t rows) {
  int64_t most = blockRows(tile, 1, inner);
  return inner <= mostInner || inner > mostInterleavedInner
             ? 0
             : (rows < most ? rows : most) * inner * 4;
}
/// Where in a worker's scratch the sums of a convolution of one tap stand.
constexpr int64_t sumsAt(const TileShape &tile, int64_t channels) {
  return (windowScratch(tile, 1, channels) + 63) / 64 * 64;
}

/// The two sides of a product that only the run knows, and how its rows are cut
/// into tasks: each of them packs the right side for itself.
struct DynamicProduct {
  TileShape tile;
  int64_t rows, inner, columns;
  bool transposeA, transposeB;

  /// Few rows read the right side as it stands.
  constexpr bool packs() const { return transposeB || rows > 4 * tile.rows; }
  /// So many columns are packed at a time.
  constexpr int64_t packedColumns() const {
    int64_t width = tile.columns();
    int64_t all = (columns + width - 1) / width * width;
    return !packs() ? width : all < mostPackedColumns ? all : mostPackedColumns;
  }
  constexpr int64_t packedBytes() const { return packedColumns() * inner * 4; }
  constexpr int64_t turnedBytes() const {
    return transposeA ? (mostBlockRows * inner * 4 + 63) / 64 * 64 : 0;
  }
  constexpr int64_t scratchBytes() const {
    return packedBytes() + turnedBytes() + longProductScratch(tile, inner);
  }
};

/// Queries by keys by values: so many queries at a time meet all keys, so many
/// of these at a time.
struct AttentionShape {
  TileShape tile;
  int64_t queries, keys, size, values;

  static constexpr int64_t mostKeys = 256, mostQueries = 96;

  constexpr int64_t most() const {
    int64_t all = (queries + tile.rows - 1) / tile.rows * tile.rows;
    return all < mostQueries ? all : mostQueries;
  }
  constexpr int64_t keysAtOnce() const {
    int64_t width = tile.columns(), all = (keys + width - 1) / width * width;
    return all < mostKeys ? all : mostKeys;
  }
  /// Columns of panels.
  constexpr int64_t wide() const {
    int64_t width = tile.columns();
    return (values + width - 1) / width * width;
  }
  /// In floats, one behind the other: the keys as panels, a panel of scores,
  /// the scores, a panel of values that ends early, the sums.
  constexpr int64_t panelsAt() const { return 0; }
  constexpr int64_t panelAt() const { return size * keysAtOnce(); }
  constexpr int64_t scoresAt() const {
    return panelAt() + tile.rows * tile.columns();
  }
  constexpr int64_t endAt() const { return scoresAt() + most() * keysAtOnce(); }
  constexpr int64_t sumsAt() const {
    return endAt() + (wide() == values ? 0 : keysAtOnce() * tile.columns());
  }
  constexpr int64_t scratchBytes() const {
    return 4 * (sumsAt() + most() * wide());
  }
};

/// A sequence of steps whose inputs are multiplied before, so many at a time.
struct RecurrentShape {
  int64_t steps, batch, hidden;
  /// Of a panel of weights.
  int64_t width;
  /// Those whose sums a step makes first, and those that wait for them.
  int64_t gates, late;

  constexpr int64_t whole(int64_t columns) const {
    return (columns + width - 1) / width * width;
  }
  /// Of the sums of one step and batch element.
  constexpr int64_t lateAt() const { return whole(gates * hidden); }
  constexpr int64_t lateColumns() const { return whole(late * hidden); }
  constexpr int64_t columns() const { return lateAt() + lateColumns(); }
  constexpr int64_t piece() const {
    int64_t each = batch * columns(), most = 1 << 15;
    int64_t fit = each < most ? most / each : 1;
    return fit < steps ? fit : steps;
  }
  /// The states, what the late ones wait with, the sums of a piece.
  ///
  /// in      `states`: of each unit
  constexpr int64_t scratchBytes(int64_t states) const {
    return (states * hidden + lateColumns() + piece() * columns()) * batch * 4;
  }
};

} // namespace rune::library
