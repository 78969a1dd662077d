// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// sign(x): -1, 0 or 1; NaN stays NaN.
//
// source  ONNX Sign-13
#include "graph/ops/unary.h"

#include <cmath>

namespace rune::graph {

template <class T> static T signOf(T x) {
  if (isNan(x))
    return x;
  return static_cast<T>((x > 0) - (x < 0));
}

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateSigned(context, [](auto x) { return signOf(x); });
}

OpDefinition defineSign() {
  return {{1, 1}, {1, 1}, {}, inferSigned, evaluate};
}

} // namespace rune::graph
