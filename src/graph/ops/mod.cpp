// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mod(a, b): what is left of a after whole multiples of b, with the sign of the
// divisor b or of the dividend a.
//
// source  ONNX Mod-13; numpy.mod and numpy.fmod
#include "graph/ops/arithmetic.h"

#include <cmath>

namespace rune::graph {

namespace {

template <class T> T remainder(T a, T b, bool ofDivisor) {
  if constexpr (std::is_integral_v<T>) {
    if (std::is_signed_v<T> && std::cmp_equal(b, -1)) // the quotient overflows
      return 0;
    T rest = static_cast<T>(a % b);
    bool differs = rest != 0 && std::cmp_less(rest, 0) != std::cmp_less(b, 0);
    return ofDivisor && differs ? static_cast<T>(rest + b) : rest;
  } else {
    T rest = std::fmod(a, b);
    if (!ofDivisor || std::isnan(rest))
      return rest;
    if (rest == 0)
      return std::copysign(rest, b);
    return (rest < 0) != (b < 0) ? rest + b : rest;
  }
}

Result<Tensors> evaluate(const EvalContext &context) {
  bool byZero = false, ofDivisor = context.node.text("sign") == "divisor";
  auto result = evaluateArithmetic(context, [&]<class T>(T a, T b) -> T {
    if (std::is_integral_v<T> && b == 0)
      return byZero = true, T(0);
    return remainder(a, b, ofDivisor);
  });
  // mod.3: no integer is divided by zero
  if (byZero)
    return context.fail(3, "an integer is divided by zero");
  return result;
}

} // namespace

OpDefinition defineMod() {
  return {{2, 2},
          {1, 1},
          {{"sign",
            AttributeKind::Text,
            std::string("divisor"),
            {"divisor", "dividend"}}},
          inferBroadcast,
          evaluate};
}

} // namespace rune::graph
