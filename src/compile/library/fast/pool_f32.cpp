// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pools of f32 over channels-last images, and the largest of 8-bit ones: the
// taps of a pixel are found once, their channels are vectors.
#include "compile/library/fast/folds_f32.h"
#include "compile/library/fast/pool_taps.h"

#pragma clang fp contract(on)

using namespace rune::library;

namespace {

/// NaN wins over numbers, and what came first over its equals.
struct Largest {
  using Element = float;
  static float start() { return -std::numeric_limits<float>::infinity(); }
  template <class V> static V step(V best, V next) {
    if constexpr (std::is_same_v<V, float>)
      return next > best || isNan(next) ? next : best;
    else
      return ((next > best) | (next != next)) ? next : best;
  }
};
template <class T> struct LargestInteger {
  using Element = T;
  static T start() { return std::numeric_limits<T>::min(); }
  template <class V> static V step(V best, V next) {
    return next > best ? next : best;
  }
};
struct Sum {
  using Element = float;
  static float start() { return 0; }
  template <class V> static V step(V sum, V next) { return sum + next; }
};

/// All channels of one pixel; `lanes` are those of f32.
template <int lanes, class Fold, class T = typename Fold::Element>
void foldTaps(const T *const *taps, int64_t count, int64_t channels,
              float factor, T *to) {
  constexpr int all = lanes * 4 / static_cast<int>(sizeof(T));
  int64_t c = 0;
  auto scaled = [&](auto x) {
    if constexpr (std::is_same_v<T, float>)
      return x * factor;
    else
      return x;
  };
  auto block = [&]<int width, int n>(std::integral_constant<int, width>,
                                     std::integral_constant<int, n>) {
    using V = Vector<T, width>;
    V folds[n];
    for (int v = 0; v < n; ++v)
      folds[v] = Fold::start();
    for (int64_t t = 0; t < count; ++t)
      for (int v = 0; v < n; ++v)
        folds[v] = Fold::step(folds[v], loadVector<V>(taps[t] + c + v * width));
    for (int v = 0; v < n; ++v)
      storeVector<V>(to + c + v * width, scaled(folds[v]));
    c += n * width;
  };
  std::integral_constant<int, all> whole;
  std::integral_constant<int, 1> one;
  while (c + 4 * all <= channels)
    block(whole, std::integral_constant<int, 4>{});
  while (c + all <= channels)
    block(whole, one);
  if constexpr (sizeof(T) == 1)
    while (c + 8 <= channels)
      block(std::integral_constant<int, 8>{}, one);
  for (; c < channels; ++c) {
    T fold = Fold::start();
    for (int64_t t = 0; t < count; ++t)
      fold = Fold::step(fold, taps[t][c]);
    to[c] = scaled(fold);
  }
}

/// in      `factor(place, taps)`: what the fold of a window is multiplied by
template <int lanes, class Fold, class Factor>
int32_t pool(const Fused &fused, const Window &window, const Attribute &layout,
             Factor factor) {
  using T = typename Fold::Element;
  return eachPooled<T>(fused, window, layout,
                       [&](const Image &x, const int64_t *place,
                           const T *const *taps, int64_t count, T *to) {
                         foldTaps<lanes, Fold>(taps, count, fused.columns,
                                               factor(x, place, count), to);
                       });
}

template <int lanes, class Fold> int32_t maxPool(const Fused &fused) {
  enum { ceil, columnMajor, dilations, kernel, layout, pads, strides };
  const Attribute *a = fused.call->attributes;
  Window window =
      poolWindow(*fused.call, a[kernel], a[strides], a[dilations], a[pads]);
  return pool<lanes, Fold>(
      fused, window, a[layout],
      [](const Image &, const int64_t *, int64_t) { return 1.0f; });
}

template <int lanes> int32_t averagePool(const Fused &fused) {
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
  return pool<lanes, Sum>(
      fused, window, a[layout],
      [&](const Image &x, const int64_t *place, int64_t taps) {
        return 1 / static_cast<float>(padded ? window.paddedCount(x, place)
                                             : static_cast<double>(taps));
      });
}

} // namespace

RUNE_FAST(MaxPoolF32_16) { return maxPool<4, Largest>(fused); }
RUNE_FAST(MaxPoolF32_32) { return maxPool<8, Largest>(fused); }
RUNE_FAST(MaxPoolF32_64) { return maxPool<16, Largest>(fused); }
RUNE_FAST(MaxPoolI8_16) { return maxPool<4, LargestInteger<int8_t>>(fused); }
RUNE_FAST(MaxPoolI8_32) { return maxPool<8, LargestInteger<int8_t>>(fused); }
RUNE_FAST(MaxPoolI8_64) { return maxPool<16, LargestInteger<int8_t>>(fused); }
RUNE_FAST(MaxPoolU8_16) { return maxPool<4, LargestInteger<uint8_t>>(fused); }
RUNE_FAST(MaxPoolU8_32) { return maxPool<8, LargestInteger<uint8_t>>(fused); }
RUNE_FAST(MaxPoolU8_64) { return maxPool<16, LargestInteger<uint8_t>>(fused); }
RUNE_FAST(AveragePoolF32_16) { return averagePool<4>(fused); }
RUNE_FAST(AveragePoolF32_32) { return averagePool<8>(fused); }
RUNE_FAST(AveragePoolF32_64) { return averagePool<16>(fused); }
