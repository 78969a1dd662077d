// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a requantisation makes of one integer, exactly: by which float forms of
// it are tried while compiling.
//
// source  docs/ops.md, requantize
#pragma once

#include "graph/graph.h"

#include <optional>

namespace rune::compile {

/// One column of a requantize of up to 32 bits.
struct RequantiseRule {
  enum Rounding : uint8_t { Double, Single, Even } rounding = Double;
  int64_t multiplier = 0, drop = 0;
  int64_t left = 0, inputZero = 0;
  int64_t zero = 0, low = 0, high = 0;

  /// Real numbers in, before any rounding.
  double factor() const;
  /// in      |x - inputZero| · 2^left < 2^31
  int64_t operator()(int64_t x) const;
};

/// How many parameters a requantize has: one for all, or one for each column.
/// Nothing if they are not known.
std::optional<size_t> parametersOf(const graph::Graph &graph,
                                   const graph::Node &node);

/// in      `column`: 0 if there is one for all
/// result  nothing for rules that no form in floats is tried for
std::optional<RequantiseRule> ruleOf(const graph::Graph &graph,
                                     const graph::Node &node, size_t column);

} // namespace rune::compile
