// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Softmax of f32 over dimensions behind which there is nothing: each
// distribution is a run of neighbours. Many short ones are worked on together.
#include "compile/library/fast/blocking.h"
#include "compile/library/fast/flat.h"
#include "compile/library/fast/folds_f32.h"
#include "compile/library/fast/math_f32.h"

#pragma clang fp contract(on)

using namespace rune::library;

namespace {

/// x - largest, of each distribution.
template <int lanes> void shift(const float *x, int64_t count, float *to) {
  using V = F32s<lanes>;
  if (count < lanes) {
    float largest = x[0];
    for (int64_t i = 1; i < count; ++i)
      largest = x[i] > largest ? x[i] : largest;
    for (int64_t i = 0; i < count; ++i)
      to[i] = x[i] - largest;
    return;
  }
  float largest = largestOf<lanes>(x, count);
  eachVector<lanes>(
      count,
      [&](int64_t i, int) {
        storeVector<V>(to + i, loadVector<V>(x + i) - largest);
      },
      [&](int64_t i) { to[i] = x[i] - largest; });
}

template <int lanes> void divide(float *x, int64_t count) {
  using V = F32s<lanes>;
  if (count < lanes) {
    float total = 0;
    for (int64_t i = 0; i < count; ++i)
      total += x[i];
    for (int64_t i = 0; i < count; ++i)
      x[i] /= total;
    return;
  }
  float inverse = 1 / sumOf<lanes>(x, count);
  eachVector<lanes>(
      count,
      [&](int64_t i, int) {
        storeVector<V>(x + i, loadVector<V>(x + i) * inverse);
      },
      [&](int64_t i) { x[i] *= inverse; });
}

template <int lanes> int32_t softmax(const Fused &fused) {
  const View &x = fused.call->in[0];
  const Attribute &axes = fused.call->attributes[0];
  int64_t length = 1;
  for (int64_t i = 0; i < axes.count; ++i)
    length *= x.sizes[integerAt(axes, i)];
  int64_t count = countOf(x) / length;
  int64_t most = length < rowBlock ? rowBlock / length : 1;
  const float *in = elements<float>(x);
  return eachTask(
      fused, ceilDiv(count, most), [&](int64_t task, uint8_t *scratch) {
        auto *values = reinterpret_cast<float *>(scratch);
        int64_t first = task * most, now = atMost(most, count - first);
        for (int64_t k = 0; k < now; ++k)
          shift<lanes>(in + (first + k) * length, length, values + k * length);
        int64_t all = now * length;
#pragma clang loop vectorize(assume_safety) vectorize_width(lanes)             \
    interleave_count(2)
        for (int64_t i = 0; i < all; ++i)
          values[i] = f32::exp(values[i]);
        for (int64_t k = 0; k < now; ++k)
          divide<lanes>(values + k * length, length);
        finishFlat(fused, values, first * length, all);
      });
}

} // namespace

RUNE_FAST(SoftmaxF32_16) { return softmax<4>(fused); }
RUNE_FAST(SoftmaxF32_32) { return softmax<8>(fused); }
RUNE_FAST(SoftmaxF32_64) { return softmax<16>(fused); }
