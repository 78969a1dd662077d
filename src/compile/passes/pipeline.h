// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The passes from graph to graph that stand before code: passes.def lists them.
// Each takes a verified graph and gives one that means the same within the
// bounds of docs/ops.md, with the same inputs, outputs and variables; each can
// be run alone.
#pragma once

#include "graph/graph.h"

#include <atomic>
#include <functional>

namespace rune::compile {

#define RUNE_PASS(function, name, text)                                        \
  Result<graph::Graph> function(graph::Graph graph);
#include "compile/passes/passes.def"
#undef RUNE_PASS

struct Pass {
  std::string_view name;
  /// One line for people.
  std::string_view text;
  Result<graph::Graph> (*run)(graph::Graph);
};

/// In the order in which they run.
std::span<const Pass> passes();

/// Null where no pass is called so.
const Pass *passNamed(std::string_view name);

struct PassOptions {
  /// The last pass to run; empty for all of them.
  std::string stopAfter;
  /// The only pass to run; empty for all of them.
  std::string only;
  /// Quantised layers stay in floats, as the model says them: nothing is
  /// rounded otherwise (docs/passes.md).
  bool exact = false;
  /// Called after each pass with what it made. May be empty.
  std::function<void(const Pass &, const graph::Graph &)> after;
  /// Asked between passes. May be null.
  const std::atomic<bool> *stop = nullptr;
};

/// Runs the passes one after the other on a verified graph and verifies what
/// each made.
///
/// errors  `compile.unknown-pass` · `compile.stopped` · `compile.internal`: a
///         pass broke the graph
Result<graph::Graph> runPasses(graph::Graph graph,
                               const PassOptions &options = {});

} // namespace rune::compile
