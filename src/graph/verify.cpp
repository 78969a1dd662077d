// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/verify.h"

#include "graph/context.h"
#include "graph/known_elements.h"

#include <algorithm>
#include <set>

namespace rune::graph {

namespace {

template <class... Args>
Diagnostic invalid(int rule, fmt::format_string<Args...> text, Args &&...args) {
  return error("graph.invalid", "{} (graph.{})",
               fmt::format(text, std::forward<Args>(args)...), rule);
}

/// graph.6: no more of anything than the limits allow.
Result<> checkLimits(const Graph &graph) {
  if (graph.nodes.size() > maxNodes || graph.values.size() > maxValues ||
      graph.constants.size() > maxValues || graph.inputs.size() > maxPerNode ||
      graph.outputs.size() > maxPerNode)
    return invalid(6, "more than {} nodes, {} values or {} inputs or outputs",
                   maxNodes, maxValues, maxPerNode);
  for (const Node &node : graph.nodes)
    if (node.inputs.size() > maxPerNode || node.outputs.size() > maxPerNode ||
        node.attributes.size() > maxPerNode || node.bodies.size() > maxPerNode)
      return invalid(6, "`{}` has more than {} inputs, outputs or attributes",
                     node.name, maxPerNode);
  return {};
}

/// graph.1 and graph.2, and that a constant value has the type of its constant.
Result<> checkValues(const Graph &graph) {
  // Many constants may share one long run of strings: it is read once.
  std::set<std::pair<const uint8_t *, std::vector<int64_t>>> texts;
  for (const Constant &constant : graph.constants)
    if (constant.dtype != DType::Utf8 ||
        texts.insert({constant.data.data(), constant.sizes}).second)
      RUNE_TRY(checkConstant(
          constant, fmt::format("#{}", &constant - graph.constants.data())));
  for (const Value &value : graph.values) {
    RUNE_TRY(checkType(value.type, value.name));
    if (!value.constant)
      continue;
    if (*value.constant >= graph.constants.size())
      return invalid(3, "`{}`: no constant {}", value.name, *value.constant);
    TensorType type = graph.constants[*value.constant].view().type();
    if (value.type != type)
      return invalid(2, "`{}` of type {} is a constant of type {}", value.name,
                     value.type.str(), type.str());
  }
  return {};
}

/// Follows the graph in its order and notes which values are defined.
class Definitions {
public:
  explicit Definitions(const Graph &graph)
      : graph_(graph), defined_(graph.values.size()) {
    for (size_t i = 0; i < graph.values.size(); ++i)
      defined_[i] = graph.values[i].constant.has_value();
  }

