// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// identity(x) = x.
//
// source  ONNX Identity-19
#include "graph/known_elements.h"
#include "graph/ops/common.h"
#include "graph/plan.h"

namespace rune::graph {

static Result<Types> infer(const InferContext &context) {
  return Types{context.type(0)};
}

static Result<Tensors> evaluate(const EvalContext &context) {
  RUNE_TRY(context.budget.reserve(context.input(0).data.size()));
  return single(RUNE_TRY(Tensor::copyOf(context.input(0))));
}

/// Any value; nothing is copied.
static Result<Items> plan(const PlanContext &context) { return context.items; }

OpDefinition defineIdentity() {
  OpDefinition op{{1, 1}, {1, 1}, {}, infer, evaluate};
  op.elements = sameElements;
  op.plan = plan;
  return op;
}

} // namespace rune::graph
