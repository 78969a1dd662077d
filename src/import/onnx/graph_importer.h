// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The walk over the nodes of a graph of the file, its subgraphs and the
// functions it calls.
#pragma once

#include "base/source.h"
#include "import/onnx/bodies.h"
#include "import/onnx/node.h"
#include "import/onnx/outside_data.h"
#include "import/onnx/scope.h"

namespace rune::import {

/// What one import knows everywhere.
struct ImportState {
  std::shared_ptr<const onnx::ModelProto> proto;
  /// Where each node of the model's graph stands in the file.
  std::vector<Span> nodeSpans;
  SourcePtr source;
  Report &report;
  Functions functions;
  Opsets opsets;
  /// Nodes looked at, those of functions at each call and of bodies each time
  /// they are read; and how many may be.
  uint64_t visited = 0;
  uint64_t mostVisited = 0;
  /// Nodes looked through for names, or copied: the same, but once for each
  /// graph around them.
  uint64_t searched = 0;
  /// That there were too many.
  bool saidSo = false;
  /// Raw data of the model's initializers that stand in the file, kept by
  /// `bytes`.
  std::vector<std::optional<ByteSpan>> raw = {};
  std::shared_ptr<const void> bytes = {};
  OutsideFiles outside{{}};

  bool isExhausted() const {
    return visited > mostVisited || searched > 64 * mostVisited;
  }
  Location file() const { return {source, {}}; }
  Location placeOf(int index) const;
};

/// Calls and subgraphs within one another.
constexpr size_t maxCallDepth = 64;
/// Nodes that calls and loops may add to those that the file holds.
constexpr uint64_t maxAddedNodes = 1 << 16;
/// What it counts as to try a layer with one more rank: bodies are built.
constexpr uint64_t visitsPerRank = 32;

/// Adds the initializers of a graph to the scope, which knows who reads what.
void addInitializers(ImportState &state, Scope &scope,
                     const onnx::GraphProto &graph);

/// Imports the nodes in their order. Every name they make is then known or has
/// failed.
void importNodes(ImportState &state, Scope &scope);

/// What a name stands for in a scope and those around it: nothing where nobody
/// knows it, no value where its maker failed.
std::optional<std::optional<ValueId>> lookUp(Scope &scope,
                                             std::string_view name);

/// Reports all operators that cannot be imported, in subgraphs and functions
/// too: one message for each, with its layers.
void reportUnsupported(const ImportState &state, const Nodes &nodes);

} // namespace rune::import