  /// graph.4: each value has one definition.
  Result<> define(ValueId id, std::string_view by) {
    if (id >= defined_.size())
      return invalid(3, "`{}`: no value {}", by, id);
    if (defined_[id])
      return invalid(4, "`{}` is defined twice, again by `{}`",
                     graph_.values[id].name, by);
    defined_[id] = true;
    return {};
  }
  /// graph.3, graph.5: each use is of a value that exists and stands before it.
  Result<> use(ValueId id, std::string_view by) const {
    if (id >= defined_.size())
      return invalid(3, "`{}`: no value {}", by, id);
    if (!defined_[id])
      return invalid(5, "`{}` uses `{}` before its definition", by,
                     graph_.values[id].name);
    return {};
  }
  /// graph.4 again: a value without any definition.
  Result<> complete() const {
    for (size_t i = 0; i < defined_.size(); ++i)
      if (!defined_[i])
        return invalid(4, "`{}` is never defined", graph_.values[i].name);
    return {};
  }

private:
  const Graph &graph_;
  std::vector<bool> defined_;
};

/// Whether a declared type says nothing but what was inferred, or more where
/// nothing was known.
bool refines(const ValueType &declared, const ValueType &inferred) {
  auto dim = [](const Dim &declared, const Dim &inferred) {
    return inferred.isUnknown() || declared == inferred ||
           (inferred.isNamed() && !declared.isUnknown());
  };
  if (declared.dtype != inferred.dtype || declared.form != inferred.form)
    return false;
  if (!inferred.ranked)
    return true;
  return declared.ranked &&
         std::ranges::equal(declared.dims, inferred.dims, dim);
}

/// The operator's own constraints, then graph.7: the declared types.
Result<> checkNode(const Graph &graph, const Node &node, KnownElements &known) {
  InferContext context = contextOf(graph, node);
  known.addTo(node, context);
  Types types = RUNE_TRY(inferTypes(context, node.outputs.size()));
  known.note(context, types);
  for (size_t i = 0; i < types.size(); ++i) {
    const Value &value = graph.values[node.outputs[i]];
    if (!refines(value.type, types[i]))
      return invalid(7, "`{}` is declared {}, `{}` ({}) makes {}", value.name,
                     value.type.str(), node.name, opName(node.op),
                     types[i].str());
  }
  return {};
}

/// What a graph keeps: an input that is defined by it, an output of its type.
Result<> checkVariables(const Graph &graph, Definitions &definitions) {
  // graph.8: not too many, whose types say all
  if (graph.variables.size() > maxPerNode)
    return invalid(8, "{} variables, at most {}", graph.variables.size(),
                   maxPerNode);
  for (const Variable &variable : graph.variables) {
    RUNE_TRY(definitions.define(variable.input, "the graph's variables"));
    const Value &value = graph.values[variable.input];
    if (!value.type.isTensor() || !value.type.isStatic() ||
        value.type.dtype == DType::Utf8)
      return invalid(8, "variable `{}` of type {} needs fixed sizes, no utf8",
                     value.name, value.type.str());
    if (!variable.initial)
      continue;
    if (*variable.initial >= graph.constants.size())
      return invalid(3, "`{}`: no constant {}", value.name, *variable.initial);
    // graph.9: it starts as what it is
    TensorType type = graph.constants[*variable.initial].view().type();
    if (type != value.type)
      return invalid(9, "variable `{}` of type {} starts as {}", value.name,
                     value.type.str(), type.str());
  }
  return {};
}

Result<> checkUpdates(const Graph &graph, const Definitions &definitions) {
  for (const Variable &variable : graph.variables) {
    RUNE_TRY(definitions.use(variable.output, "the graph's variables"));
    const Value &value = graph.values[variable.input];
    // graph.8: and of the same type afterwards
    if (graph.values[variable.output].type != value.type)
      return invalid(8, "variable `{}` of type {} becomes {}", value.name,
                     value.type.str(),
                     graph.values[variable.output].type.str());
  }
  return {};
}

/// Everything of one graph but its bodies, which hold already.
Result<> checkGraph(const Graph &graph) {
  Definitions definitions(graph);
  for (ValueId id : graph.inputs)
    RUNE_TRY(definitions.define(id, "the graph's inputs"));
  RUNE_TRY(checkVariables(graph, definitions));
  KnownElements known;
  for (const Node &node : graph.nodes) {
    for (ValueId id : node.inputs)
      if (id != noValue)
        RUNE_TRY(definitions.use(id, node.name));
    for (ValueId id : node.outputs)
      RUNE_TRY(definitions.define(id, node.name));
    RUNE_TRY(checkNode(graph, node, known));
  }
  RUNE_TRY(definitions.complete());
  for (ValueId id : graph.outputs)
    RUNE_TRY(definitions.use(id, "the graph's outputs"));
  return checkUpdates(graph, definitions);
}

/// graph.10: each body is there, and is run by one node.
Result<> checkBodies(const Graph &graph) {
  std::vector<size_t> uses(graph.bodies.size());
  for (const Node &node : graph.nodes)
    for (uint32_t body : node.bodies)
      if (body >= uses.size() || uses[body]++ != 0)
        return invalid(10, "`{}` runs body {}, which {}", node.name, body,
                       body >= uses.size() ? "is not there"
                                           : "another node runs too");
  if (std::ranges::count(uses, size_t{0}) != 0)
    return invalid(10, "a body of `{}` that no node runs", graph.name);
  return {};
}

/// graph.11: bodies stand in bodies so many times.
Result<> checkDepth(const Graph &graph, size_t depth) {
  if (depth > maxBodyDepth)
    return invalid(11, "bodies more than {} deep", maxBodyDepth);
  for (const Graph &body : graph.bodies)
    RUNE_TRY(checkDepth(body, depth + 1));
  return {};
}

Result<> verifyAt(const Graph &graph, size_t &nodes) {
  nodes += graph.nodes.size();
  if (nodes > maxNodes)
    return invalid(6, "more than {} nodes with those of all bodies", maxNodes);
  RUNE_TRY(checkLimits(graph));
  RUNE_TRY(checkValues(graph));
  RUNE_TRY(checkBodies(graph));
  for (const Graph &body : graph.bodies) {
    // graph.12: bodies keep nothing
    if (!body.variables.empty())
      return invalid(12, "body `{}` has variables", body.name);
    RUNE_TRY(verifyAt(body, nodes));
  }
  return checkGraph(graph);
}

} // namespace

Result<> verify(const Graph &graph) {
  size_t nodes = 0;
  RUNE_TRY(checkDepth(graph, 0));
  return verifyAt(graph, nodes);
}

} // namespace rune::graph
