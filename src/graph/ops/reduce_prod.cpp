// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// reduce_prod(x): the product over all `axes` together, in row-major order, in
// `accumulator`. Integers wrap.
//
// source  ONNX ReduceProd-18
#include "graph/known_elements.h"
#include "graph/ops/reduce.h"

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateSum(context, 1,
                     [](auto a, auto b) { return mulWrapping(a, b); });
}

/// Of all sizes of a vector, if its axis is folded.
static std::optional<Dims> elements(const InferContext &context) {
  auto x = knownElements(context, 0);
  auto axes = foldedAxes(context);
  if (!x || context.rank(0) != 1 || !axes || axes->size() != 1)
    return std::nullopt;
  return Dims{productOf(*x)};
}

OpDefinition defineReduceProd() {
  return {{1, 2},   {1, 1},         sumSpecs(), inferSum,
          evaluate, completeReduce, false,      elements};
}

} // namespace rune::graph
