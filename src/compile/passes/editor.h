// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A graph changed in place: what a pass that looks at a few neighbouring nodes
// asks and does. A node that nobody needs any more stays until `finish`.
#pragma once

#include "graph/graph.h"

#include <initializer_list>

namespace rune::compile {

class Editor {
public:
  explicit Editor(graph::Graph graph);

  graph::Graph &graph() { return graph_; }
  const graph::Value &value(graph::ValueId id) const {
    return graph_.values[id];
  }

  /// The node that makes a value; null for inputs, variables and constants.
  graph::Node *producerOf(graph::ValueId id);
  /// The same if it is one of these operators with one result, and nobody else
  /// needs that result.
  graph::Node *onlyFor(graph::ValueId id, std::initializer_list<graph::Op> ops);
  /// The same whoever else needs it.
  graph::Node *madeBy(graph::ValueId id, std::initializer_list<graph::Op> ops);
  /// Null where the elements are not known.
  const graph::Constant *constantOf(graph::ValueId id) const;
  /// The number in a constant of floats with one element.
  std::optional<double> numberOf(graph::ValueId id) const;
  bool isNumber(graph::ValueId id, double number) const;

  graph::ValueId addConstant(const std::string &name, Tensor tensor);
  graph::ValueId addConstant(const std::string &name, graph::Constant constant);
  /// Makes `node`, which keeps its results, another node. Attributes that are
  /// not given are as declared.
  void become(graph::Node &node, graph::Op op,
              std::vector<graph::ValueId> inputs,
              std::vector<graph::Attribute> attributes);
  /// Gives a node other inputs.
  void setInputs(graph::Node &node, std::vector<graph::ValueId> inputs);
  /// The one result of `node` is `value`: its users take that.
  void forward(graph::Node &node, graph::ValueId value);
  /// How many inputs, outputs and variables name a value.
  uint32_t uses(graph::ValueId id) const { return uses_[id]; }
  /// The node's inputs with what was forwarded; to be called on each node, in
  /// order, before it is looked at.
  void settle(graph::Node &node);

  /// Without what nobody needs.
  graph::Graph finish() &&;

private:
  graph::ValueId settled(graph::ValueId id) const;
  void release(graph::ValueId id);
  void takeOverOutputs();

  graph::Graph graph_;
  /// The node that makes each value, by its index.
  std::vector<uint32_t> makers_;
  std::vector<uint32_t> uses_;
  /// Outputs of the graph and of its variables.
  std::vector<bool> isKept_;
  /// What stands for a value that was forwarded; itself for the others.
  std::vector<graph::ValueId> standing_;
};

/// The attributes of a node of `op`: these, and the declared ones.
std::vector<graph::Attribute> attributesOf(graph::Op op,
                                           std::vector<graph::Attribute> given);

} // namespace rune::compile
