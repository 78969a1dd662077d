// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// log(x) = ln x
//
// source  ONNX Log-13
#include "graph/ops/unary.h"

#include <cmath>

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateFloats(context, [](auto x) { return std::log(x); });
}

OpDefinition defineLog() { return {{1, 1}, {1, 1}, {}, inferFloats, evaluate}; }

} // namespace rune::graph
