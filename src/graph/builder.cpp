// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/builder.h"

#include "graph/context.h"
#include "graph/ops.h"
#include "graph/prune.h"
#include "graph/verify.h"

#include <algorithm>

namespace rune::graph {

GraphBuilder::GraphBuilder(std::string name) { graph_.name = std::move(name); }

void GraphBuilder::refuse(Diagnostic why) {
  if (!fault_)
    fault_ = std::move(why);
}

ValueId GraphBuilder::input(std::string name, ValueType type) {
  if (auto fits = checkType(type, name); !fits)
    refuse(std::move(fits).error());
  ValueId id = static_cast<ValueId>(graph_.values.size());
  graph_.values.push_back({std::move(name), std::move(type), {}});
  graph_.inputs.push_back(id);
  return id;
}

ValueId GraphBuilder::constant(std::string name, Constant constant) {
  if (auto fits = checkConstant(constant, name); !fits)
    refuse(std::move(fits).error());
  ValueId id = static_cast<ValueId>(graph_.values.size());
  graph_.values.push_back({std::move(name), constant.view().type(),
                           static_cast<uint32_t>(graph_.constants.size())});
  graph_.constants.push_back(std::move(constant));
  return id;
}

ValueId GraphBuilder::variable(std::string name, TensorType type,
                               std::optional<Constant> initial) {
  if (auto fits = checkType(type, name); !fits)
    refuse(std::move(fits).error());
  ValueId id = static_cast<ValueId>(graph_.values.size());
  Variable variable{id, id, {}};
  if (initial) {
    if (auto fits = checkConstant(*initial, name); !fits)
      refuse(std::move(fits).error());
    variable.initial = static_cast<uint32_t>(graph_.constants.size());
    graph_.constants.push_back(*std::move(initial));
  }
  graph_.values.push_back({std::move(name), std::move(type), {}});
  graph_.variables.push_back(variable);
  return id;
}

void GraphBuilder::update(ValueId variable, ValueId next) {
  auto place = std::ranges::find(graph_.variables, variable, &Variable::input);
  if (place == graph_.variables.end() || next >= graph_.values.size())
    return refuse(error("graph.invalid",
                        "variable {} cannot become value {} (graph.3)",
                        variable, next));
  place->output = next;
}

static std::string resultName(const std::string &node, size_t index) {
  return index == 0 ? node : fmt::format("{}:{}", node, index);
}

/// Where the number of dimensions of an input is not known: what is the same
/// for any number is completed. What depends on it stays as it is until a run
/// knows it.
static void completeOpen(const InferContext &context,
                         std::vector<Attribute> &attributes) {
  std::vector<std::vector<Attribute>> all;
  for (size_t rank = 1; rank <= 4; ++rank) {
    InferContext guess = context;
    std::vector<ValueType> types(context.inputs());
    for (size_t i = 0; i < types.size(); ++i)
      if (context.has(i) && !context.type(i).ranked) {
        types[i] = {context.dtype(i), Dims(rank, Dim::unknown())};
        guess.types[i] = &types[i];
      }
    all.push_back(attributes);
    definitionOf(context.node.op).complete(guess, all.back());
  }
  for (size_t i = 0; i < attributes.size(); ++i)
    if (std::ranges::all_of(
            all, [&](const auto &each) { return each[i] == all[0][i]; }))
      attributes[i] = all[0][i];
}

/// Fills what was not given from the declaration; the rest is left for the
/// checks to refuse.
static void completeAttributes(const InferContext &context,
                               std::vector<Attribute> &attributes) {
  const OpDefinition &op = definitionOf(context.node.op);
  for (const AttributeSpec &spec : op.attributes)
    if (spec.fallback &&
        !std::ranges::count(attributes, spec.name, &Attribute::name))
      attributes.push_back({std::string(spec.name), *spec.fallback});
  std::ranges::sort(attributes, {}, &Attribute::name);
  if (!op.complete)
    return;
  if (hasOpen(context))
    completeOpen(context, attributes);
  else
    op.complete(context, attributes);
}

Result<std::vector<ValueId>>
GraphBuilder::add(Node node, std::vector<Graph> bodies, bool mayFold) {
  size_t before = graph_.bodies.size();
  for (Graph &body : bodies) {
    node.bodies.push_back(static_cast<uint32_t>(graph_.bodies.size()));
    graph_.bodies.push_back(std::move(body));
  }
  auto added = addNode(std::move(node), mayFold);
  if (!added)
    graph_.bodies.resize(before);
  return added;
}

Result<std::vector<ValueId>> GraphBuilder::addNode(Node node, bool mayFold) {
  if (fault_)
    return *fault_;
  for (ValueId id : node.inputs)
    if (id != noValue && id >= graph_.values.size())
      return error("graph.invalid", "`{}` ({}): no value {} (graph.3)",
                   node.name, opName(node.op), id);
  std::vector<Attribute> attributes = std::move(node.attributes);
  node.attributes.clear();
  completeAttributes(contextOf(graph_, node), attributes);
  node.attributes = std::move(attributes);
  for (size_t i = 0; i < node.outputs.size(); ++i)
    node.outputs[i] = static_cast<ValueId>(graph_.values.size() + i);
  InferContext context = contextOf(graph_, node);
  known_.addTo(node, context);
  Types types = RUNE_TRY(inferTypes(context, node.outputs.size()));
  if (folder_ && mayFold)
    if (auto constants = RUNE_TRY(folder_->fold(context, types))) {
      for (size_t i = 0; i < constants->size(); ++i)
        node.outputs[i] = constant(resultName(node.name, i),
                                   Constant::of(std::move((*constants)[i])));
      return node.outputs;
    }
  known_.note(context, types);
  for (size_t i = 0; i < types.size(); ++i) {
    node.outputs[i] = static_cast<ValueId>(graph_.values.size());
    graph_.values.push_back(
        {resultName(node.name, i), std::move(types[i]), {}});
  }
  graph_.nodes.push_back(std::move(node));
  return graph_.nodes.back().outputs;
}

Result<std::vector<ValueId>>
GraphBuilder::node(Op op, std::string name, std::vector<ValueId> inputs,
                   std::vector<Attribute> attributes, size_t outputs,
                   std::vector<Graph> bodies) {
  return add({op, std::move(name), std::move(inputs),
              std::vector<ValueId>(outputs), std::move(attributes)},
             std::move(bodies));
}

Result<ValueId> GraphBuilder::one(Op op, std::string name,
                                  std::vector<ValueId> inputs,
                                  std::vector<Attribute> attributes) {
  std::vector<ValueId> results = RUNE_TRY(
      node(op, std::move(name), std::move(inputs), std::move(attributes)));
  return results.front();
}

void GraphBuilder::output(ValueId value, std::string name) {
  if (value >= graph_.values.size())
    return refuse(error("graph.invalid", "output `{}`: no value {} (graph.3)",
                        name, value));
  bool taken = graph_.values[value].constant.has_value() ||
               std::ranges::count(graph_.inputs, value) ||
               std::ranges::count(graph_.variables, value, &Variable::input) ||
               std::ranges::count(graph_.outputs, value);
  if (taken && (graph_.values[value].name != name ||
                std::ranges::count(graph_.outputs, value))) {
    auto copy = add({Op::Identity, name, {value}, {noValue}, {}}, {}, false);
    if (!copy)
      return refuse(std::move(copy).error());
    value = copy->front();
  }
  graph_.values[value].name = std::move(name);
  graph_.outputs.push_back(value);
}

const ValueType &GraphBuilder::type(ValueId value) const {
  RUNE_CHECK(value < graph_.values.size(), "a value of this builder");
  return graph_.values[value].type;
}

void GraphBuilder::refine(ValueId value, const TensorType &type) {
  RUNE_CHECK(value < graph_.values.size(), "a value of this builder");
  ValueType &known = graph_.values[value].type;
  if (known.form != Form::Tensor || known.dtype != type.dtype ||
      !checkType(type, {}))
    return;
  if (!known.ranked)
    known = type;
}

const Constant *GraphBuilder::constantAt(ValueId value) const {
  RUNE_CHECK(value < graph_.values.size(), "a value of this builder");
  auto constant = graph_.values[value].constant;
  return constant ? &graph_.constants[*constant] : nullptr;
}

std::optional<TensorView> GraphBuilder::constantOf(ValueId value) const {
  const Constant *constant = constantAt(value);
  return constant ? std::optional(constant->view()) : std::nullopt;
}

Result<Graph> GraphBuilder::finish() && {
  if (fault_)
    return *std::move(fault_);
  if (folder_)
    prune(graph_);
  RUNE_TRY(verify(graph_));
  return std::move(graph_);
}

} // namespace rune::graph
