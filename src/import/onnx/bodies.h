// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the importer of an operator that holds graphs gets at them: as bodies of
// ours, or put in place of the node.
#pragma once

#include "graph/builder.h"
#include "graph/op.h"

#include <functional>

namespace rune::onnx {
class GraphProto;
} // namespace rune::onnx

namespace rune::import {

/// A body, and the values around it that its last inputs stand for.
struct Body {
  graph::Graph graph;
  std::vector<graph::ValueId> captures;
};

class Bodies {
public:
  using Values = std::vector<graph::ValueId>;
  virtual ~Bodies() = default;

  /// The graph's nodes, here: its inputs are these values, its outputs come
  /// back. `part` is what stands in the names of layers.
  ///
  /// errors  `import.reported`: the reasons are in the report already
  virtual Result<Values> inlined(const onnx::GraphProto &graph, Values inputs,
                                 std::string_view part) = 0;

  /// A body that `make` fills: it adds the inputs, and gives the outputs. What
  /// it takes of the values around, it `reach`es for.
  ///
  /// errors  as inlined; what `make` says
  using Make = std::function<Result<Values>(Bodies &, graph::GraphBuilder &)>;
  virtual Result<Body> build(std::string_view part, const Make &make) = 0;
  /// In a body: the value that is `value` outside.
  virtual graph::ValueId reach(graph::ValueId value) = 0;
  /// How often the model has run, a single i64; in a body too.
  virtual Result<graph::ValueId> runs() = 0;

  /// What a name stands for where the node is; nothing if nobody knows it, or
  /// in a body.
  virtual std::optional<graph::ValueId> named(std::string_view name) = 0;

  /// The graph as a body whose inputs are of these types.
  ///
  /// errors  as inlined
  Result<Body> body(const onnx::GraphProto &graph, const graph::Types &inputs,
                    std::string_view part);
  /// The same for a loop: value `i` of `carried` goes in as input `first + i`
  /// and comes out as output `firstOut + i`. Types that a turn changes become
  /// less known until they stay; what goes in as an optional value and comes
  /// out as what it may hold is wrapped again.
  ///
  /// result  `unwrapped` says which of the carried were
  /// errors  as inlined · `import.malformed`: another element type comes out
  Result<Body> settled(const onnx::GraphProto &graph, graph::Types inputs,
                       size_t first, size_t firstOut, size_t carried,
                       std::string_view part,
                       std::vector<bool> *unwrapped = nullptr);
};

/// Gives both the same captured inputs, in one order.
///
/// in      bodies without inputs but captured ones
void shareCaptures(Body &a, Body &b);

/// The failure of something whose reasons are in the report.
Diagnostic reported();

} // namespace rune::import
