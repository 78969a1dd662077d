// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/anchors.h"

#include "compile/library/fast/blocking.h"
#include "compile/operands.h"
#include "graph/ops.h"

#include <algorithm>

namespace rune::compile {

namespace {

using graph::Graph;
using graph::Node;
using graph::noValue;
using graph::Op;
using graph::ValueId;

using Sizes = std::vector<int64_t>;

bool isF32(const Graph &graph, const Node &node) {
  auto isFloat = [&](ValueId id) {
    return id == noValue || graph.values[id].type.dtype == DType::F32;
  };
  return std::ranges::all_of(node.inputs, isFloat) && isFloat(node.outputs[0]);
}
bool hasOneResult(const Node &node) {
  return std::all_of(node.outputs.begin() + 1, node.outputs.end(),
                     [](ValueId id) { return id == noValue; });
}

int64_t countOf(const Sizes &sizes) {
  int64_t count = 1;
  for (int64_t size : sizes)
    count *= size;
  return count;
}

bool isFolded(const Node &node, size_t dimension) {
  return std::ranges::count(node.integers("axes"),
                            static_cast<int64_t>(dimension)) > 0;
}

/// True if the axes of that node are neighbours, but for dimensions of 1.
bool foldsNeighbours(const Node &node, const Sizes &sizes) {
  int64_t behind = 1;
  bool begun = false;
  for (size_t d = 0; d < sizes.size(); ++d) {
    bool folded = isFolded(node, d);
    if (folded && behind != 1)
      return false;
    begun = begun || folded;
    if (begun && !folded)
      behind *= sizes[d];
  }
  return begun;
}

/// Nothing stands behind the axes.
bool foldsLast(const Node &node, const Sizes &sizes) {
  if (!foldsNeighbours(node, sizes))
    return false;
  for (size_t d = sizes.size(); d-- > 0 && !isFolded(node, d);)
    if (sizes[d] != 1)
      return false;
  return true;
}

bool isProduct(const Graph &graph, const Node &node) {
  return node.text("accumulator") == "f32" &&
         sizesOf(graph, node, 0).size() >= 2 &&
         sizesOf(graph, node, 1).size() >= 2;
}

/// Scale and bias are as long as what they apply to.
bool hasFullParameters(const Graph &graph, const Node &node) {
  Sizes sizes = sizesOf(graph, node, 0);
  sizes.erase(sizes.begin(), sizes.begin() + node.integer("axis"));
  for (size_t i = 1; i < node.inputs.size(); ++i)
    if (isGiven(node, i) && countOf(sizesOf(graph, node, i)) != countOf(sizes))
      return false;
  return true;
}

int64_t foldedCount(const Node &node, const Sizes &sizes) {
  int64_t count = 1;
  for (size_t d = 0; d < sizes.size(); ++d)
    count *= isFolded(node, d) ? sizes[d] : 1;
  return count;
}

library::DynamicProduct productOf(const Graph &graph, const Node &node,
                                  int vectorBytes) {
  Sizes a = sizesOf(graph, node, 0), b = sizesOf(graph, node, 1);
  bool turnA = node.integer("transpose_a") != 0,
       turnB = node.integer("transpose_b") != 0;
  return {library::productF32(vectorBytes),
          a[a.size() - (turnA ? 1 : 2)],
          a[a.size() - (turnA ? 2 : 1)],
          b[b.size() - (turnB ? 2 : 1)],
          turnA,
          turnB};
}

/// Each window has something to count, and no sum of 8 bits leaves 28: windows
/// without gaps that begin inside the image or its padding and reach into it.
bool countsSome(const Graph &graph, const Node &node) {
  Sizes x = sizesOf(graph, node, 0),
        y = graph.values[node.outputs[0]].type.sizes();
  const Sizes &kernel = node.integers("kernel"), &pads = node.integers("pads"),
              &strides = node.integers("strides");
  if (std::ranges::any_of(node.integers("dilations"),
                          [](int64_t dilation) { return dilation != 1; }))
    return false;
  double taps = 1;
  for (size_t d = 0; d < kernel.size(); ++d) {
    taps *= static_cast<double>(kernel[d]);
    int64_t begin = pads[d];
    if (begin < 0 || pads[d + kernel.size()] < 0 || begin >= kernel[d] ||
        (y[1 + d] - 1) * strides[d] - begin >= x[1 + d])
      return false;
  }
  return taps <= 1 << 18;
}

/// The largest, or the mean, of 8-bit numbers.
Anchor integerPool(const Graph &graph, const Node &node) {
  DType dtype = graph.values[node.inputs[0]].type.dtype;
  bool isSigned = dtype == DType::I8;
  if ((!isSigned && dtype != DType::U8) || node.text("layout") != "NXC" ||
      !hasOneResult(node))
    return Anchor::None;
  if (node.op == Op::MaxPool)
    return isSigned ? Anchor::MaxPoolI8 : Anchor::MaxPoolU8;
  if (!countsSome(graph, node))
    return Anchor::None;
  return isSigned ? Anchor::AveragePoolI8 : Anchor::AveragePoolU8;
}

/// No past, and a mask that is as long as the keys are many.
bool isPlainAttention(const Graph &graph, const Node &node) {
  if (isGiven(node, 4) || isGiven(node, 6) || node.number("softcap") != 0)
    return false;
  Sizes keys = sizesOf(graph, node, 1), values = sizesOf(graph, node, 2);
  return countOf(keys) != 0 && countOf(values) != 0 &&
         (!isGiven(node, 3) || sizesOf(graph, node, 3).back() == keys[2]);
}

library::AttentionShape attentionShape(const Graph &graph, const Node &node,
                                       int vectorBytes) {
  Sizes q = sizesOf(graph, node, 0), k = sizesOf(graph, node, 1);
  return {library::productF32(vectorBytes), q[2], k[2], k[3],
          sizesOf(graph, node, 2)[3]};
}

} // namespace

Anchor unpackedAnchor(const Graph &graph, const Node &node) {
  if (node.inputs.empty() || node.outputs.empty() ||
      node.inputs[0] == noValue || node.outputs[0] == noValue)
    return Anchor::None;
  if (node.op == Op::MaxPool || node.op == Op::AveragePool)
    if (Anchor kind = integerPool(graph, node); kind != Anchor::None)
      return countOf(sizesOf(graph, node, 0)) == 0 ? Anchor::None : kind;
  if (!isF32(graph, node) || countOf(sizesOf(graph, node, 0)) == 0)
    return Anchor::None;
  Sizes sizes = sizesOf(graph, node, 0);
  if (!hasOneResult(node))
    return Anchor::None;
  auto when = [](bool condition, Anchor kind) {
    return condition ? kind : Anchor::None;
  };
  switch (node.op) {
  case Op::MatMul:
    return when(isProduct(graph, node), Anchor::MatMulDynamic);
  case Op::Softmax:
    return when(foldsLast(node, sizes), Anchor::Softmax);
  case Op::LayerNormalization:
    return when(hasFullParameters(graph, node), Anchor::LayerNormalization);
  case Op::GroupNormalization:
    return Anchor::GroupNormalization;
  case Op::LocalResponseNormalization:
    return when(node.text("layout") == "NXC" && node.number("beta") == 0.75 &&
                    node.integer("size") <= 64,
                Anchor::LocalResponseNormalization);
  case Op::ReduceMean:
  case Op::ReduceSum:
    return when(!isGiven(node, 1) && node.text("accumulator") == "f32" &&
                    foldsNeighbours(node, sizes),
                node.op == Op::ReduceMean ? Anchor::ReduceMean
                                          : Anchor::ReduceSum);
  case Op::MaxPool:
    return when(node.text("layout") == "NXC", Anchor::MaxPool);
  case Op::AveragePool:
    return when(node.text("layout") == "NXC" &&
                    node.text("accumulator") == "f32",
                Anchor::AveragePool);
  case Op::Attention:
    return when(isPlainAttention(graph, node), Anchor::Attention);
  default:
    return Anchor::None;
  }
}

int64_t unpackedScratch(const Graph &graph, const Node &node, Anchor kind,
                        int vectorBytes) {
  Sizes sizes = sizesOf(graph, node, 0);
  auto floats = [](int64_t count) {
    return 4 * std::max<int64_t>(count, library::rowBlock);
  };
  switch (kind) {
  case Anchor::MatMulDynamic:
    return productOf(graph, node, vectorBytes).scratchBytes();
  case Anchor::Softmax:
    return floats(foldedCount(node, sizes));
  case Anchor::LayerNormalization:
    sizes.erase(sizes.begin(), sizes.begin() + node.integer("axis"));
    return floats(countOf(sizes));
  case Anchor::GroupNormalization:
    return floats(sizes.back()) + 4 * 4 * sizes.back();
  case Anchor::LocalResponseNormalization:
    return floats(sizes.back()) + 4 * (sizes.back() + node.integer("size"));
  case Anchor::MaxPool:
  case Anchor::MaxPoolI8:
  case Anchor::MaxPoolU8:
  case Anchor::AveragePool:
  case Anchor::AveragePoolI8:
  case Anchor::AveragePoolU8: {
    int64_t taps = 1; // those inside
    const Sizes &kernel = node.integers("kernel");
    for (size_t d = 0; d < kernel.size(); ++d)
      taps *= std::min(kernel[d], sizes[1 + d]);
    return library::poolScratch(sizes.back(), taps);
  }
  case Anchor::Attention:
    return attentionShape(graph, node, vectorBytes).scratchBytes();
  default:
    return floats(0);
  }
}

} // namespace rune::compile
