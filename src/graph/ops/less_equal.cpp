// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// less_equal(a, b): whether a ≤ b.
//
// source  ONNX LessOrEqual-16
#include "graph/ops/arithmetic.h"

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateComparison(context, [](auto a, auto b) { return a <= b; });
}

OpDefinition defineLessEqual() {
  return {{2, 2}, {1, 1}, {}, inferComparison, evaluate};
}

} // namespace rune::graph
