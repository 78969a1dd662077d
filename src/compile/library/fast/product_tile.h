// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tile of sums that products of f32 are made of.
#pragma once

#include "compile/library/fast/blocking.h"
#include "compile/library/fast/fused.h"
#include "compile/library/fast/vector.h"

#pragma clang fp contract(on)

namespace rune::library {

/// What a tile of sums is made from.
struct TileInput {
  /// Of the rows, tap by tap, those of one tap `apart` from the next tap's.
  const float *const *addresses;
  int64_t apart;
  int64_t taps;
  int64_t channels;
  /// The columns, `step` elements from one place of the sum to the next.
  const float *panel;
  int64_t step;
  /// What the sums of the rows begin with, those of one row `startStep` from
  /// the next one's. May be the tile.
  const float *start;
  int64_t startStep;
};

/// `rows` × `vectors` sums over `taps` · `channels` products. Several sums of
/// one element run side by side (`chains`) where the tile alone would wait for
/// its own additions.
///
/// in      `first`: the place in each row where the sum begins
template <int lanes, int rows, int vectors>
[[gnu::noinline]] void multiplyTile(const TileInput &in, int64_t first,
                                    float *tile) {
  using V = Vector<float, lanes>;
  constexpr int chains = rows * vectors <= 2 ? 4 : rows * vectors <= 6 ? 2 : 1;
  V sums[chains][rows][vectors] = {};
  for (int v = 0; v < vectors; ++v)
    for (int r = 0; r < rows; ++r)
      sums[0][r][v] = loadVector<V>(in.start + r * in.startStep + v * lanes);
  const float *panel = in.panel;
  int64_t step = in.step, channels = in.channels;
  for (int64_t tap = 0; tap < in.taps; ++tap) {
    const float *row[rows];
    for (int r = 0; r < rows; ++r)
      row[r] = in.addresses[tap * in.apart + r] + first;
    auto product = [&](int64_t c, int chain) {
      V weights[vectors];
      for (int v = 0; v < vectors; ++v)
        weights[v] = loadVector<V>(panel + v * lanes);
      panel += step;
      for (int r = 0; r < rows; ++r) {
        V x = row[r][c];
        for (int v = 0; v < vectors; ++v)
          sums[chain][r][v] += x * weights[v];
      }
    };
    int64_t c = 0;
    if constexpr (chains > 1)
      for (; c + chains <= channels; c += chains)
        for (int chain = 0; chain < chains; ++chain)
          product(c + chain, chain);
    for (; c < channels; ++c)
      product(c, 0);
  }
  for (int r = 0; r < rows; ++r)
    for (int v = 0; v < vectors; ++v) {
      V sum = sums[0][r][v];
      for (int chain = 1; chain < chains; ++chain)
        sum += sums[chain][r][v];
      storeVector(tile + (r * vectors + v) * lanes, sum);
    }
}

/// The same where the elements of all rows at one place of the sum stand side
/// by side, in `left`: one stream instead of as many as there are rows, which
/// may fall on the same lines of the cache.
template <int lanes, int rows, int vectors>
[[gnu::noinline]] void multiplyInterleaved(const TileInput &in,
                                           const float *left, float *tile) {
  using V = Vector<float, lanes>;
  V sums[rows][vectors];
  for (int r = 0; r < rows; ++r)
    for (int v = 0; v < vectors; ++v)
      sums[r][v] = loadVector<V>(in.start + r * in.startStep + v * lanes);
  const float *panel = in.panel;
  for (int64_t c = 0; c < in.channels; ++c) {
    V weights[vectors];
    for (int v = 0; v < vectors; ++v)
      weights[v] = loadVector<V>(panel + v * lanes);
    for (int r = 0; r < rows; ++r) {
      V x = left[r];
      for (int v = 0; v < vectors; ++v)
        sums[r][v] += x * weights[v];
    }
    panel += in.step;
    left += rows;
  }
  for (int r = 0; r < rows; ++r)
    for (int v = 0; v < vectors; ++v)
      storeVector(tile + (r * vectors + v) * lanes, sums[r][v]);
}

/// The tile of `count` rows, which is at most the full one's.
template <int lanes, int rows, int vectors>
void multiplyRows(int64_t count, const TileInput &in, int64_t first,
                  float *tile) {
  if constexpr (rows > 1)
    if (count < rows)
      return multiplyRows<lanes, rows - 1, vectors>(count, in, first, tile);
  multiplyTile<lanes, rows, vectors>(in, first, tile);
}

} // namespace rune::library
