// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One row by packed panels: each weight is used once, so that what counts is
// how fast they come. Several panels at a time are as many streams; weights
// that floats of 16 bits hold are read as such and widened in registers.
#pragma once

#include "compile/library/fast/blocking.h"
#include "compile/library/fast/fused.h"
#include "compile/library/fast/vector.h"
#include "compile/library/numbers.h"

#include <type_traits>

#pragma clang fp contract(on)

namespace rune::library {

/// Panels of packed weights: a row of `width` floats, the bias, then `inner`
/// rows of `width` elements.
template <class Element = float> struct Panels {
  const Element *first;
  int64_t inner;

  /// Elements in the place of one float.
  static constexpr int64_t biasRows = sizeof(float) / sizeof(Element);
  const Element *at(int64_t column) const {
    return first + column * (biasRows + inner);
  }
};

/// Elements in f32.
template <int lanes>
[[gnu::always_inline]] inline Vector<float, lanes> loadWide(const float *from) {
  return loadVector<Vector<float, lanes>>(from);
}
template <int lanes>
[[gnu::always_inline]] inline Vector<float, lanes> loadWide(const BF16 *from) {
  auto bits =
      __builtin_convertvector(loadVector<Vector<uint16_t, lanes>>(&from->bits),
                              Vector<uint32_t, lanes>);
  return __builtin_bit_cast(Vector<float, lanes>, bits << 16);
}
template <int lanes>
[[gnu::always_inline]] inline Vector<float, lanes> loadWide(const F16 *from) {
  using V = Vector<float, lanes>;
  if constexpr (lanes > 4) { // where AVX2 is, there is an instruction for it
    return __builtin_convertvector(
        loadVector<Vector<_Float16, lanes>>(&from->bits), V);
  } else { // as half.h has it
    using Words = Vector<uint32_t, lanes>;
    using Signed = Vector<int32_t, lanes>;
    Words bits = __builtin_convertvector(
        loadVector<Vector<uint16_t, lanes>>(&from->bits), Words);
    Words size = bits & 0x7fff;
    Words usual = (size << 13) + (uint32_t{127 - 15} << 23);
    Words small = __builtin_bit_cast(
        Words, __builtin_convertvector(__builtin_bit_cast(Signed, size), V) *
                   0x1p-24f);
    Words isSmall = __builtin_bit_cast(Words, size < 0x400);
    return __builtin_bit_cast(V, (bits & 0x8000) << 16 | (isSmall & small) |
                                     (~isSmall & usual));
  }
}

/// Panels that are read side by side.
constexpr int rowStreams = 4;

/// to = start + x · weights, for `count` panels from `column` on.
///
/// in      `start`: those of one panel `startStep` from the next one's; may be
///         `to`
template <int vectorBytes, int count, class Element>
[[gnu::noinline]] void
multiplyRow(const float *x, const Panels<Element> &panels, int64_t column,
            const float *start, int64_t startStep, float *to) {
  constexpr TileShape tile = productF32(vectorBytes);
  constexpr int lanes = tile.lanes, vectors = tile.vectors;
  // sums of one element side by side, where a panel alone would wait for them
  constexpr int chains = count == 1 ? 4 : 1;
  using V = Vector<float, lanes>;
  V sums[chains][count][vectors] = {};
  for (int p = 0; p < count; ++p)
    for (int v = 0; v < vectors; ++v)
      sums[0][p][v] = loadVector<V>(start + p * startStep + v * lanes);
  int64_t step = panels.at(tile.columns()) - panels.at(0);
  const Element *row = panels.at(column) + panels.biasRows * tile.columns();
  auto product = [&](int64_t k, int chain) {
    V left = x[k];
    for (int p = 0; p < count; ++p)
      for (int v = 0; v < vectors; ++v)
        sums[chain][p][v] += left * loadWide<lanes>(row + p * step + v * lanes);
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

/// A product of one row, whose columns are cut into tasks.
///
/// in      `multiply(from, to, scratch)`: makes these columns
template <int vectorBytes, class F>
[[gnu::always_inline]] inline int32_t
eachColumns(const Fused &fused, int64_t inner, const F &multiply) {
  constexpr int64_t width = productF32(vectorBytes).columns(),
                    whole = rowStreams * width;
  int64_t most = ceilDiv(leastProducts, inner * whole) * whole;
  return eachTask(
      fused, ceilDiv(fused.columns, most), [&](int64_t task, uint8_t *scratch) {
        int64_t from = task * most, to = atMost(from + most, fused.columns);
        multiply(from, to, scratch);
      });
}

/// The same by panels of elements.
template <int vectorBytes, class Element>
int32_t multiplyOneRow(const Fused &fused, int64_t inner) {
  constexpr int64_t width = productF32(vectorBytes).columns();
  Panels<Element> panels{static_cast<const Element *>(fused.packed), inner};
  return eachColumns<vectorBytes>(
      fused, inner, [&](int64_t from, int64_t to, uint8_t *) {
        eachPanels<vectorBytes>(
            from, to, [&]<int count>(int64_t column, Count<count>) {
              alignas(64) float sums[count * width];
              float bias[count * width];
              for (int p = 0; p < count; ++p)
                __builtin_memcpy(bias + p * width,
                                 panels.at(column + p * width),
                                 width * sizeof(float));
              multiplyRow<vectorBytes, count>(
                  elements<float>(fused.call->in[0]), panels, column, bias,
                  width, sums);
              fused.finish(sums, count * width, 0, 1, column,
                           atMost(count * width, to - column), fused.operands);
            });
      });
}

} // namespace rune::library
