// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Activations that lose digits, or are rounded more than once, when they are
// put together from other operators.
//
// source  ONNX Elu-22, Selu-22, Celu-12, Gelu-20, Softplus-22
#include "graph/ops/unary.h"

#include <cmath>
#include <numbers>

namespace rune::graph {

namespace {

Result<Tensors> evaluateElu(const EvalContext &context) {
  double alpha = context.node.number("alpha");
  double beta = context.node.number("beta");
  double gamma = context.node.number("gamma");
  return evaluateFloats(context, [&]<class W>(W x) -> W {
    if (x > 0)
      return static_cast<W>(gamma) * x;
    return static_cast<W>(gamma * alpha) * std::expm1(static_cast<W>(beta) * x);
  });
}

/// x · Φ(x); erfc keeps the digits of small results.
template <class W> W gelu(W x) {
  return W(0.5) * x * std::erfc(-x * static_cast<W>(std::numbers::sqrt2 / 2));
}

template <class W> W geluByTanh(W x) {
  // √(2/π)
  W inner = static_cast<W>(0.79788456080286535588) *
            (x + static_cast<W>(0.044715) * x * x * x);
  return W(0.5) * x * (W(1) + std::tanh(inner));
}

Result<Tensors> evaluateGelu(const EvalContext &context) {
  if (context.node.text("approximate") == "tanh")
    return evaluateFloats(context, [](auto x) { return geluByTanh(x); });
  return evaluateFloats(context, [](auto x) { return gelu(x); });
}

Result<Tensors> evaluateSoftplus(const EvalContext &context) {
  return evaluateFloats(context, []<class W>(W x) -> W {
    if (std::isnan(x))
      return x;
    return std::max(x, W(0)) + std::log1p(std::exp(-std::fabs(x)));
  });
}

} // namespace

OpDefinition defineElu() {
  return {{1, 1},
          {1, 1},
          {{"alpha", AttributeKind::Number, 1.0, {}},
           {"beta", AttributeKind::Number, 1.0, {}},
           {"gamma", AttributeKind::Number, 1.0, {}}},
          inferFloats,
          evaluateElu};
}

OpDefinition defineGelu() {
  return {{1, 1},
          {1, 1},
          {{"approximate",
            AttributeKind::Text,
            std::string("none"),
            {"none", "tanh"}}},
          inferFloats,
          evaluateGelu};
}

OpDefinition defineSoftplus() {
  return {{1, 1}, {1, 1}, {}, inferFloats, evaluateSoftplus};
}

} // namespace rune::graph
