// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// less(a, b): whether a < b.
//
// source  ONNX Less-13
#include "graph/ops/arithmetic.h"

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateComparison(context, [](auto a, auto b) { return a < b; });
}

OpDefinition defineLess() {
  return {{2, 2}, {1, 1}, {}, inferComparison, evaluate};
}

} // namespace rune::graph
