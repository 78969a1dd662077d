// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "graph/graph.h"

namespace rune::graph {

/// A graph for people, a line for each node; ends with a line break:
///
///   graph "name" (%x : f32[N, 4]) {
///     %w : f32[4, 2] = constant
///     %y : f32[N, 2] = matmul(%x, %w) {transpose_a = 0, …} "layer1"
///     return %y
///   }
///
/// The bodies of a node stand below it, further in. Values without a name, or
/// whose name another one has, get their number:
/// `%relu#7`. An input that is not there is `_`.
std::string renderText(const Graph &graph);

std::string renderText(const AttributeValue &value);

} // namespace rune::graph
