// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/statistics.h"
#include "graph/ops.h"

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

/// Multiplications for one element of the result.
static uint64_t macsPerElement(const Graph &graph, const Node &node) {
  // where not even the rank is known nothing is counted
  for (ValueId id : node.inputs)
    if (id != noValue && !graph.values[id].type.isTensor())
      return 0;
  auto dims = [&](size_t input) -> const Dims & {
    return graph.values[node.inputs[input]].type.dims;
  };
  if (node.op == Op::Conv || node.op == Op::ConvInteger)
    return elements(dims(1), 1);
  if (node.op == Op::Lstm || node.op == Op::LstmInteger) // four gates
    return times(4, sizeOf(dims(1)[1]) + sizeOf(dims(2)[1]));
  if (node.op != Op::MatMul && node.op != Op::MatMulInteger)
    return 0;
  bool transposed = node.integer("transpose_a") != 0;
  return sizeOf(dims(0)[dims(0).size() - (transposed ? 2 : 1)]);
}

uint64_t macs(const Graph &graph) {
  uint64_t sum = 0;
  for (const Node &node : graph.nodes) {
    uint64_t each = macsPerElement(graph, node);
    // a transposed convolution spreads each of its inputs
    bool spreads =
        node.op == Op::ConvTranspose || node.op == Op::ConvTransposeInteger;
    uint64_t all =
        spreads
            ? times(elements(graph.values[node.inputs[0]].type.dims),
                    elements(graph.values[node.inputs[1]].type.dims, 1))
            : times(each, elements(graph.values[node.outputs[0]].type.dims));
    if (__builtin_add_overflow(sum, all, &sum))
      return UINT64_MAX;
  }
  for (const Graph &body : graph.bodies)
    if (__builtin_add_overflow(sum, macs(body), &sum))
      return UINT64_MAX;
  return sum;
}

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
