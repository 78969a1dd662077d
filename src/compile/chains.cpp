// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/chains.h"

#include "compile/operands.h"
#include "graph/ops.h"

#include <algorithm>

namespace rune::compile {

namespace {

using graph::Graph;
using graph::Node;

/// What an element between costs on its way to memory and back, in products.
constexpr int64_t wayInProducts = 32;
/// Larger than any piece that stays in the second cache.
constexpr int64_t mostPanel = 2 * library::ChainShape::mostBytes;

bool isOverPictures(const Graph &graph, const Node &node) {
  return sizesOf(graph, node, 0).size() == 4;
}

bool cutsNothing(const Node &node) {
  return std::ranges::all_of(node.integers("pads"),
                             [](int64_t pad) { return pad >= 0; });
}

} // namespace

library::ChainShape chainShape(const Graph &graph, const Node *feeder,
                               const Node &depthwise, machine::Target target) {
  std::vector<int64_t> window = sizesOf(graph, depthwise, 1),
                       between = sizesOf(graph, depthwise, 0),
                       result = graph.values[depthwise.outputs[0]].type.sizes();
  library::ChainShape shape{};
  shape.tile = library::productF32(vectorBytes(target));
  if (feeder) {
    std::vector<int64_t> weights = sizesOf(graph, *feeder, 1);
    shape.taps = weights[2] * weights[3];
    shape.inner = weights[1];
  }
  shape.height = between[1];
  shape.width = between[2];
  shape.outHeight = result[1];
  shape.outWidth = result[2];
  for (size_t d = 0; d < 2; ++d) {
    shape.kernel[d] = window[2 + d];
    shape.stride[d] = depthwise.integers("strides")[d];
    shape.dilation[d] = depthwise.integers("dilations")[d];
  }
  shape.top = depthwise.integers("pads")[0];
  shape.left = depthwise.integers("pads")[1];
  return shape;
}

bool fitsPanels(const Graph &graph, const Group &depthwise,
                machine::Target target) {
  const Node &node = graph.nodes[depthwise.anchor];
  return depthwise.kind == Anchor::Depthwise && isOverPictures(graph, node) &&
         cutsNothing(node) &&
         chainShape(graph, nullptr, node, target).panelBytes() <= mostPanel;
}

bool isWorthChaining(const Graph &graph, const Group &feeder,
                     const Group &depthwise, machine::Target target) {
  const Node &first = graph.nodes[feeder.anchor];
  if (feeder.kind != Anchor::Conv || first.integer("groups") != 1 ||
      !fitsPanels(graph, depthwise, target))
    return false;
  library::ChainShape shape =
      chainShape(graph, &first, graph.nodes[depthwise.anchor], target);
  int64_t twice = std::max<int64_t>(shape.madeRows() - shape.height, 0);
  return twice * shape.taps * shape.inner <= shape.height * wayInProducts;
}

Group chained(Group feeder, Group depthwise) {
  depthwise.kind = Anchor::DepthwiseChain;
  depthwise.feeder.push_back(std::move(feeder));
  return depthwise;
}

} // namespace rune::compile
