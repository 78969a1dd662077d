// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The functions that the gates of recurrent operators go through.
//
// source  ONNX RNN-22, "activations"
#pragma once

#include "graph/ops/common.h"

namespace rune::graph {

/// One function and its two numbers, as far as it takes them.
struct Activation {
  std::string_view name = "sigmoid";
  double alpha = 0;
  double beta = 0;

  double operator()(double x) const;
};

/// The attributes `NAME_activation`, `NAME_alpha` and `NAME_beta`.
AttributeSpec activationSpec(std::string_view name, std::string_view fallback);
Activation activationOf(const Node &node, std::string_view gate);

/// x within ±limit; 0 is no limit, NaN stays NaN.
double within(double x, double limit);

} // namespace rune::graph
