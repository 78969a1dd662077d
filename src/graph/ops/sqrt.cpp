// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// sqrt(x) = √x
//
// source  ONNX Sqrt-13
#include "graph/ops/unary.h"

#include <cmath>

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateFloats(context, [](auto x) { return std::sqrt(x); });
}

OpDefinition defineSqrt() {
  return {{1, 1}, {1, 1}, {}, inferFloats, evaluate};
}

} // namespace rune::graph
