// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// abs(x) = |x|; the smallest integer wraps to itself.
//
// source  ONNX Abs-13
#include "graph/ops/unary.h"

#include <cmath>

namespace rune::graph {

template <class T> static T absolute(T x) {
  if constexpr (std::is_integral_v<T>)
    return x < 0 ? subWrapping(T(0), x) : x;
  else
    return std::fabs(x);
}

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateSigned(context, [](auto x) { return absolute(x); });
}

OpDefinition defineAbs() { return {{1, 1}, {1, 1}, {}, inferSigned, evaluate}; }

} // namespace rune::graph
