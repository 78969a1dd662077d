// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums, products, extremes and signs of numbers.
//
// source  docs/ops.md: each operator's own section
#include "compile/library/elements.h"

using namespace rune::library;

RUNE_KERNEL(Abs) {
  return mapSigned(call, [](auto x) { return magnitude(x); });
}
RUNE_KERNEL(Neg) {
  return mapSigned(call, []<class W>(W x) {
    if constexpr (std::is_integral_v<W>)
      return subWrapping(W(0), x);
    else
      return -x;
  });
}
RUNE_KERNEL(Sign) {
  return mapSigned(call, []<class W>(W x) -> W {
    return isNan(x) ? x : static_cast<W>((x > 0) - (x < 0));
  });
}
RUNE_KERNEL(Relu) {
  return mapSigned(call,
                   []<class W>(W x) { return x > 0 || isNan(x) ? x : W(0); });
}

RUNE_KERNEL(Add) {
  return pairs(call,
               [](auto a, auto b, int32_t &) { return addWrapping(a, b); });
}
RUNE_KERNEL(Sub) {
  return pairs(call,
               [](auto a, auto b, int32_t &) { return subWrapping(a, b); });
}
RUNE_KERNEL(Mul) {
  return pairs(call,
               [](auto a, auto b, int32_t &) { return mulWrapping(a, b); });
}
RUNE_KERNEL(Div) {
  return pairs(call, []<class W>(W a, W b, int32_t &status) -> W {
    if constexpr (std::is_integral_v<W>) {
      if (b == 0) // div.3
        return status = 3, W(0);
      if constexpr (std::is_signed_v<W>)
        if (b == -1)
          return subWrapping(W(0), a);
    }
    return static_cast<W>(a / b);
  });
}

RUNE_KERNEL(Minimum) {
  return pairs(call, [](auto a, auto b, int32_t &) {
    return isNan(a) || (!isNan(b) && !(b < a)) ? a : b;
  });
}
RUNE_KERNEL(Maximum) {
  return pairs(call, [](auto a, auto b, int32_t &) {
    return isNan(a) || (!isNan(b) && !(b > a)) ? a : b;
  });
}

RUNE_KERNEL(Clamp) {
  return withNumeric(call.in[0].type, [&]<class T>(Tag<T>) {
    using W = Wide<T>;
    bool hasLow = has(call, 1), hasHigh = has(call, 2);
    W low = hasLow ? widen(elements<T>(call.in[1])[0]) : W(0);
    W high = hasHigh ? widen(elements<T>(call.in[2])[0]) : W(0);
    return mapAs<T>(call, [=](W x) {
      if (hasLow && x < low)
        x = low;
      if (hasHigh && x > high)
        x = high;
      return x;
    });
  });
}
