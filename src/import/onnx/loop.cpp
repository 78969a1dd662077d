// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Loop-1, 11, 13, 16, 19, 21, 23, 24, 25
#include "import/onnx/bodies.h"
#include "import/onnx/node.h"

#include <onnx_facts.pb.h>

namespace rune::import {

/// inputs  trip count?, condition?, carried values
/// result  the carried values after the last turn, then what each turn gave,
///         stacked
/// errors  a body that takes or gives another number of values
Imported importLoop(OnnxNode &node) {
  ValueId trips = node.optionalInput(0), condition = node.optionalInput(1);
  const auto *graph = RUNE_TRY(node.subgraph("body"));
  graph::Types types = {{DType::I64, Dims{}}, {DType::Bool, Dims{}}};
  std::vector<ValueId> inputs = {trips, condition};
  for (size_t i = 2; i < node.inputs(); ++i) {
    inputs.push_back(RUNE_TRY(node.input(i, "v_initial")));
    types.push_back(node.graph().type(inputs.back()));
  }
  size_t carried = inputs.size() - 2;
  if (static_cast<size_t>(graph->input_size()) != types.size() ||
      static_cast<size_t>(graph->output_size()) < carried + 1)
    return node.fail("the body takes {} and gives {} values, {} are carried",
                     graph->input_size(), graph->output_size(), carried);
  std::vector<bool> unwrapped;
  Body body = RUNE_TRY(node.bodies().settled(*graph, std::move(types), 2, 1,
                                             carried, "body", &unwrapped));
  inputs.insert(inputs.end(), body.captures.begin(), body.captures.end());
  size_t outputs = body.graph.outputs.size() - 1;
  if (outputs == 0)
    return node.fail("the body gives nothing but its condition");
  std::vector<graph::Graph> bodies;
  bodies.push_back(std::move(body.graph));
  auto results =
      RUNE_TRY(node.graph().node(Op::Loop, node.name(), std::move(inputs),
                                 {{"carried", static_cast<int64_t>(carried)}},
                                 outputs, std::move(bodies)));
  for (size_t i = 0; i < carried; ++i)
    if (unwrapped[i])
      results[i] = RUNE_TRY(node.one(Op::OptionalGetElement, {results[i]}, {},
                                     fmt::format("held{}", i)));
  return results;
}

} // namespace rune::import
