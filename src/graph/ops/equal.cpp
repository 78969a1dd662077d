// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// equal(a, b): whether they are equal; NaN equals nothing.
//
// source  ONNX Equal-19
#include "graph/ops/arithmetic.h"

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateComparison(context, [](auto a, auto b) { return a == b; });
}

OpDefinition defineEqual() {
  return {{2, 2}, {1, 1}, {}, inferComparison, evaluate};
}

} // namespace rune::graph
