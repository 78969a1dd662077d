// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// exp(x) = e^x
//
// source  ONNX Exp-13
#include "graph/ops/unary.h"

#include <cmath>

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateFloats(context, [](auto x) { return std::exp(x); });
}

OpDefinition defineExp() { return {{1, 1}, {1, 1}, {}, inferFloats, evaluate}; }

} // namespace rune::graph
