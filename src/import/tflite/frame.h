// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A graph of ours that is being built from a file of TensorFlow Lite: the
// model's, or a body's. A subgraph of the file sees nothing of what stands
// around it, but state does not care for that: a variable that a branch or a
// loop reads or assigns goes into the body as an input and comes out as a
// result. So a frame knows what each piece of state is at this place of the
// run.
#pragma once

#include "graph/builder.h"

#include <map>

namespace rune::import {

/// Something a model remembers from run to run: a variable tensor of a
/// subgraph, a variable that has a name, what a layer keeps for itself.
struct StateCell {
  std::string name;
  TensorType type;
  /// Zeros where there is none.
  std::optional<graph::Constant> initial = {};
};
using CellId = size_t;

class TfliteFrame {
public:
  /// in  `cells` are those of the model; `outer` is null for its own frame
  TfliteFrame(const std::string &name, std::vector<StateCell> &cells,
              TfliteFrame *outer = nullptr);

  bool isBody() const { return outer_ != nullptr; }
  TfliteFrame *outer() const { return outer_; }
  std::vector<StateCell> &stateCells() const { return cells_; }

  /// What the cell holds here. In a body that is an input, when it is first
  /// asked for.
  graph::ValueId read(CellId cell);
  /// What it holds from here on, of its type.
  void write(CellId cell, graph::ValueId value);
  /// The cells that this frame has touched, in the order in which it did: that
  /// of a body's inputs behind the formal ones.
  const std::vector<CellId> &touched() const { return order_; }
  bool hasTouched(CellId cell) const { return uses_.contains(cell); }
  bool hasChanged(CellId cell) const;

  /// Where that bool is false the run ends here: what later layers make of
  /// state is not kept, and outputs that they make stay as they were.
  ///
  /// in  no body; true only where the last one was
  void goOnIf(graph::ValueId isTrue) { gates_.push_back(isTrue); }
  /// The last of them that stands before the value is made; noValue for none.
  graph::ValueId gateOf(graph::ValueId value) const;
  /// What such runs keep, as layers.
  ///
  /// errors  as GraphBuilder::node
  Result<> finishState();

  /// A value that stands for a variable by its name. No operator of ours takes
  /// it.
  graph::ValueId resource(size_t variable);
  std::optional<size_t> resourceOf(graph::ValueId value) const;

  graph::GraphBuilder builder;

private:
  struct Use {
    graph::ValueId before = graph::noValue;
    graph::ValueId now = graph::noValue;
    /// What was written before the first gate, and behind each.
    graph::ValueId ungated = graph::noValue;
    std::map<graph::ValueId, graph::ValueId> written = {};
  };
  Use &use(CellId cell);

  std::vector<StateCell> &cells_;
  TfliteFrame *outer_;
  std::map<CellId, Use> uses_;
  std::vector<CellId> order_;
  std::map<graph::ValueId, size_t> resources_;
  std::vector<graph::ValueId> gates_;
};

} // namespace rune::import
