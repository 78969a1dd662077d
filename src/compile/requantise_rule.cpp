// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/requantise_rule.h"

#include "base/bytes.h"
#include "compile/operands.h"
#include "graph/ops.h"

#include <algorithm>
#include <cmath>

namespace rune::compile {

namespace {

using graph::Constant;
using graph::Graph;
using graph::Node;

size_t countOf(const Constant &constant) {
  return constant.data.size() / dtypeBytes(constant.dtype);
}

int64_t numberAt(const Constant &constant, size_t i) {
  const uint8_t *data = constant.data.data();
  switch (constant.dtype) {
  case DType::I8:
    return loadUnaligned<int8_t>(data + i);
  case DType::U8:
    return data[i];
  case DType::I16:
    return loadUnaligned<int16_t>(data + 2 * i);
  case DType::U16:
    return loadUnaligned<uint16_t>(data + 2 * i);
  default:
    return loadUnaligned<int32_t>(data + 4 * i);
  }
}

} // namespace

double RequantiseRule::factor() const {
  return std::ldexp(static_cast<double>(multiplier),
                    static_cast<int>(left - drop));
}

int64_t RequantiseRule::operator()(int64_t x) const {
  int64_t product = (x - inputZero) * (int64_t{1} << left) * multiplier;
  int64_t half = int64_t{1} << (drop - 1), y = 0;
  if (rounding == Even) {
    y = product >> drop;
    int64_t rest = product - (y << drop);
    y += rest > half || (rest == half && (y & 1) != 0) ? 1 : 0;
  } else {
    if (rounding == Double && drop > 31)
      half += product >= 0 ? int64_t{1} << 30 : -(int64_t{1} << 30);
    y = (product + half) >> drop;
  }
  return std::clamp(y + zero, low, high);
}

std::optional<size_t> parametersOf(const Graph &graph, const Node &node) {
  const Constant *multipliers = constantOf(graph, node.inputs[1]);
  const Constant *shifts = constantOf(graph, node.inputs[2]);
  if (!multipliers || !shifts)
    return {};
  return std::max(countOf(*multipliers), countOf(*shifts));
}

std::optional<RequantiseRule> ruleOf(const Graph &graph, const Node &node,
                                     size_t column) {
  const Constant *multipliers = constantOf(graph, node.inputs[1]);
  const Constant *shifts = constantOf(graph, node.inputs[2]);
  const Constant *zero = constantOf(graph, node, 3),
                 *inputZero = constantOf(graph, node, 4);
  std::string_view rounding = node.text("rounding");
  DType from = graph.values[node.inputs[0]].type.dtype;
  if (!multipliers || !shifts || rounding == "tflite-16x8" ||
      dtypeBytes(from) > 4 || (isGiven(node, 3) && !zero) ||
      (isGiven(node, 4) && !inputZero))
    return {};
  RequantiseRule rule;
  rule.rounding = rounding == "onnx-even"       ? RequantiseRule::Even
                  : rounding == "tflite-single" ? RequantiseRule::Single
                                                : RequantiseRule::Double;
  rule.multiplier =
      numberAt(*multipliers, countOf(*multipliers) > 1 ? column : 0);
  rule.drop = 31 - numberAt(*shifts, countOf(*shifts) > 1 ? column : 0);
  rule.left = node.integer("left_shift");
  rule.zero = zero ? numberAt(*zero, 0) : 0;
  rule.inputZero = inputZero ? numberAt(*inputZero, 0) : 0;
  rule.low = node.integer("low");
  rule.high = node.integer("high");
  if (rule.multiplier <= 0 || rule.drop < 1 || rule.drop > 61)
    return {};
  return rule;
}

} // namespace rune::compile
