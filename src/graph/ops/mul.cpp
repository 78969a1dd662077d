// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mul(a, b) = a · b with numpy's broadcasting; integers wrap.
//
// source  ONNX Mul-14
#include "graph/ops/arithmetic.h"

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateArithmetic(context,
                            [](auto a, auto b) { return mulWrapping(a, b); });
}

OpDefinition defineMul() {
  return {{2, 2}, {1, 1}, {}, inferBroadcast, evaluate};
}

} // namespace rune::graph
