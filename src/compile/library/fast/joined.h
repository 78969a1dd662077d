// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Depthwise convolutions multiply two taps of a channel by one instruction:
// vectors of neighbouring channels become vectors of pairs, in the order that
// costs least (blocking.h, depthwisePlace).
#pragma once

#include "compile/library/fast/vector.h"

namespace rune::library {

/// The channels of two vectors in pairs, half of the channels in each result,
/// in the order that costs one instruction (depthwisePlace).
template <int channels> struct Joined {
  using Halves = Vector<int16_t, channels>;
  Halves first, second;

  [[gnu::always_inline]] Joined(Halves a, Halves b) {
    if constexpr (channels == 8) {
      first = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
      second = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
    } else {
      first = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 8, 24,
                                      9, 25, 10, 26, 11, 27);
      second = __builtin_shufflevector(a, b, 4, 20, 5, 21, 6, 22, 7, 23, 12, 28,
                                       13, 29, 14, 30, 15, 31);
    }
  }
};

template <int channels, class Sums>
[[gnu::always_inline]] inline void storeInOrder(int32_t *to, Sums first,
                                                Sums second) {
  if constexpr (channels == 8) {
    storeVector(to, first);
    storeVector(to + 4, second);
  } else {
    storeVector(
        to, __builtin_shufflevector(first, second, 0, 1, 2, 3, 8, 9, 10, 11));
    storeVector(to + 8, __builtin_shufflevector(first, second, 4, 5, 6, 7, 12,
                                                13, 14, 15));
  }
}
template <int channels, class Sums>
[[gnu::always_inline]] inline void loadInOrder(const int32_t *from, Sums &first,
                                               Sums &second) {
  Sums low = loadVector<Sums>(from),
       high = loadVector<Sums>(from + channels / 2);
  if constexpr (channels == 8) {
    first = low;
    second = high;
  } else {
    first = __builtin_shufflevector(low, high, 0, 1, 2, 3, 8, 9, 10, 11);
    second = __builtin_shufflevector(low, high, 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

} // namespace rune::library
