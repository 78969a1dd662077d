// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums and extremes of f32 that stand one after the other. A sum is kept in
// several parts, which makes it quick and close: its error grows with the
// length of a part.
#pragma once

#include "compile/library/fast/vector.h"
#include "compile/library/numbers.h"

#pragma clang fp contract(on)

namespace rune::library {

template <int lanes> using F32s = Vector<float, lanes>;

template <int lanes> float sumOfLanes(F32s<lanes> v) {
  float sum = 0;
  for (int i = 0; i < lanes; ++i)
    sum += v[i];
  return sum;
}

/// Calls `vector(i, part)` for vectors at i, of which four parts take turns,
/// then `single(i)` for the rest.
template <int lanes, class V, class S>
[[gnu::always_inline]] inline void eachVector(int64_t count, V vector,
                                              S single) {
  int64_t i = 0;
  for (; i + 4 * lanes <= count; i += 4 * lanes)
    for (int part = 0; part < 4; ++part)
      vector(i + part * lanes, part);
  for (; i + lanes <= count; i += lanes)
    vector(i, 0);
  for (; i < count; ++i)
    single(i);
}

template <int lanes> float sumOf(const float *x, int64_t count) {
  F32s<lanes> parts[4] = {};
  float rest = 0;
  eachVector<lanes>(
      count,
      [&](int64_t i, int part) {
        parts[part] += loadVector<F32s<lanes>>(x + i);
      },
      [&](int64_t i) { rest += x[i]; });
  return sumOfLanes<lanes>((parts[0] + parts[1]) + (parts[2] + parts[3])) +
         rest;
}

/// The largest of at least one; if there are NaNs, any number or NaN.
template <int lanes> float largestOf(const float *x, int64_t count) {
  using V = F32s<lanes>;
  V parts[4];
  for (V &part : parts)
    part = x[0];
  float largest = x[0];
  eachVector<lanes>(
      count,
      [&](int64_t i, int part) {
        V next = loadVector<V>(x + i);
        parts[part] = next > parts[part] ? next : parts[part];
      },
      [&](int64_t i) { largest = x[i] > largest ? x[i] : largest; });
  for (const V &part : parts)
    for (int i = 0; i < lanes; ++i)
      largest = part[i] > largest ? part[i] : largest;
  return largest;
}

/// Σ(x - middle) and Σ(x - middle)².
struct Deviations {
  float sum;
  float squares;
};
template <int lanes>
Deviations deviationsOf(const float *x, int64_t count, float middle) {
  using V = F32s<lanes>;
  V sums[4] = {}, squares[4] = {};
  Deviations rest = {};
  eachVector<lanes>(
      count,
      [&](int64_t i, int part) {
        V d = loadVector<V>(x + i) - middle;
        sums[part] += d;
        squares[part] += d * d;
      },
      [&](int64_t i) {
        float d = x[i] - middle;
        rest.sum += d;
        rest.squares += d * d;
      });
  return {
      sumOfLanes<lanes>((sums[0] + sums[1]) + (sums[2] + sums[3])) + rest.sum,
      sumOfLanes<lanes>((squares[0] + squares[1]) + (squares[2] + squares[3])) +
          rest.squares};
}

/// Σ of `rows` rows, `step` apart, at each of `count` places.
template <int lanes>
void sumRows(const float *x, int64_t step, int64_t rows, int64_t count,
             float factor, float *to) {
  using V = F32s<lanes>;
  constexpr int vectors = 4;
  int64_t i = 0;
  for (; i + vectors * lanes <= count; i += vectors * lanes) {
    V sums[vectors] = {};
    for (int64_t r = 0; r < rows; ++r)
      for (int v = 0; v < vectors; ++v)
        sums[v] += loadVector<V>(x + r * step + i + v * lanes);
    for (int v = 0; v < vectors; ++v)
      storeVector<V>(to + i + v * lanes, sums[v] * factor);
  }
  for (; i + lanes <= count; i += lanes) {
    V sum = {};
    for (int64_t r = 0; r < rows; ++r)
      sum += loadVector<V>(x + r * step + i);
    storeVector<V>(to + i, sum * factor);
  }
  for (; i < count; ++i) {
    float sum = 0;
    for (int64_t r = 0; r < rows; ++r)
      sum += x[r * step + i];
    to[i] = sum * factor;
  }
}

} // namespace rune::library
