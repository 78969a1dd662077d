// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One row by packed panels: each weight is used once, so that what counts is
// how fast they come. Several panels at a time are as many streams.
#pragma once

#include "compile/library/fast/blocking.h"
#include "compile/library/fast/vector.h"

#include <type_traits>

#pragma clang fp contract(on)

namespace rune::library {

/// Panels of packed weights: (1 + inner) · width elements each, the first row
/// the bias.
struct Panels {
  const float *first;
  int64_t inner;

  const float *at(int64_t column) const { return first + column * (1 + inner); }
};

/// Panels that are read side by side.
constexpr int rowStreams = 4;

/// to = start + x · weights, for `count` panels from `column` on.
///
/// in      `start`: those of one panel `startStep` from the next one's; may be
///         `to`
template <int vectorBytes, int count>
[[gnu::noinline]] void multiplyRow(const float *x, const Panels &panels,
                                   int64_t column, const float *start,
                                   int64_t startStep, float *to) {
  constexpr TileShape tile = productF32(vectorBytes);
  constexpr int lanes = tile.lanes, vectors = tile.vectors;
  // sums of one element side by side, where a panel alone would wait for them
  constexpr int chains = count == 1 ? 4 : 1;
  using V = Vector<float, lanes>;
  V sums[chains][count][vectors] = {};
  for (int p = 0; p < count; ++p)
    for (int v = 0; v < vectors; ++v)
      sums[0][p][v] = loadVector<V>(start + p * startStep + v * lanes);
  int64_t step = (1 + panels.inner) * tile.columns();
  const float *row = panels.at(column) + tile.columns();
  auto product = [&](int64_t k, int chain) {
    V left = x[k];
    for (int p = 0; p < count; ++p)
      for (int v = 0; v < vectors; ++v)
        sums[chain][p][v] += left * loadVector<V>(row + p * step + v * lanes);
    row += tile.columns();
  };
  int64_t k = 0;
  for (; k + chains <= panels.inner; k += chains)
    for (int chain = 0; chain < chains; ++chain)
      product(k + chain, chain);
  for (; k < panels.inner; ++k)
    product(k, 0);
  for (int p = 0; p < count; ++p)
    for (int v = 0; v < vectors; ++v) {
      V sum = sums[0][p][v];
      for (int chain = 1; chain < chains; ++chain)
        sum += sums[chain][p][v];
      storeVector(to + p * tile.columns() + v * lanes, sum);
    }
}

template <int count> using Count = std::integral_constant<int, count>;

/// Calls `body(column, count)` for columns from `from` to `to`, `rowStreams`
/// panels at a time, then one by one; `count` is a constant.
template <int vectorBytes, class F>
[[gnu::always_inline]] inline void eachPanels(int64_t from, int64_t to,
                                              const F &body) {
  constexpr int64_t width = productF32(vectorBytes).columns();
  int64_t column = from;
  for (; column + rowStreams * width <= to; column += rowStreams * width)
    body(column, Count<rowStreams>{});
  for (; column < to; column += width)
    body(column, Count<1>{});
}

} // namespace rune::library
