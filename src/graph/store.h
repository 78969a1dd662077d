// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The stored form of a graph: a table in our own versioned format, and the
// weights apart, so that a container can align, map and deduplicate them.
// docs/format.md, "The graph table", owns every byte.
#pragma once

#include "base/hash.h"
#include "graph/graph.h"

namespace rune::graph {

struct StoredGraph {
  Bytes table;
  /// The table names weights by position here. They point into the graph's
  /// constants, which outlive this value. Equal bytes are stored once.
  std::vector<ByteSpan> weights;
};

/// Equal graphs give equal bytes.
Result<StoredGraph> store(const Graph &graph);

/// Reads and verifies; the constants of the result point into `weights`, which
/// must outlive it.
///
/// errors  `graph.malformed` (with offset), `graph.unsupported-version`,
///         `graph.unknown-operator` (all of them at once), `graph.limit`,
///         `graph.invalid`
Result<Graph> load(ByteSpan table, std::span<const ByteSpan> weights);

} // namespace rune::graph
