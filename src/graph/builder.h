// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "graph/fold.h"

namespace rune::graph {

/// Makes a graph node by node; types are inferred as it grows, so that an
/// importer may ask for them.
class GraphBuilder {
public:
  explicit GraphBuilder(std::string name);

  /// From here on nodes whose results follow from constants and fixed sizes are
  /// computed at once (graph/fold.h), and `finish` leaves out what no output
  /// needs. Ids are good until then.
  void foldConstants(Refused refused = Refused::Error) {
    folder_.emplace(refused);
  }

  /// A type or a constant that breaks a rule is refused by the next call that
  /// returns a Result.
  ValueId input(std::string name, ValueType type);
  ValueId constant(std::string name, Constant constant);

  /// State from run to run, zeros at first or as given: its value in this run.
  /// It stays as it is unless `update` says what it becomes.
  ValueId variable(std::string name, TensorType type,
                   std::optional<Constant> initial = {});
  /// What a variable is in the next run.
  void update(ValueId variable, ValueId next);

  /// Adds a node with `outputs` results, named `name` (the first) and `name:1`,
  /// …, and the graphs it runs. Attributes that are not given take their
  /// declared defaults.
  ///
  /// errors  `graph.invalid`: a constraint of the operator, by its number;
  /// unknown
  ///         or mistyped attributes; arity
  Result<std::vector<ValueId>> node(Op op, std::string name,
                                    std::vector<ValueId> inputs,
                                    std::vector<Attribute> attributes = {},
                                    size_t outputs = 1,
                                    std::vector<Graph> bodies = {});
  /// The same for the common node with one result.
  Result<ValueId> one(Op op, std::string name, std::vector<ValueId> inputs,
                      std::vector<Attribute> attributes = {});

  /// Makes `value` the next output, called `name`. A graph input, a constant or
  /// a value that is an output already gets there through an `identity`.
  void output(ValueId value, std::string name);

  const ValueType &type(ValueId value) const;
  /// What a file knows of a value where inference said less: the run checks it.
  /// A type that contradicts what is known changes nothing.
  void refine(ValueId value, const TensorType &type);
  /// The elements, where they are known while building.
  std::optional<TensorView> constantOf(ValueId value) const;
  /// The same with its owner; null where they are not known.
  const Constant *constantAt(ValueId value) const;

  /// What is known of the elements of a small integer value that is no constant
  /// (graph/known_elements.h); null where nothing is.
  const Dims *elementsOf(ValueId value) const { return known_.of(value); }

  /// What is there by now: nodes in the order in which they were added.
  const Graph &soFar() const { return graph_; }

  /// errors  as `verify`
  Result<Graph> finish() &&;

private:
  /// Adds the node, or what it gives as constants; its outputs.
  Result<std::vector<ValueId>> add(Node node, std::vector<Graph> bodies = {},
                                   bool mayFold = true);
  Result<std::vector<ValueId>> addNode(Node node, bool mayFold);
  void refuse(Diagnostic why);

  Graph graph_;
  KnownElements known_;
  std::optional<Folder> folder_;
  /// The first fault of a call that returns no Result.
  std::optional<Diagnostic> fault_;
};

} // namespace rune::graph
