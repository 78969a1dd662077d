// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/specialise.h"

#include "graph/builder.h"

#include <algorithm>

namespace rune::graph {

namespace {

Result<ValueType> fixed(const Value &value, const std::vector<int64_t> &sizes) {
  ValueType type = value.type;
  if (type.form != Form::Tensor)
    return type; // how large a sequence is, types do not say
  bool fits = !type.ranked || type.dims.size() == sizes.size();
  for (size_t i = 0; fits && type.ranked && i < sizes.size(); ++i)
    fits = unify(type.dims[i], Dim(sizes[i])).has_value();
  if (!fits)
    return error("evaluate.input-mismatch", "input `{}` is {}, got sizes [{}]",
                 value.name, type.str(), fmt::join(sizes, ", "));
  type.dims.assign(sizes.begin(), sizes.end());
  type.ranked = true;
  return type;
}

class Specialiser {
public:
  explicit Specialiser(const Graph &graph)
      : graph_(graph), builder_(graph.name),
        ids_(graph.values.size(), noValue) {
    builder_.foldConstants(Refused::Kept);
  }

  Result<Graph> run(std::span<const std::vector<int64_t>> sizes) {
    for (size_t i = 0; i < graph_.inputs.size(); ++i) {
      const Value &value = graph_.values[graph_.inputs[i]];
      ids_[graph_.inputs[i]] =
          builder_.input(value.name, RUNE_TRY(fixed(value, sizes[i])));
    }
    for (const Variable &variable : graph_.variables) {
      const Value &value = graph_.values[variable.input];
      std::optional<Constant> initial;
      if (variable.initial)
        initial = graph_.constants[*variable.initial];
      ids_[variable.input] = builder_.variable(value.name, value.type, initial);
    }
    for (size_t i = 0; i < graph_.values.size(); ++i)
      if (const Value &value = graph_.values[i]; value.constant)
        ids_[i] =
            builder_.constant(value.name, graph_.constants[*value.constant]);
    for (const Node &node : graph_.nodes)
      RUNE_TRY(add(node));
    for (const Variable &variable : graph_.variables)
      builder_.update(ids_[variable.input], ids_[variable.output]);
    for (ValueId id : graph_.outputs)
      builder_.output(ids_[id], graph_.values[id].name);
    return std::move(builder_).finish();
  }

private:
  Result<> add(const Node &node) {
    std::vector<ValueId> inputs;
    for (ValueId id : node.inputs)
      inputs.push_back(id == noValue ? noValue : ids_[id]);
    std::vector<Graph> bodies;
    for (uint32_t body : node.bodies)
      bodies.push_back(graph_.bodies[body]);
    auto outputs = RUNE_TRY(builder_.node(node.op, node.name, std::move(inputs),
                                          node.attributes, node.outputs.size(),
                                          std::move(bodies)));
    for (size_t i = 0; i < outputs.size(); ++i) {
      ids_[node.outputs[i]] = outputs[i];
      const ValueType &declared = graph_.values[node.outputs[i]].type;
      if (declared.isTensor() && builder_.type(outputs[i]).isTensor())
        refine(outputs[i], declared);
    }
    return {};
  }

  /// A file may know more than inference; names mean nothing any more.
  void refine(ValueId id, TensorType type) {
    for (Dim &dim : type.dims)
      if (!dim.isFixed())
        dim = Dim::unknown();
    builder_.refine(id, type);
  }

  const Graph &graph_;
  GraphBuilder builder_;
  std::vector<ValueId> ids_;
};

} // namespace

bool isSpecialised(const Graph &graph) {
  return std::ranges::all_of(graph.inputs, [&](ValueId id) {
    const ValueType &type = graph.values[id].type;
    return type.isTensor() &&
           std::ranges::all_of(type.dims,
                               [](const Dim &dim) { return dim.isFixed(); });
  });
}

Result<Graph> specialise(const Graph &graph,
                         std::span<const std::vector<int64_t>> sizes) {
  RUNE_CHECK(sizes.size() == graph.inputs.size(), "sizes for each input");
  return Specialiser(graph).run(sizes);
}

} // namespace rune::graph
