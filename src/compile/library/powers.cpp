// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Powers and remainders.
//
// source  docs/ops.md: mod, pow
#include "compile/library/elements.h"

using namespace rune::library;

RUNE_KERNEL(Mod) {
  enum { sign };
  bool ofDivisor = isText(call.attributes[sign], "divisor");
  return pairs(call, [=]<class W>(W a, W b, int32_t &status) -> W {
    if constexpr (std::is_integral_v<W>) {
      if (b == 0) // mod.3
        return status = 3, W(0);
      if constexpr (std::is_signed_v<W>)
        if (b == -1)
          return 0;
      W rest = static_cast<W>(a % b);
      bool differs = rest != 0 && (rest < 0) != (b < 0);
      return ofDivisor && differs ? static_cast<W>(rest + b) : rest;
    } else {
      W rest = math::fmod(a, b);
      if (!ofDivisor || isNan(rest))
        return rest;
      if (rest == 0)
        return withSign(rest, b);
      return (rest < 0) != (b < 0) ? rest + b : rest;
    }
  });
}
RUNE_KERNEL(Pow) {
  return pairs(call, []<class W>(W a, W b, int32_t &status) -> W {
    if constexpr (std::is_integral_v<W>) {
      if constexpr (std::is_signed_v<W>)
        if (b < 0) {
          if (a == 0) // pow.3
            return status = 3, W(0);
          bool odd = (static_cast<uint64_t>(b) & 1) != 0;
          return a == 1 ? W(1) : a == -1 ? W(odd ? -1 : 1) : W(0);
        }
      W result = 1;
      for (auto left = static_cast<uint64_t>(b); left != 0; left >>= 1) {
        if (left & 1)
          result = mulWrapping(result, a);
        a = mulWrapping(a, a);
      }
      return result;
    } else {
      return math::pow(a, b);
    }
  });
}
