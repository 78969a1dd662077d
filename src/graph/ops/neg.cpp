// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// neg(x) = -x; the smallest integer wraps to itself.
//
// source  ONNX Neg-13
#include "graph/ops/unary.h"

#include <cmath>

namespace rune::graph {

template <class T> static T negated(T x) {
  if constexpr (std::is_integral_v<T>)
    return subWrapping(T(0), x);
  else
    return -x;
}

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateSigned(context, [](auto x) { return negated(x); });
}

OpDefinition defineNeg() { return {{1, 1}, {1, 1}, {}, inferSigned, evaluate}; }

} // namespace rune::graph
