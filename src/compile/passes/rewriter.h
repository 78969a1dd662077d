// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A graph made anew from another, node by node. What a pass replaces it does
// not copy; what nobody needs any more falls out at the end.
#pragma once

#include "graph/builder.h"

namespace rune::compile {

class Rewriter {
public:
  /// Inputs, variables and constants of `from` are there at once.
  explicit Rewriter(const graph::Graph &from);

  const graph::Graph &from() const { return from_; }
  graph::GraphBuilder &builder() { return builder_; }

  /// What stands for a value of the old graph; `noValue` for `noValue`.
  graph::ValueId operator[](graph::ValueId old) const {
    return old == graph::noValue ? old : ids_[old];
  }
  void set(graph::ValueId old, graph::ValueId now) { ids_[old] = now; }

  /// The same of a node's result, which keeps what the old graph knew of its
  /// sizes.
  void replace(graph::ValueId old, graph::ValueId now);

  /// A copy of the node in other words.
  Result<std::vector<graph::ValueId>>
  add(const graph::Node &node, std::vector<graph::ValueId> inputs,
      std::vector<graph::Attribute> attributes);
  /// The node as it is.
  Result<> copy(const graph::Node &node);

  /// errors  as graph::verify
  Result<graph::Graph> finish() &&;

private:
  void refine(graph::ValueId now, graph::ValueId old);

  const graph::Graph &from_;
  graph::GraphBuilder builder_;
  std::vector<graph::ValueId> ids_;
};

} // namespace rune::compile
