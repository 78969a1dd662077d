// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// SequenceMap is a loop that takes the tensors of its sequences turn by turn
// and lets sequences grow.
//
// source  ONNX operators, SequenceMap-17, its function body
#include "import/onnx/bodies.h"
#include "import/onnx/node.h"

#include <onnx_facts.pb.h>

namespace rune::import {
namespace {

bool isSequence(const graph::ValueType &type) {
  return type.form == graph::Form::Sequence;
}

/// What the body gets of an input: of a sequence one tensor.
graph::ValueType partOf(graph::ValueType type) {
  type.form = graph::Form::Tensor;
  return type;
}

ValueId trueIn(graph::GraphBuilder &builder, const std::string &name) {
  auto tensor = Tensor::zeros(DType::Bool, {});
  RUNE_CHECK(tensor, "a scalar is a tensor");
  tensor->bytes()[0] = 1;
  return builder.constant(name, graph::Constant::of(*std::move(tensor)));
}

/// The inputs of a turn: of each sequence the tensor at `turn`.
Imported parts(const OnnxNode &node, Bodies &inside,
               graph::GraphBuilder &builder, ValueId turn,
               const std::vector<ValueId> &inputs) {
  std::vector<ValueId> values;
  for (ValueId input : inputs) {
    ValueId here = inside.reach(input);
    values.push_back(
        isSequence(node.graph().type(input))
            ? RUNE_TRY(builder.one(
                  Op::SequenceAt,
                  fmt::format("{}/at{}", node.name(), values.size()),
                  {here, turn}))
            : here);
  }
  return values;
}

} // namespace

/// inputs  a sequence, then sequences of that length and tensors
/// result  a sequence for each output of `body`
Imported importSequenceMap(OnnxNode &node) {
  const auto *graph = RUNE_TRY(node.subgraph("body"));
  std::vector<ValueId> inputs;
  graph::Types types;
  for (size_t i = 0; i < node.inputs(); ++i) {
    inputs.push_back(RUNE_TRY(node.input(i, "input_sequence")));
    types.push_back(partOf(node.graph().type(inputs.back())));
  }
  if (inputs.empty() || !isSequence(node.graph().type(inputs[0])) ||
      static_cast<size_t>(graph->input_size()) != inputs.size() ||
      graph->output_size() == 0)
    return node.fail("{} inputs for a body that takes {} and gives {} values, "
                     "the first must be a sequence",
                     inputs.size(), graph->input_size(), graph->output_size());
  // read once for the types of its results
  Body once = RUNE_TRY(node.bodies().body(*graph, types, "body"));
  std::vector<ValueId> all = {
      RUNE_TRY(node.one(Op::SequenceLength, {inputs[0]}, {}, "length")),
      noValue};
  for (ValueId output : once.graph.outputs) {
    DType dtype = once.graph.values[output].type.dtype;
    all.push_back(RUNE_TRY(node.one(Op::Sequence, {},
                                    {{"dtype", std::string(dtypeName(dtype))}},
                                    fmt::format("empty{}", all.size() - 2))));
  }
  size_t carried = all.size() - 2;
  auto make = [&](Bodies &inside, graph::GraphBuilder &builder) -> Imported {
    ValueId turn = builder.input("turn", {DType::I64, Dims{}});
    builder.input("going", {DType::Bool, Dims{}});
    std::vector<ValueId> grown;
    for (size_t i = 0; i < carried; ++i)
      grown.push_back(builder.input(fmt::format("grown{}", i),
                                    node.graph().type(all[2 + i])));
    auto results = RUNE_TRY(inside.inlined(
        *graph, RUNE_TRY(parts(node, inside, builder, turn, inputs)), {}));
    std::vector<ValueId> outputs = {trueIn(builder, "going on")};
    for (size_t i = 0; i < carried; ++i)
      outputs.push_back(RUNE_TRY(builder.one(
          Op::SequenceInsert, fmt::format("{}/insert{}", node.name(), i),
          {grown[i], results[i]})));
    return outputs;
  };
  Body body = RUNE_TRY(node.bodies().build("body", make));
  all.insert(all.end(), body.captures.begin(), body.captures.end());
  std::vector<graph::Graph> bodies;
  bodies.push_back(std::move(body.graph));
  return node.graph().node(Op::Loop, node.name(), std::move(all),
                           {{"carried", static_cast<int64_t>(carried)}},
                           carried, std::move(bodies));
}

} // namespace rune::import
