// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// maximum(a, b): the larger one; NaN wins.
//
// source  ONNX Max-13, numpy.maximum
#include "graph/known_elements.h"
#include "graph/ops/arithmetic.h"

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateArithmetic(
      context, [](auto a, auto b) { return isNan(a) || a > b ? a : b; });
}

/// Of sizes.
static std::optional<Dims> elements(const InferContext &context) {
  return pairElements(context, [](const Dim &a, const Dim &b) -> Dim {
    if (a == b)
      return a;
    bool fixed = a.isFixed() && b.isFixed();
    return fixed ? Dim(std::max(a.size(), b.size())) : Dim::unknown();
  });
}

OpDefinition defineMaximum() {
  return {{2, 2},   {1, 1},  {},    inferBroadcast,
          evaluate, nullptr, false, elements};
}

} // namespace rune::graph
