// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// sigmoid(x) = 1 / (1 + e^-x)
//
// source  ONNX Sigmoid-13
#include "graph/ops/unary.h"

#include <cmath>

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateFloats(context, [](auto x) {
    return decltype(x)(1) / (decltype(x)(1) + std::exp(-x));
  });
}

OpDefinition defineSigmoid() {
  return {{1, 1}, {1, 1}, {}, inferFloats, evaluate};
}

} // namespace rune::graph
