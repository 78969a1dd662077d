// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ceil(x): the smallest integer that is not below x
//
// source  ONNX Ceil-13
#include "graph/ops/unary.h"

#include <cmath>

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateFloats(context, [](auto x) { return std::ceil(x); });
}

OpDefinition defineCeil() {
  return {{1, 1}, {1, 1}, {}, inferFloats, evaluate};
}

} // namespace rune::graph
