// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "graph/graph.h"

namespace rune::graph {

/// Everything that must hold of a graph: ids in range, one definition for each
/// value, definitions before uses, constants with as many bytes as their type
/// needs, attributes as declared, each operator's numbered constraints, value
/// types equal to what inference says (or refining it).
///
/// errors  `graph.invalid`, naming the node and the constraint (`conv.3`)
Result<> verify(const Graph &graph);

} // namespace rune::graph
