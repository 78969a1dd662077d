// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// logical_and(a, b): whether both are true.
//
// source  ONNX And-7
#include "graph/ops/arithmetic.h"

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateComparison(context, [](auto a, auto b) { return a && b; });
}

OpDefinition defineLogicalAnd() {
  return {{2, 2}, {1, 1}, {}, inferLogical, evaluate};
}

} // namespace rune::graph
