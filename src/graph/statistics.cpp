// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/statistics.h"
#include "graph/ops.h"

#include <algorithm>
#include <map>

namespace rune::graph {

static uint64_t times(uint64_t a, uint64_t b) {
  uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

static uint64_t sizeOf(const Dim &dim) {
  return dim.isFixed() ? static_cast<uint64_t>(dim.size()) : 1;
}

static uint64_t elements(const Dims &dims, size_t from = 0) {
  uint64_t count = 1;
  for (size_t i = from; i < dims.size(); ++i)
    count = times(count, sizeOf(dims[i]));
  return count;
}

static uint64_t plus(uint64_t a, uint64_t b) {
  uint64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static const Dims &dimsOf(const Graph &graph, const Node &node, size_t input) {
  return graph.values[node.inputs[input]].type.dims;
}

/// Multiplications for one element of the result.
static uint64_t macsPerElement(const Graph &graph, const Node &node) {
  auto dims = [&](size_t input) -> const Dims & {
    return dimsOf(graph, node, input);
  };
  switch (node.op) {
  case Op::Conv:
  case Op::ConvInteger:
  case Op::DeformConv:
    return elements(dims(1), 1);
  case Op::Lstm: // four gates
  case Op::LstmInteger:
    return times(4, plus(sizeOf(dims(1)[1]), sizeOf(dims(2)[1])));
  case Op::Gru: // three gates
    return times(3, plus(sizeOf(dims(1)[1]), sizeOf(dims(2)[1])));
  case Op::Rnn:
    return plus(sizeOf(dims(1)[1]), sizeOf(dims(2)[1]));
  case Op::MatMul:
  case Op::MatMulInteger:
    return sizeOf(
        dims(0)[dims(0).size() - (node.integer("transpose_a") != 0 ? 2 : 1)]);
  default:
    return 0;
  }
}

/// q[B, H, T, D] by k[B, G, S, D], then the weights by v[B, G, S, E]; the past
/// makes S longer.
static uint64_t attentionMacs(const Graph &graph, const Node &node) {
  const Dims &q = dimsOf(graph, node, 0), &k = dimsOf(graph, node, 1),
             &v = dimsOf(graph, node, 2);
  uint64_t keys = sizeOf(k[2]);
  if (node.inputs.size() > 4 && node.inputs[4] != noValue)
    keys = plus(keys, sizeOf(dimsOf(graph, node, 4)[2]));
  uint64_t scores = times(elements({q[0], q[1], q[2]}), keys);
  return times(scores, plus(sizeOf(q[3]), sizeOf(v[3])));
}

/// The operands from left to right: each step costs its own letters.
static uint64_t einsumMacs(const Graph &graph, const Node &node) {
  const std::string &equation = node.text("equation");
  size_t arrow = equation.find("->");
  std::vector<std::string> terms{""};
  for (char c : equation.substr(0, arrow))
    c == ',' ? terms.emplace_back() : terms.back() += c;
  std::map<char, uint64_t> sizes;
  for (size_t i = 0; i < terms.size() && i < node.inputs.size(); ++i)
    for (size_t d = 0; d < terms[i].size(); ++d)
      sizes[terms[i][d]] =
          std::max(sizes[terms[i][d]], sizeOf(dimsOf(graph, node, i)[d]));
  std::string seen = terms[0];
  uint64_t sum = 0;
  for (size_t i = 1; i < terms.size(); ++i) {
    uint64_t step = 1;
    std::string later = equation.substr(arrow), kept;
    for (size_t k = i + 1; k < terms.size(); ++k)
      later += terms[k];
    for (const auto &[letter, size] : sizes)
      if ((seen + terms[i]).find(letter) != std::string::npos) {
        step = times(step, size);
        if (later.find(letter) != std::string::npos)
          kept += letter;
      }
    seen = kept;
    sum = plus(sum, step);
  }
  return sum;
}

uint64_t macs(const Graph &graph, const Node &node) {
  // where not even the rank is known nothing is counted
  for (ValueId id : node.inputs)
    if (id != noValue && !graph.values[id].type.isTensor())
      return 0;
  switch (node.op) {
  case Op::ConvTranspose: // each input is spread
  case Op::ConvTransposeInteger:
    return times(elements(dimsOf(graph, node, 0)),
                 elements(dimsOf(graph, node, 1), 1));
  case Op::Attention:
    return attentionMacs(graph, node);
  case Op::Einsum:
    return einsumMacs(graph, node);
  default:
    break;
  }
  return times(macsPerElement(graph, node),
               elements(graph.values[node.outputs[0]].type.dims));
}

/// True for operators that give elements as they found them, or read none.
static bool onlyMoves(Op op) {
  switch (op) {
  case Op::Identity:
  case Op::Flatten:
  case Op::Reshape:
  case Op::Squeeze:
  case Op::Unsqueeze:
  case Op::BitCast:
  case Op::Transpose:
  case Op::Concat:
  case Op::Split:
  case Op::Slice:
  case Op::Pad:
  case Op::Expand:
  case Op::Tile:
  case Op::Gather:
  case Op::GatherNd:
  case Op::GatherElements:
  case Op::TensorScatter:
  case Op::ReverseSequence:
  case Op::Shape:
    return true;
  default:
    return false;
  }
}

/// Elements of the larger of a node's first input and first result.
static uint64_t elementsMet(const Graph &graph, const Node &node) {
  uint64_t most = 0;
  for (const auto *ids : {&node.inputs, &node.outputs})
    if (!ids->empty() && ids->front() != noValue &&
        graph.values[ids->front()].type.isTensor())
      most = std::max(most, elements(graph.values[ids->front()].type.dims));
  return most;
}

uint64_t operations(const Graph &graph, const Node &node) {
  if (uint64_t products = macs(graph, node))
    return times(2, products);
  if (onlyMoves(node.op))
    return 0;
  bool isPool = node.op == Op::MaxPool || node.op == Op::AveragePool ||
                node.op == Op::LpPool;
  if (!isPool)
    return elementsMet(graph, node);
  uint64_t count = elements(graph.values[node.outputs[0]].type.dims);
  for (int64_t size : node.integers("kernel"))
    count = times(count, static_cast<uint64_t>(size));
  return count;
}

uint64_t macs(const Graph &graph) {
  uint64_t sum = 0;
  for (const Node &node : graph.nodes)
    sum = plus(sum, macs(graph, node));
  for (const Graph &body : graph.bodies)
    sum = plus(sum, macs(body));
  return sum;
}

/// Parameters and operators of a graph and of its bodies.
static void count(const Graph &graph, Statistics &statistics,
                  std::map<std::string, uint64_t> &counts) {
  for (const Constant &constant : graph.constants) {
    statistics.parameters += elements(constant.view().type().dims);
    statistics.weightBytes += constant.data.size();
  }
  for (const Node &node : graph.nodes)
    ++counts[std::string(opName(node.op))];
  for (const Graph &body : graph.bodies)
    count(body, statistics, counts);
}

Statistics statisticsOf(const Graph &graph) {
  Statistics statistics;
  statistics.macs = macs(graph);
  std::map<std::string, uint64_t> counts;
  count(graph, statistics, counts);
  statistics.operators.assign(counts.begin(), counts.end());
  return statistics;
}

} // namespace rune::graph
