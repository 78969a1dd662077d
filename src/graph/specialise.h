// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A graph for inputs of known sizes: names become numbers, what follows from
// them becomes known, and what can be computed then is.
#pragma once

#include "graph/graph.h"

namespace rune::graph {

/// True if the sizes of all inputs are known.
bool isSpecialised(const Graph &graph);

/// in      the sizes of each input
/// errors  `evaluate.input-mismatch`; `graph.invalid`, where the graph cannot
///         work with these sizes
Result<Graph> specialise(const Graph &graph,
                         std::span<const std::vector<int64_t>> sizes);

} // namespace rune::graph
