// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// minimum(a, b): the smaller one; NaN wins.
//
// source  ONNX Min-13, numpy.minimum
#include "graph/ops/arithmetic.h"

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateArithmetic(
      context, [](auto a, auto b) { return isNan(a) || a < b ? a : b; });
}

OpDefinition defineMinimum() {
  return {{2, 2}, {1, 1}, {}, inferBroadcast, evaluate};
}

} // namespace rune::graph
