// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "graph/graph.h"

namespace rune::graph {

/// Takes out of a graph what no output and no variable depends on: nodes, their
/// bodies, values and constants. Inputs and variables stay.
void prune(Graph &graph);

} // namespace rune::graph
