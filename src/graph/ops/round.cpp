// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// round(x): the nearest integer; of two the even one, or the one away from
// zero.
//
// source  ONNX Round-22 (even), C's round (away)
#include "graph/ops/unary.h"

#include <cmath>

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  if (context.node.text("ties") == "away")
    return evaluateFloats(context, [](auto x) { return std::round(x); });
  return evaluateFloats(context, [](auto x) { return std::nearbyint(x); });
}

OpDefinition defineRound() {
  return {
      {1, 1},
      {1, 1},
      {{"ties", AttributeKind::Text, std::string("even"), {"even", "away"}}},
      inferFloats,
      evaluate};
}

} // namespace rune::graph
