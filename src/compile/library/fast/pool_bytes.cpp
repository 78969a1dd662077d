// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Means of 8-bit integers over channels-last images, to nearest, ties away from
// zero: sums of some taps in 16 bits, then in 32; the quotient is taken in f32,
// at most one off, and put right by what is left.
#include "compile/library/fast/pool_taps.h"
#include "compile/library/fast/vector.h"

using namespace rune::library;

namespace {

/// As many taps as a sum of 16 bits surely holds.
constexpr int64_t mostTaps16 = 128;

/// sum / count for counts and sums below 2^28; V of 32 bits.
template <class V, class F>
[[gnu::always_inline]] inline V quotient(V sum, int32_t count) {
  V negative = sum >> 31;
  V size = (sum ^ negative) - negative;
  V dividend = 2 * size + count;
  int32_t divisor = 2 * count;
  F near = __builtin_convertvector(dividend, F) / static_cast<float>(divisor);
  V whole = __builtin_convertvector(near, V);
  V rest = dividend - whole * divisor;
  // comparisons are -1 where they hold
  whole += rest < 0;
  whole -= rest >= divisor;
  return (whole ^ negative) - negative;
}

/// The means of `width` channels from `c` on.
template <int width, class T>
[[gnu::always_inline]] inline void meanTaps(const T *const *taps, int64_t count,
                                            int64_t c, int32_t divisor, T *to) {
  using Bytes = Vector<T, width>;
  using Halves = Vector<int16_t, width>;
  using Words = Vector<int32_t, width>;
  Words sum = 0;
  for (int64_t first = 0; first < count; first += mostTaps16) {
    int64_t end = atMost(first + mostTaps16, count);
    Halves part = 0;
    for (int64_t t = first; t < end; ++t)
      part += __builtin_convertvector(loadVector<Bytes>(taps[t] + c), Halves);
    sum += __builtin_convertvector(part, Words);
  }
  storeVector(to + c,
              __builtin_convertvector(
                  quotient<Words, Vector<float, width>>(sum, divisor), Bytes));
}

template <class T>
void mean(const T *const *taps, int64_t count, int64_t channels,
          int32_t divisor, T *to) {
  int64_t c = 0;
  for (; c + 16 <= channels; c += 16)
    meanTaps<16>(taps, count, c, divisor, to);
  for (; c + 8 <= channels; c += 8)
    meanTaps<8>(taps, count, c, divisor, to);
  for (; c < channels; ++c) {
    int32_t sum = 0;
    for (int64_t t = 0; t < count; ++t)
      sum += taps[t][c];
    int32_t size = sum < 0 ? -sum : sum;
    size = (2 * size + divisor) / (2 * divisor);
    to[c] = static_cast<T>(sum < 0 ? -size : size);
  }
}

template <class T> int32_t averagePool(const Fused &fused) {
  enum {
    accumulator,
    ceil,
    countIncludePad,
    dilations,
    kernel,
    layout,
    pads,
    strides
  };
  const Attribute *a = fused.call->attributes;
  bool padded = a[countIncludePad].integer != 0;
  Window window =
      poolWindow(*fused.call, a[kernel], a[strides], a[dilations], a[pads]);
  return eachPooled<T>(fused, window, a[layout],
                       [&](const Image &x, const int64_t *place,
                           const T *const *taps, int64_t count, T *to) {
                         auto divisor = static_cast<int32_t>(
                             padded ? window.paddedCount(x, place)
                                    : static_cast<double>(count));
                         mean(taps, count, fused.columns, divisor, to);
                       });
}

} // namespace

RUNE_FAST(AveragePoolI8_16) { return averagePool<int8_t>(fused); }
RUNE_FAST(AveragePoolI8_32) { return averagePool<int8_t>(fused); }
RUNE_FAST(AveragePoolI8_64) { return averagePool<int8_t>(fused); }
RUNE_FAST(AveragePoolU8_16) { return averagePool<uint8_t>(fused); }
RUNE_FAST(AveragePoolU8_32) { return averagePool<uint8_t>(fused); }
RUNE_FAST(AveragePoolU8_64) { return averagePool<uint8_t>(fused); }
