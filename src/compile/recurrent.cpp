// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/recurrent.h"

#include "compile/operands.h"
#include "graph/ops.h"

#include <algorithm>

namespace rune::compile {

namespace {

using graph::Graph;
using graph::Node;
using graph::noValue;

/// By the places of docs/ops.md: lstm.
enum { inputX, inputWeights, inputRecurrent, inputBias, inputLengths = 6 };

bool isF32(const Graph &graph, const Node &node) {
  return std::ranges::all_of(node.inputs, [&](graph::ValueId id) {
    return id == noValue || graph.values[id].type.dtype == DType::F32;
  });
}

} // namespace

bool isFastLstm(const Graph &graph, const Node &node) {
  return isF32(graph, node) && constantOf(graph, node, inputWeights) &&
         constantOf(graph, node, inputRecurrent) &&
         (!isGiven(node, inputBias) || constantOf(graph, node, inputBias)) &&
         node.text("gate_activation") == "sigmoid" &&
         node.text("cell_activation") == "tanh" &&
         node.text("hidden_activation") == "tanh" && node.number("clip") == 0 &&
         node.number("cell_clip") == 0 && node.integer("coupled") == 0 &&
         !isGiven(node, inputLengths) && !isGiven(node, inputLengths + 1) &&
         !constantOf(graph, node, inputRecurrent)->data.empty();
}

library::LstmShape lstmShape(const Graph &graph, const Node &node,
                             int vectorBytes) {
  auto sizes = [&](size_t input) {
    return graph.values[node.inputs[input]].type.sizes();
  };
  size_t time = node.text("layout") == "TNC" ? 0 : 1;
  return {sizes(inputX)[time], sizes(inputX)[1 - time],
          sizes(inputRecurrent)[1], library::productF32(vectorBytes).columns()};
}

} // namespace rune::compile
