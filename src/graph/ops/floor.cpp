// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// floor(x): the largest integer that is not above x
//
// source  ONNX Floor-13
#include "graph/ops/unary.h"

#include <cmath>

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateFloats(context, [](auto x) { return std::floor(x); });
}

OpDefinition defineFloor() {
  return {{1, 1}, {1, 1}, {}, inferFloats, evaluate};
}

} // namespace rune::graph
