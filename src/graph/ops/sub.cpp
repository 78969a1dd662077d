// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// sub(a, b) = a - b with numpy's broadcasting; integers wrap.
//
// source  ONNX Sub-14
#include "graph/known_elements.h"
#include "graph/ops/arithmetic.h"

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateArithmetic(context,
                            [](auto a, auto b) { return subWrapping(a, b); });
}

/// Of sizes.
static std::optional<Dims> elements(const InferContext &context) {
  return pairElements(context, [](const Dim &a, const Dim &b) -> Dim {
    if (b == Dim(0) || (a == b && a.isNamed()))
      return b == Dim(0) ? a : Dim(0);
    bool fixed = a.isFixed() && b.isFixed() && a.size() >= b.size();
    return fixed ? Dim(a.size() - b.size()) : Dim::unknown();
  });
}

OpDefinition defineSub() {
  return {{2, 2},   {1, 1},  {},    inferBroadcast,
          evaluate, nullptr, false, elements};
}

} // namespace rune::graph
