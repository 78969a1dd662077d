// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// maximum(a, b): the larger one; NaN wins.
//
// source  ONNX Max-13, numpy.maximum
#include "graph/ops/arithmetic.h"

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateArithmetic(
      context, [](auto a, auto b) { return isNan(a) || a > b ? a : b; });
}

OpDefinition defineMaximum() {
  return {{2, 2}, {1, 1}, {}, inferBroadcast, evaluate};
}

} // namespace rune::graph
