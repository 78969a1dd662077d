// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums of two products of 16-bit integers each, in 32 bits: what x86 has an
// instruction for (pmaddwd), and what LLVM finds a way for elsewhere.
#pragma once

#include "compile/library/fast/vector.h"

namespace rune::library {

/// sum[i] + a[2i] · b[2i] + a[2i+1] · b[2i+1]; wraps.
template <int lanes>
[[gnu::always_inline]] inline Vector<int32_t, lanes>
dotPairs(Vector<int32_t, lanes> sum, Vector<int16_t, 2 * lanes> a,
         Vector<int16_t, 2 * lanes> b) {
#if defined(__x86_64__)
  if constexpr (lanes == 4)
    return sum + __builtin_ia32_pmaddwd128(a, b);
  else if constexpr (lanes == 8)
    return sum + __builtin_ia32_pmaddwd256(a, b);
  else
    return sum + __builtin_ia32_pmaddwd512(a, b);
#else
  using Halves = Vector<int16_t, lanes>;
  using Sums = Vector<int32_t, lanes>;
  // a pair is one element of 32 bits, its first half the lower one
  Sums wholeA = __builtin_bit_cast(Sums, a),
       wholeB = __builtin_bit_cast(Sums, b);
  auto low = [](Sums pairs) {
    return __builtin_convertvector(__builtin_convertvector(pairs, Halves),
                                   Sums);
  };
  return sum + low(wholeA) * low(wholeB) + (wholeA >> 16) * (wholeB >> 16);
#endif
}

} // namespace rune::library
