// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// minimum(a, b): the smaller one; NaN wins.
//
// source  ONNX Min-13, numpy.minimum
#include "graph/known_elements.h"
#include "graph/ops/arithmetic.h"

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateArithmetic(
      context, [](auto a, auto b) { return isNan(a) || a < b ? a : b; });
}

/// Of sizes.
static std::optional<Dims> elements(const InferContext &context) {
  return pairElements(context, [](const Dim &a, const Dim &b) -> Dim {
    if (a == b)
      return a;
    bool fixed = a.isFixed() && b.isFixed();
    return fixed ? Dim(std::min(a.size(), b.size())) : Dim::unknown();
  });
}

OpDefinition defineMinimum() {
  return {{2, 2},   {1, 1},  {},    inferBroadcast,
          evaluate, nullptr, false, elements};
}

} // namespace rune::graph
