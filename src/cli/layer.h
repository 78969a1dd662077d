// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a device runs as one, told to people: `conv 3x3 64→128 /2 + add + relu`.
// A layer is a node, or the nodes of a group that were fused into one loop.
#pragma once

#include "graph/graph.h"

namespace rune::cli {

struct Layer {
  /// Of the graph that runs; ascending.
  std::vector<uint32_t> nodes = {};
  /// The one that the layer is named for.
  uint32_t anchor = 0;
  /// How it runs, where it is not by the device's fastest way: "plain loops",
  /// "interpreted"; else empty.
  std::string how = {};
  /// Of constants as the code reads them, each counted where it is read first.
  uint64_t weightBytes = 0;
  /// Of its results, in the memory that is planned for a run.
  uint64_t arenaBytes = 0;
  /// Of machine code, shared code counted where it is used first.
  uint64_t codeBytes = 0;
};

/// Its operators, the anchor with its sizes.
std::string textOf(const graph::Graph &graph, const Layer &layer);
/// The name of the anchor, as the model has it.
const std::string &nameOf(const graph::Graph &graph, const Layer &layer);
/// The type of what it makes, the last node's first result.
std::string resultOf(const graph::Graph &graph, const Layer &layer);
uint64_t macsOf(const graph::Graph &graph, const Layer &layer);
/// As graph::operations.
uint64_t operationsOf(const graph::Graph &graph, const Layer &layer);
/// Bytes that it must read and write, all that passes inside of it left out.
uint64_t trafficOf(const graph::Graph &graph, const Layer &layer);

} // namespace rune::cli
