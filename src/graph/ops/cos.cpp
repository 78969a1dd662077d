// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cos(x)
//
// source  ONNX Cos-22
#include "graph/ops/unary.h"

#include <cmath>

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateFloats(context, [](auto x) { return std::cos(x); });
}

OpDefinition defineCos() { return {{1, 1}, {1, 1}, {}, inferFloats, evaluate}; }

} // namespace rune::graph
