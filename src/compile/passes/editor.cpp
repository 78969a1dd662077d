// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/passes/editor.h"

#include "graph/numeric.h"
#include "graph/op.h"
#include "graph/ops.h"
#include "graph/prune.h"

#include <algorithm>

namespace rune::compile {

using graph::Attribute;
using graph::Node;
using graph::noValue;
using graph::Op;
using graph::ValueId;

static constexpr uint32_t nobody = UINT32_MAX;

std::vector<Attribute> attributesOf(Op op, std::vector<Attribute> given) {
  for (const graph::AttributeSpec &spec : graph::definitionOf(op).attributes)
    if (!std::ranges::count(given, spec.name, &Attribute::name)) {
      RUNE_CHECK(spec.fallback.has_value(), "an attribute that is required");
      given.push_back({std::string(spec.name), *spec.fallback});
    }
  std::ranges::sort(given, {}, &Attribute::name);
  return given;
}

Editor::Editor(graph::Graph graph)
    : graph_(std::move(graph)), makers_(graph_.values.size(), nobody),
      uses_(graph_.values.size()), isKept_(graph_.values.size()),
      standing_(graph_.values.size()) {
  for (ValueId id = 0; id < standing_.size(); ++id)
    standing_[id] = id;
  for (uint32_t i = 0; i < graph_.nodes.size(); ++i) {
    for (ValueId id : graph_.nodes[i].outputs)
      if (id != noValue)
        makers_[id] = i;
    for (ValueId id : graph_.nodes[i].inputs)
      if (id != noValue)
        ++uses_[id];
  }
  auto keep = [&](ValueId id) {
    ++uses_[id];
    isKept_[id] = true;
  };
  std::ranges::for_each(graph_.outputs, keep);
  for (const graph::Variable &variable : graph_.variables)
    keep(variable.output);
}

Node *Editor::producerOf(ValueId id) {
  if (id == noValue || makers_[id] == nobody)
    return nullptr;
  return &graph_.nodes[makers_[id]];
}

Node *Editor::madeBy(ValueId id, std::initializer_list<Op> ops) {
  Node *node = producerOf(id);
  return node && node->outputs.size() == 1 && std::ranges::count(ops, node->op)
             ? node
             : nullptr;
}

Node *Editor::onlyFor(ValueId id, std::initializer_list<Op> ops) {
  Node *node = madeBy(id, ops);
  return node && uses_[id] == 1 ? node : nullptr;
}

const graph::Constant *Editor::constantOf(ValueId id) const {
  if (id == noValue || !graph_.values[id].constant)
    return nullptr;
  return &graph_.constants[*graph_.values[id].constant];
}

std::optional<double> Editor::numberOf(ValueId id) const {
  const graph::Constant *constant = constantOf(id);
  if (!constant || !isFloat(constant->dtype) ||
      constant->data.size() != dtypeBytes(constant->dtype))
    return std::nullopt;
  return graph::withFloat(constant->dtype, [&]<class T>(graph::Type<T>) {
    T element;
    std::memcpy(&element, constant->data.data(), sizeof element);
    return static_cast<double>(graph::widen(element));
  });
}

bool Editor::isNumber(ValueId id, double number) const {
  auto known = numberOf(id);
  return known && *known == number;
}

ValueId Editor::addConstant(const std::string &name, Tensor tensor) {
  return addConstant(name, graph::Constant::of(std::move(tensor)));
}

ValueId Editor::addConstant(const std::string &name, graph::Constant constant) {
  auto id = static_cast<ValueId>(graph_.values.size());
  graph_.values.push_back({name, constant.view().type(),
                           static_cast<uint32_t>(graph_.constants.size())});
  graph_.constants.push_back(std::move(constant));
  makers_.push_back(nobody);
  uses_.push_back(0);
  isKept_.push_back(false);
  standing_.push_back(id);
  return id;
}

/// One user less; what nobody needs any more needs nothing itself.
void Editor::release(ValueId id) {
  std::vector<ValueId> left = {id};
  while (!left.empty()) {
    id = left.back();
    left.pop_back();
    if (id == noValue || --uses_[id] > 0)
      continue;
    Node *node = producerOf(id);
    if (node && std::ranges::all_of(node->outputs, [&](ValueId output) {
          return output == noValue || uses_[output] == 0;
        }))
      left.insert(left.end(), node->inputs.begin(), node->inputs.end());
  }
}

void Editor::setInputs(Node &node, std::vector<ValueId> inputs) {
  for (ValueId id : inputs)
    if (id != noValue)
      ++uses_[id];
  std::vector<ValueId> before = std::exchange(node.inputs, std::move(inputs));
  for (ValueId id : before)
    release(id);
}

void Editor::become(Node &node, Op op, std::vector<ValueId> inputs,
                    std::vector<Attribute> attributes) {
  setInputs(node, std::move(inputs));
  node.op = op;
  node.attributes = attributesOf(op, std::move(attributes));
}

void Editor::forward(Node &node, ValueId value) {
  ValueId result = node.outputs[0];
  if (graph_.values[result].type != graph_.values[value].type) {
    // the declared type of the one says more than that of the other
    become(node, Op::Identity, {value}, {});
    return;
  }
  become(node, Op::Identity, {value}, {});
  if (isKept_[result])
    return;
  standing_[result] = settled(value);
  uses_[value] += uses_[result];
  uses_[result] = 0;
  release(value);
}

ValueId Editor::settled(ValueId id) const {
  return id == noValue ? id : standing_[id];
}

void Editor::settle(Node &node) {
  for (ValueId &id : node.inputs)
    id = settled(id);
}

/// An output that is a copy of what another node makes is made by that node.
void Editor::takeOverOutputs() {
  std::vector<ValueId> to(graph_.values.size());
  for (ValueId id = 0; id < to.size(); ++id)
    to[id] = id;
  for (ValueId output : graph_.outputs) {
    Node *copy = madeBy(output, {Op::Identity});
    if (!copy || graph_.values[output].constant)
      continue;
    ValueId source = settled(copy->inputs[0]);
    Node *maker = producerOf(source);
    if (!maker || isKept_[source] || to[source] != source ||
        graph_.values[source].type != graph_.values[output].type)
      continue;
    std::ranges::replace(maker->outputs, source, output);
    makers_[output] = makers_[source];
    to[source] = output;
    // the copy now makes what nobody needs
    copy->outputs[0] = source;
    copy->inputs[0] = source;
  }
  for (Node &node : graph_.nodes)
    for (ValueId &id : node.inputs)
      if (id != noValue)
        id = to[settled(id)];
}

graph::Graph Editor::finish() && {
  for (Node &node : graph_.nodes)
    settle(node);
  takeOverOutputs();
  graph::prune(graph_);
  return std::move(graph_);
}

} // namespace rune::compile
