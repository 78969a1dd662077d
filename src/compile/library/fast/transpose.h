// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Small matrices turned in registers.
#pragma once

#include "compile/library/fast/vector.h"

namespace rune::library {

/// to[c][r] = from[r][c] for 4 × 4 elements of 4 bytes.
template <class T>
[[gnu::always_inline]] inline void turn4(const T *from, int64_t fromStep, T *to,
                                         int64_t toStep) {
  using V = Vector<T, 4>;
  V a = loadVector<V>(from), b = loadVector<V>(from + fromStep);
  V c = loadVector<V>(from + 2 * fromStep),
    d = loadVector<V>(from + 3 * fromStep);
  V ab = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  V cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  V ef = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  V gh = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  storeVector<V>(to, __builtin_shufflevector(ab, cd, 0, 1, 4, 5));
  storeVector<V>(to + toStep, __builtin_shufflevector(ab, cd, 2, 3, 6, 7));
  storeVector<V>(to + 2 * toStep, __builtin_shufflevector(ef, gh, 0, 1, 4, 5));
  storeVector<V>(to + 3 * toStep, __builtin_shufflevector(ef, gh, 2, 3, 6, 7));
}

/// to[c · toStep + r] = from[r · fromStep + c] for r < rows, c < columns.
template <class T>
inline void turn(const T *from, int64_t fromStep, int64_t rows, int64_t columns,
                 T *to, int64_t toStep) {
  int64_t r = 0;
  if constexpr (sizeof(T) == 4)
    for (; r + 4 <= rows; r += 4) {
      int64_t c = 0;
      for (; c + 4 <= columns; c += 4)
        turn4(from + r * fromStep + c, fromStep, to + c * toStep + r, toStep);
      for (; c < columns; ++c)
        for (int64_t i = r; i < r + 4; ++i)
          to[c * toStep + i] = from[i * fromStep + c];
    }
  for (; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c)
      to[c * toStep + r] = from[r * fromStep + c];
}

} // namespace rune::library
