// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/prune.h"

#include <algorithm>

namespace rune::graph {

namespace {

/// Which of the old places are kept, and where they go.
class Renumbering {
public:
  explicit Renumbering(size_t count) : kept_(count), to_(count, noValue) {}

  void keep(size_t at) { kept_[at] = true; }
  bool keeps(size_t at) const { return kept_[at]; }
  uint32_t operator[](size_t at) const { return to_[at]; }

  /// Moves what is kept to the front, in its order, and drops the rest.
  template <class T> void apply(std::vector<T> &items) {
    uint32_t next = 0;
    for (size_t i = 0; i < items.size(); ++i) {
      if (!kept_[i])
        continue;
      to_[i] = next;
      if (next != i)
        items[next] = std::move(items[i]);
      ++next;
    }
    items.erase(items.begin() + next, items.end());
  }

private:
  std::vector<bool> kept_;
  std::vector<uint32_t> to_;
};

struct Kept {
  Renumbering values, nodes, constants, bodies;
};

/// Backwards, so that a node is looked at after all that use it.
void markNodes(const Graph &graph, Kept &kept) {
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const Node &node = graph.nodes[i];
    if (std::ranges::none_of(node.outputs,
                             [&](ValueId id) { return kept.values.keeps(id); }))
      continue;
    kept.nodes.keep(i);
    for (ValueId id : node.outputs)
      kept.values.keep(id);
    for (ValueId id : node.inputs)
      if (id != noValue)
        kept.values.keep(id);
    for (uint32_t body : node.bodies)
      kept.bodies.keep(body);
  }
}

Kept mark(const Graph &graph) {
  Kept kept{Renumbering(graph.values.size()), Renumbering(graph.nodes.size()),
            Renumbering(graph.constants.size()),
            Renumbering(graph.bodies.size())};
  for (const auto *list : {&graph.inputs, &graph.outputs})
    for (ValueId id : *list)
      kept.values.keep(id);
  for (const Variable &variable : graph.variables) {
    kept.values.keep(variable.input);
    kept.values.keep(variable.output);
    if (variable.initial)
      kept.constants.keep(*variable.initial);
  }
  markNodes(graph, kept);
  for (size_t i = 0; i < graph.values.size(); ++i)
    if (kept.values.keeps(i) && graph.values[i].constant)
      kept.constants.keep(*graph.values[i].constant);
  return kept;
}

void rename(std::vector<ValueId> &ids, const Renumbering &to) {
  for (ValueId &id : ids)
    if (id != noValue)
      id = to[id];
}

} // namespace

void prune(Graph &graph) {
  Kept kept = mark(graph);
  kept.values.apply(graph.values);
  kept.nodes.apply(graph.nodes);
  kept.constants.apply(graph.constants);
  kept.bodies.apply(graph.bodies);
  for (Value &value : graph.values)
    if (value.constant)
      value.constant = kept.constants[*value.constant];
  rename(graph.inputs, kept.values);
  rename(graph.outputs, kept.values);
  for (Node &node : graph.nodes) {
    rename(node.inputs, kept.values);
    rename(node.outputs, kept.values);
    for (uint32_t &body : node.bodies)
      body = kept.bodies[body];
  }
  for (Variable &variable : graph.variables) {
    variable.input = kept.values[variable.input];
    variable.output = kept.values[variable.output];
    if (variable.initial)
      variable.initial = kept.constants[*variable.initial];
  }
}

} // namespace rune::graph
