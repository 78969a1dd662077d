// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights that are no numbers. A model may have them, and computes with them as
// IEEE 754 says; mostly its training went wrong, and what comes out says
// nothing of where. So they are named, and nothing is refused.
#pragma once

#include "graph/graph.h"

namespace rune::compile {

/// A weight of a node with NaN in it; or with infinities, where those are
/// multiplied. (Elsewhere they are common: a mask, a bound, what a maximum
/// begins with.)
struct OddWeight {
  std::string node;
  std::string weight;
  uint64_t nans = 0;
  uint64_t infinities = 0;
  uint64_t elements = 0;
  graph::Op op;

  /// "`conv1`, a conv: 3 of the 54 numbers of its weight `w` are NaN"
  std::string str() const;
};

/// In the order of the nodes, those of bodies behind them.
std::vector<OddWeight> oddWeights(const graph::Graph &graph);

} // namespace rune::compile
