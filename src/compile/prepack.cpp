// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/prepack.h"

#include "graph/ops.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace rune::compile {

namespace {

using graph::Graph;
using graph::Node;
using graph::ValueId;

const graph::Constant *constantOf(const Graph &graph, ValueId id) {
  const graph::Value &value = graph.values[id];
  return value.constant ? &graph.constants[*value.constant] : nullptr;
}

float floatAt(const graph::Constant &constant, size_t i) {
  float x;
  std::memcpy(&x, constant.data.data() + i * sizeof x, sizeof x);
  return x;
}

/// What padding meets must leave the sum as it is, which a NaN or an infinity
/// times 0 would not.
bool isFinite(const graph::Constant &constant) {
  size_t count = constant.data.size() / sizeof(float);
  for (size_t i = 0; i < count; ++i)
    if (!std::isfinite(floatAt(constant, i)))
      return false;
  return true;
}

bool isPackable(const Graph &graph, const Node &node) {
  const graph::Constant *weights = constantOf(graph, node.inputs[1]);
  return weights && weights->dtype == DType::F32 &&
         graph.values[node.inputs[0]].type.dtype == DType::F32 &&
         node.text("accumulator") == "f32" && !weights->data.empty() &&
         isFinite(*weights);
}

/// Panels of `width` columns, each `inner` rows long after the bias.
class Panels {
public:
  Panels(size_t columns, size_t inner, size_t width)
      : inner_(inner + 1), width_(width),
        panels_((columns + width - 1) / width) {}
  size_t bytes() const { return panels_ * inner_ * width_ * sizeof(float); }
  void put(uint8_t *base, size_t k, size_t column, float x) const {
    putRow(base, k + 1, column, x);
  }
  void bias(uint8_t *base, size_t column, float x) const {
    putRow(base, 0, column, x);
  }

private:
  void putRow(uint8_t *base, size_t row, size_t column, float x) const {
    size_t at = (column / width_ * inner_ + row) * width_ + column % width_;
    std::memcpy(base + at * sizeof x, &x, sizeof x);
  }

  size_t inner_, width_, panels_;
};

Bytes packConv(const Graph &graph, const Node &node, size_t width) {
  const graph::Constant &weights = *constantOf(graph, node.inputs[1]);
  auto groups = static_cast<size_t>(node.integer("groups"));
  auto outputs = static_cast<size_t>(weights.sizes[0]) / groups,
       channels = static_cast<size_t>(weights.sizes[1]);
  size_t taps =
      weights.data.size() / sizeof(float) / (outputs * groups * channels);
  Panels panels(outputs, taps * channels, width);
  Bytes packed(panels.bytes() * groups);
  const graph::Constant *bias = packedBias(graph, node);
  size_t at = 0;
  for (size_t g = 0; g < groups; ++g) {
    uint8_t *base = packed.data() + g * panels.bytes();
    for (size_t o = 0; o < outputs; ++o) {
      if (bias)
        panels.bias(base, o, floatAt(*bias, g * outputs + o));
      for (size_t c = 0; c < channels; ++c)
        for (size_t t = 0; t < taps; ++t)
          panels.put(base, t * channels + c, o, floatAt(weights, at++));
    }
  }
  return packed;
}

Bytes packDepthwise(const Graph &graph, const Node &node, size_t width) {
  const graph::Constant &weights = *constantOf(graph, node.inputs[1]);
  auto channels = static_cast<size_t>(weights.sizes[0]);
  size_t taps = weights.data.size() / sizeof(float) / channels;
  Panels panels(channels, taps, width);
  Bytes packed(panels.bytes());
  const graph::Constant *bias = packedBias(graph, node);
  for (size_t c = 0; c < channels; ++c) {
    if (bias)
      panels.bias(packed.data(), c, floatAt(*bias, c));
    for (size_t t = 0; t < taps; ++t)
      panels.put(packed.data(), t, c, floatAt(weights, c * taps + t));
  }
  return packed;
}

Bytes packMatMul(const Graph &graph, const Node &node, size_t width) {
  const graph::Constant &b = *constantOf(graph, node.inputs[1]);
  bool transposed = node.integer("transpose_b") != 0;
  auto rows = static_cast<size_t>(b.sizes[b.sizes.size() - 2]),
       columns = static_cast<size_t>(b.sizes.back());
  Panels panels(transposed ? rows : columns, transposed ? columns : rows,
                width);
  Bytes packed(panels.bytes());
  for (size_t r = 0; r < rows; ++r)
    for (size_t c = 0; c < columns; ++c)
      panels.put(packed.data(), transposed ? c : r, transposed ? r : c,
                 floatAt(b, r * columns + c));
  return packed;
}

} // namespace

const graph::Constant *packedBias(const Graph &graph, const Node &node) {
  if (node.inputs.size() < 3 || node.inputs[2] == graph::noValue)
    return nullptr;
  return constantOf(graph, node.inputs[2]);
}

bool canPackConv(const Graph &graph, const Node &node) {
  return isPackable(graph, node) && node.text("layout") == "NXC";
}

bool canPackDepthwise(const Graph &graph, const Node &node) {
  if (!canPackConv(graph, node))
    return false;
  const std::vector<int64_t> &weights =
      constantOf(graph, node.inputs[1])->sizes;
  return weights[1] == 1 && weights[0] > 1 &&
         node.integer("groups") == weights[0];
}

bool canPackMatMul(const Graph &graph, const Node &node) {
  if (!isPackable(graph, node) || node.integer("transpose_a") != 0)
    return false;
  const std::vector<int64_t> &sizes = constantOf(graph, node.inputs[1])->sizes;
  return sizes.size() >= 2 &&
         graph.values[node.inputs[0]].type.dims.size() >= sizes.size() &&
         std::all_of(sizes.begin(), sizes.end() - 2,
                     [](int64_t size) { return size == 1; });
}

Bytes packWeights(const Graph &graph, const Group &group,
                  machine::Target target) {
  const Node &node = graph.nodes[group.anchor];
  auto width = static_cast<size_t>(tileColumns(group.kind, target));
  switch (group.kind) {
  case Anchor::Conv:
    return packConv(graph, node, width);
  case Anchor::Depthwise:
    return packDepthwise(graph, node, width);
  case Anchor::MatMul:
    return packMatMul(graph, node, width);
  default:
    return {};
  }
}

} // namespace rune::compile
