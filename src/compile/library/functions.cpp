// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of one real number.
//
// source  docs/ops.md: each operator's own section
#include "compile/library/elements.h"

using namespace rune::library;

#define RUNE_FUNCTION(Name, function)                                          \
  RUNE_KERNEL(Name) {                                                          \
    return mapReals(call, [](double x) { return math::function(x); });         \
  }
RUNE_FUNCTION(Exp, exp)
RUNE_FUNCTION(Log, log)
RUNE_FUNCTION(Sqrt, sqrt)
RUNE_FUNCTION(Sin, sin)
RUNE_FUNCTION(Cos, cos)
RUNE_FUNCTION(Tan, tan)
RUNE_FUNCTION(Asin, asin)
RUNE_FUNCTION(Acos, acos)
RUNE_FUNCTION(Atan, atan)
RUNE_FUNCTION(Sinh, sinh)
RUNE_FUNCTION(Cosh, cosh)
RUNE_FUNCTION(Tanh, tanh)
RUNE_FUNCTION(Asinh, asinh)
RUNE_FUNCTION(Acosh, acosh)
RUNE_FUNCTION(Atanh, atanh)
RUNE_FUNCTION(Erf, erf)
RUNE_FUNCTION(Floor, floor)
RUNE_FUNCTION(Ceil, ceil)
#undef RUNE_FUNCTION

RUNE_KERNEL(Sigmoid) {
  return mapFloats(
      call, []<class W>(W x) -> W { return W(1) / (W(1) + math::exp(-x)); });
}

RUNE_KERNEL(Softplus) {
  return mapFloats(call, []<class W>(W x) -> W {
    if (isNan(x))
      return x;
    return (x > 0 ? x : W(0)) + math::log1p(math::exp(-magnitude(x)));
  });
}
RUNE_KERNEL(Elu) {
  enum { alpha, beta, gamma };
  double a = call.attributes[alpha].number, b = call.attributes[beta].number,
         g = call.attributes[gamma].number;
  return mapFloats(call, [=]<class W>(W x) -> W {
    return x > 0 ? static_cast<W>(g) * x
                 : static_cast<W>(g * a) * math::expm1(static_cast<W>(b) * x);
  });
}
RUNE_KERNEL(Gelu) {
  enum { approximate };
  if (isText(call.attributes[approximate], "tanh"))
    return mapFloats(call, []<class W>(W x) -> W {
      W inner = static_cast<W>(0.79788456080286535588) *
                (x + static_cast<W>(0.044715) * x * x * x);
      return W(0.5) * x * (W(1) + math::tanh(inner));
    });
  return mapFloats(call, []<class W>(W x) -> W {
    return W(0.5) * x * math::erfc(-x * static_cast<W>(0.70710678118654752440));
  });
}
RUNE_KERNEL(Round) {
  enum { ties };
  if (isText(call.attributes[ties], "away"))
    return mapReals(call, [](double x) { return math::roundAway(x); });
  return mapReals(call, [](double x) { return math::roundEven(x); });
}
