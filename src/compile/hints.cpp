// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/hints.h"

#include "graph/ops.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace rune::compile {

namespace {

using graph::Constant;
using graph::Graph;
using graph::Node;
using graph::noValue;
using graph::Op;

const Constant *known(const Graph &graph, const Node &node, size_t input) {
  if (input >= node.inputs.size() || node.inputs[input] == noValue)
    return nullptr;
  const graph::Value &value = graph.values[node.inputs[input]];
  return value.constant ? &graph.constants[*value.constant] : nullptr;
}
bool isGiven(const Node &node, size_t input) {
  return input < node.inputs.size() && node.inputs[input] != noValue;
}

bool isPowerOfTwo(const Constant &scale) {
  if (scale.dtype != DType::F32 || scale.data.size() != sizeof(float))
    return false;
  float number;
  std::memcpy(&number, scale.data.data(), sizeof number);
  int exponent = 0;
  return std::frexp(number, &exponent) == 0.5f && std::abs(exponent) < 100;
}

/// The elements of a constant of 8 or 32 bits.
int64_t elementAt(const Constant &constant, size_t i) {
  const uint8_t *at = constant.data.data();
  if (constant.dtype == DType::U8)
    return at[i];
  if (constant.dtype == DType::I8)
    return static_cast<int8_t>(at[i]);
  int32_t number;
  std::memcpy(&number, at + i * sizeof number, sizeof number);
  return number;
}
size_t countOf(const Constant &constant) {
  return constant.data.size() / dtypeBytes(constant.dtype);
}

bool isByte(DType dtype) { return dtype == DType::I8 || dtype == DType::U8; }

bool sumsFitF32(const Graph &graph, const Group &group, const Node &node) {
  if (!sumsIntegers(group.kind) || isGiven(node, 2))
    return false;
  const Node &anchor = graph.nodes[group.anchor];
  if (node.inputs[0] != anchor.outputs[0])
    return false;
  auto sums = largestSums(graph, anchor);
  return sums && std::ranges::all_of(
                     *sums, [](int64_t sum) { return sum < int64_t{1} << 24; });
}

} // namespace

std::optional<std::vector<int64_t>> largestSums(const Graph &graph,
                                                const Node &anchor) {
  const Constant *weights = known(graph, anchor, 1);
  const Constant *bias = known(graph, anchor, 2);
  const Constant *zero = known(graph, anchor, 4);
  if (!weights || !isByte(weights->dtype) ||
      !isByte(graph.values[anchor.inputs[0]].type.dtype) ||
      (isGiven(anchor, 2) && !bias) || (isGiven(anchor, 4) && !zero))
    return {};
  bool columnsFirst =
      anchor.op == Op::ConvInteger || anchor.integer("transpose_b") != 0;
  auto columns = static_cast<size_t>(columnsFirst ? weights->sizes[0]
                                                  : weights->sizes.back());
  size_t inner = columnsFirst ? countOf(*weights) / columns : 1;
  std::vector<int64_t> sums(columns);
  for (size_t i = 0; i < countOf(*weights); ++i) {
    size_t column = i / inner % columns;
    int64_t less = zero ? elementAt(*zero, countOf(*zero) > 1 ? column : 0) : 0;
    sums[column] += 255 * std::abs(elementAt(*weights, i) - less);
  }
  for (size_t column = 0; bias && column < columns; ++column)
    sums[column] += std::abs(elementAt(*bias, column));
  return sums;
}

uint32_t hintsOf(const Graph &graph, const Group &group, const Node &node) {
  if (node.op == Op::Requantize)
    return shiftsOnlyRight(graph, node) ? onlyRightShifts : 0;
  if (node.op == Op::Quantize) {
    const Constant *scale = known(graph, node, 1);
    return scale && isPowerOfTwo(*scale) ? exactInverse : 0;
  }
  if (node.op == Op::Dequantize)
    return sumsFitF32(graph, group, node) ? fitsF32 : 0;
  return 0;
}

} // namespace rune::compile
