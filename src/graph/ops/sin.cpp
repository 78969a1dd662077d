// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// sin(x)
//
// source  ONNX Sin-22
#include "graph/ops/unary.h"

#include <cmath>

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateFloats(context, [](auto x) { return std::sin(x); });
}

OpDefinition defineSin() { return {{1, 1}, {1, 1}, {}, inferFloats, evaluate}; }

} // namespace rune::graph
