// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/activation.h"

#include <algorithm>
#include <cmath>

namespace rune::graph {

double Activation::operator()(double x) const {
  if (name == "tanh")
    return std::tanh(x);
  if (name == "relu")
    return x < 0 ? 0 : x;
  if (name == "affine")
    return alpha * x + beta;
  if (name == "leaky_relu")
    return x < 0 ? alpha * x : x;
  if (name == "thresholded_relu")
    return x > alpha || std::isnan(x) ? x : 0;
  if (name == "scaled_tanh")
    return alpha * std::tanh(beta * x);
  if (name == "hard_sigmoid")
    return std::isnan(x) ? x : std::clamp(alpha * x + beta, 0.0, 1.0);
  if (name == "elu")
    return x < 0 ? alpha * std::expm1(x) : x;
  if (name == "softsign")
    return x / (1 + std::abs(x));
  if (name == "softplus")
    return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
  return 1 / (1 + std::exp(-x));
}

AttributeSpec activationSpec(std::string_view name, std::string_view fallback) {
  return {name,
          AttributeKind::Text,
          std::string(fallback),
          {"sigmoid", "tanh", "relu", "affine", "leaky_relu",
           "thresholded_relu", "scaled_tanh", "hard_sigmoid", "elu", "softsign",
           "softplus"}};
}

Activation activationOf(const Node &node, std::string_view gate) {
  return {node.text(fmt::format("{}_activation", gate)),
          node.number(fmt::format("{}_alpha", gate)),
          node.number(fmt::format("{}_beta", gate))};
}

double within(double x, double limit) {
  return limit > 0 && !std::isnan(x) ? std::clamp(x, -limit, limit) : x;
}

} // namespace rune::graph
