// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/passes/rewriter.h"

#include "graph/prune.h"

namespace rune::compile {

using graph::noValue;
using graph::ValueId;

Rewriter::Rewriter(const graph::Graph &from)
    : from_(from), builder_(from.name), ids_(from.values.size(), noValue) {
  for (ValueId id : from.inputs)
    ids_[id] = builder_.input(from.values[id].name, from.values[id].type);
  for (const graph::Variable &variable : from.variables) {
    const graph::Value &value = from.values[variable.input];
    std::optional<graph::Constant> initial;
    if (variable.initial)
      initial = from.constants[*variable.initial];
    ids_[variable.input] = builder_.variable(value.name, value.type, initial);
  }
  for (size_t i = 0; i < from.values.size(); ++i)
    if (const graph::Value &value = from.values[i]; value.constant)
      ids_[i] = builder_.constant(value.name, from.constants[*value.constant]);
}

/// A file may know more than inference does.
void Rewriter::refine(ValueId now, ValueId old) {
  const graph::ValueType &declared = from_.values[old].type;
  if (declared.isTensor() && builder_.type(now).form == graph::Form::Tensor)
    builder_.refine(now, declared);
}

void Rewriter::replace(ValueId old, ValueId now) {
  if (old == noValue)
    return;
  set(old, now);
  refine(now, old);
}

Result<std::vector<ValueId>>
Rewriter::add(const graph::Node &node, std::vector<ValueId> inputs,
              std::vector<graph::Attribute> attributes) {
  std::vector<graph::Graph> bodies;
  for (uint32_t body : node.bodies)
    bodies.push_back(from_.bodies[body]);
  return builder_.node(node.op, node.name, std::move(inputs),
                       std::move(attributes), node.outputs.size(),
                       std::move(bodies));
}

Result<> Rewriter::copy(const graph::Node &node) {
  std::vector<ValueId> inputs;
  for (ValueId id : node.inputs)
    inputs.push_back((*this)[id]);
  auto outputs = RUNE_TRY(add(node, std::move(inputs), node.attributes));
  for (size_t i = 0; i < outputs.size(); ++i)
    replace(node.outputs[i], outputs[i]);
  return {};
}

Result<graph::Graph> Rewriter::finish() && {
  for (const graph::Variable &variable : from_.variables)
    builder_.update(ids_[variable.input], ids_[variable.output]);
  for (ValueId id : from_.outputs)
    builder_.output(ids_[id], from_.values[id].name);
  graph::Graph made = RUNE_TRY(std::move(builder_).finish());
  graph::prune(made);
  return made;
}

} // namespace rune::compile
