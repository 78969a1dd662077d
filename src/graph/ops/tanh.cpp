// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tanh(x)
//
// source  ONNX Tanh-13
#include "graph/ops/unary.h"

#include <cmath>

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateFloats(context, [](auto x) { return std::tanh(x); });
}

OpDefinition defineTanh() {
  return {{1, 1}, {1, 1}, {}, inferFloats, evaluate};
}

} // namespace rune::graph
