// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums of two products of 16-bit integers each, or of four of 8-bit integers,
// in 32 bits, as x86 names the instructions for it. Of processors that lack
// one, compile/retarget.h knows another way.
#pragma once

#include "compile/library/fast/vector.h"

namespace rune::library {

/// sum[i] + a[2i] · b[2i] + a[2i+1] · b[2i+1]; wraps.
template <int lanes>
[[gnu::always_inline]] inline Vector<int32_t, lanes>
dotPairs(Vector<int32_t, lanes> sum, Vector<int16_t, 2 * lanes> a,
         Vector<int16_t, 2 * lanes> b) {
  if constexpr (lanes == 4)
    return sum + __builtin_ia32_pmaddwd128(a, b);
  else if constexpr (lanes == 8)
    return sum + __builtin_ia32_pmaddwd256(a, b);
  else
    return sum + __builtin_ia32_pmaddwd512(a, b);
}

/// sum[i] + a[4i] · b[4i] + … + a[4i+3] · b[4i+3], the bytes of b signed, those
/// of a as it is said; wraps.
template <int lanes, bool isSigned>
[[gnu::always_inline]] inline Vector<int32_t, lanes>
dotQuads(Vector<int32_t, lanes> sum, Vector<int32_t, lanes> a,
         Vector<int32_t, lanes> b) {
  using Bytes = char __attribute__((vector_size(4 * lanes)));
  auto x = __builtin_bit_cast(Bytes, a), y = __builtin_bit_cast(Bytes, b);
  if constexpr (isSigned && lanes == 4)
    return __builtin_ia32_vpdpbssd128(sum, x, y);
  else if constexpr (lanes == 8)
    return __builtin_ia32_vpdpbusd256(sum, x, y);
  else
    return __builtin_ia32_vpdpbusd512(sum, x, y);
}

} // namespace rune::library
