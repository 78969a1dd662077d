// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// logical_not(x): whether x is false.
//
// source  ONNX Not-1
#include "graph/ops/unary.h"

namespace rune::graph {

static Result<Types> infer(const InferContext &context) {
  // logical_not.1: bool
  if (context.dtype(0) != DType::Bool)
    return context.fail(1, "needs bool, got {}", context.type(0).str());
  return Types{context.type(0)};
}

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateUnaryAs<int64_t>(
      context, [](int64_t x) { return static_cast<int64_t>(x == 0); });
}

OpDefinition defineLogicalNot() {
  return {{1, 1}, {1, 1}, {}, infer, evaluate};
}

} // namespace rune::graph
