// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// arg_min(x): where along `axis` the smallest element stands; NaN wins. Of
// equal ones the first, or the last.
//
// source  ONNX ArgMin-13
#include "graph/ops/arg.h"

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateArg(context, [](auto next, auto best) { return next < best; });
}

OpDefinition defineArgMin() {
  return {{1, 1}, {1, 1}, argSpecs(), inferArg, evaluate, completeArg};
}

} // namespace rune::graph
