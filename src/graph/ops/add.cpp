// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// add(a, b) = a + b with numpy's broadcasting; integers wrap.
//
// source  ONNX Add-14
#include "graph/ops/arithmetic.h"

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateArithmetic(context,
                            [](auto a, auto b) { return addWrapping(a, b); });
}

OpDefinition defineAdd() {
  return {{2, 2}, {1, 1}, {}, inferBroadcast, evaluate};
}

} // namespace rune::graph
