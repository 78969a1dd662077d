// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// equal(a, b): whether they are equal; NaN equals nothing.
//
// source  ONNX Equal-19
#include "graph/known_elements.h"
#include "graph/ops/arithmetic.h"

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateComparison(context, [](auto a, auto b) { return a == b; });
}

/// Of sizes: 1 or 0. A size is never negative, whatever its name stands for.
static std::optional<Dims> elements(const InferContext &context) {
  auto result = pairElements(context, [](const Dim &a, const Dim &b) -> Dim {
    if (a.isFixed() && b.isFixed())
      return a == b ? 1 : 0;
    return a == b && a.isNamed() ? Dim(1) : Dim::unknown();
  });
  for (size_t side : {0, 1}) {
    auto numbers = knownIntegers(context, side);
    auto sizes = knownElements(context, 1 - side);
    if (!result || !numbers || !sizes || numbers->empty())
      continue;
    for (size_t i = 0; i < result->size(); ++i) {
      int64_t number = (*numbers)[numbers->size() == 1 ? 0 : i];
      if (number < 0 && !(*sizes)[sizes->size() == 1 ? 0 : i].isUnknown())
        (*result)[i] = 0;
    }
  }
  return result;
}

OpDefinition defineEqual() {
  return {{2, 2},   {1, 1},  {},    inferComparison,
          evaluate, nullptr, false, elements};
}

} // namespace rune::graph
