// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mul(a, b) = a · b with numpy's broadcasting; integers wrap.
//
// source  ONNX Mul-14
#include "graph/known_elements.h"
#include "graph/ops/arithmetic.h"

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateArithmetic(context,
                            [](auto a, auto b) { return mulWrapping(a, b); });
}

/// Of sizes.
static std::optional<Dims> elements(const InferContext &context) {
  return pairElements(context, [](const Dim &a, const Dim &b) -> Dim {
    return productOf(std::array{a, b});
  });
}

OpDefinition defineMul() {
  return {{2, 2},   {1, 1},  {},    inferBroadcast,
          evaluate, nullptr, false, elements};
}

} // namespace rune::graph
