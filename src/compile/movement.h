// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that only move elements, as what they are for memory: for each of
// their results, which elements come from where, in steps that are known before
// the run. Then they need no kernel of their own, and often nothing at all: a
// result may be a view of an operand, or an operand be made where it belongs in
// the result (compile/parts.h).
#pragma once

#include "compile/parts.h"

namespace rune::compile {

/// to[toOffset + Σ index · toSteps] = from[fromOffset + Σ index · fromSteps]
/// for each index below `sizes`, all in elements of the values that the two lie
/// in.
struct Move {
  /// No value: zeros.
  graph::ValueId from = graph::noValue;
  graph::ValueId to = graph::noValue;
  int64_t fromOffset = 0, toOffset = 0;
  std::vector<int64_t> sizes, fromSteps, toSteps;
};

/// What a node moves; nothing if it does more than that, or where to follows
/// from what only the run knows. Moves of no elements are left out.
std::optional<std::vector<Move>>
movesOf(const graph::Graph &graph, const graph::Node &node, const Parts &parts);

/// True if it moves elements to where they are.
bool isNothing(const Move &move);

} // namespace rune::compile
