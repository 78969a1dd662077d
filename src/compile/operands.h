// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is known of a node's operands before the run.
#pragma once

#include "graph/graph.h"

namespace rune::compile {

/// False for an optional input that is missing.
inline bool isGiven(const graph::Node &node, size_t input) {
  return input < node.inputs.size() && node.inputs[input] != graph::noValue;
}

/// Null for a value that only the run knows.
inline const graph::Constant *constantOf(const graph::Graph &graph,
                                         graph::ValueId id) {
  const graph::Value &value = graph.values[id];
  return value.constant ? &graph.constants[*value.constant] : nullptr;
}

/// Null for an input that is missing, too.
inline const graph::Constant *
constantOf(const graph::Graph &graph, const graph::Node &node, size_t input) {
  return isGiven(node, input) ? constantOf(graph, node.inputs[input]) : nullptr;
}

inline std::vector<int64_t> sizesOf(const graph::Graph &graph,
                                    const graph::Node &node, size_t input) {
  return graph.values[node.inputs[input]].type.sizes();
}

} // namespace rune::compile
