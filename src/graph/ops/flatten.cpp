// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// flatten(x): two dimensions, the product of those before `axis` and of those
// from it on.
//
// source  ONNX Flatten-21
#include "graph/known_elements.h"
#include "graph/ops/common.h"

namespace rune::graph {

static Result<Types> infer(const InferContext &context) {
  // flatten.1: 0 ≤ axis ≤ rank
  int64_t axis = context.node.integer("axis");
  std::span<const Dim> dims = context.dims(0);
  if (axis < 0 || axis > static_cast<int64_t>(dims.size()))
    return context.fail(1, "`axis` is {}, must be in [0, {}]", axis,
                        dims.size());
  return Types{{context.dtype(0),
                {productOf(dims.first(axis)), productOf(dims.subspan(axis))}}};
}

static Result<Tensors> evaluate(const EvalContext &context) {
  TensorView x = context.input(0);
  std::vector<int64_t> sizes = context.results[0].sizes();
  RUNE_TRY(context.budget.reserve(x.data.size()));
  return single(RUNE_TRY(Tensor::copyOf({x.dtype, sizes, x.data})));
}

static void complete(const InferContext &context,
                     std::vector<Attribute> &attributes) {
  completeAxis(context, attributes, "axis");
}

OpDefinition defineFlatten() {
  return {
      {1, 1}, {1, 1},      {{"axis", AttributeKind::Integer, int64_t{1}, {}}},
      infer,  evaluate,    complete,
      false,  sameElements};
}

} // namespace rune::graph
