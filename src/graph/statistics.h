// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "graph/graph.h"

namespace rune::graph {

struct Statistics {
  /// Multiplications with an addition, in convolutions, products of matrices,
  /// recurrent layers, attention and einsum, of one run in which each dimension
  /// that is not a number is 1. Stays at the largest number instead of
  /// overflowing. Each body counts as one run of it.
  uint64_t macs = 0;
  /// Elements and bytes of the constants, each counted once however often used.
  uint64_t parameters = 0;
  uint64_t weightBytes = 0;
  /// Operators by name, with how often each occurs; sorted by name.
  std::vector<std::pair<std::string, uint64_t>> operators;
};

/// in  a verified graph
Statistics statisticsOf(const Graph &graph);
uint64_t macs(const Graph &graph);
/// Of one node, without its bodies.
uint64_t macs(const Graph &graph, const Node &node);

/// What a node computes, in operations: two for each multiplication with an
/// addition; of all others one for each element that they meet, windows of
/// pools counted whole; none where elements only move. Counts as `macs` does.
uint64_t operations(const Graph &graph, const Node &node);

} // namespace rune::graph
