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
using graph::Op;

/// By the places of docs/ops.md; `Bias` is the first of one or two.
enum { inputX, inputWeights, inputRecurrent, inputBias };

bool isF32(const Graph &graph, const Node &node) {
  return std::ranges::all_of(node.inputs, [&](graph::ValueId id) {
    return id == noValue || graph.values[id].type.dtype == DType::F32;
  });
}

bool isConstantOrMissing(const Graph &graph, const Node &node, size_t input) {
  return !isGiven(node, input) || constantOf(graph, node, input);
}

bool isUsualLstm(const Node &node) {
  return node.text("gate_activation") == "sigmoid" &&
         node.text("cell_activation") == "tanh" &&
         node.text("hidden_activation") == "tanh" &&
         node.number("cell_clip") == 0 && node.integer("coupled") == 0 &&
         !isGiven(node, 6) && !isGiven(node, 7); // peephole, lengths
}

bool isUsualUnrolled(const Graph &graph, const Node &node) {
  if (!isConstantOrMissing(graph, node, inputBias + 1) || isGiven(node, 6))
    return false; // lengths
  std::string_view function = node.text("hidden_activation");
  if (node.op == Op::Gru)
    return node.text("gate_activation") == "sigmoid" && function == "tanh";
  return function == "tanh" || function == "sigmoid" || function == "relu";
}

} // namespace

bool isFastRecurrent(const Graph &graph, const Node &node) {
  return isF32(graph, node) && constantOf(graph, node, inputWeights) &&
         constantOf(graph, node, inputRecurrent) &&
         isConstantOrMissing(graph, node, inputBias) &&
         node.number("clip") == 0 &&
         !constantOf(graph, node, inputRecurrent)->data.empty() &&
         (node.op == Op::Lstm ? isUsualLstm(node)
                              : isUsualUnrolled(graph, node));
}

library::RecurrentShape recurrentShape(const Graph &graph, const Node &node,
                                       int vectorBytes) {
  auto sizes = [&](size_t input) {
    return graph.values[node.inputs[input]].type.sizes();
  };
  size_t time = node.text("layout") == "TNC" ? 0 : 1;
  return {sizes(inputX)[time],
          sizes(inputX)[1 - time],
          sizes(inputRecurrent)[1],
          library::productF32(vectorBytes).columns(),
          node.op == Op::Lstm  ? 4
          : node.op == Op::Gru ? 2
                               : 1,
          node.op == Op::Gru ? 1 : 0};
}

int64_t recurrentScratch(const Graph &graph, const Node &node,
                         int vectorBytes) {
  return recurrentShape(graph, node, vectorBytes)
      .scratchBytes(node.op == Op::Lstm ? 2 : 1);
}

} // namespace rune::compile
