// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// sub(a, b) = a - b with numpy's broadcasting; integers wrap.
//
// source  ONNX Sub-14
#include "graph/ops/arithmetic.h"

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateArithmetic(context,
                            [](auto a, auto b) { return subWrapping(a, b); });
}

OpDefinition defineSub() {
  return {{2, 2}, {1, 1}, {}, inferBroadcast, evaluate};
}

} // namespace rune::graph
