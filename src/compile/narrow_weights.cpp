// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/narrow_weights.h"

#include "compile/library/fast/blocking.h"
#include "compile/library/fast/half.h"
#include "compile/operands.h"
#include "compile/weight_memory.h"
#include "graph/ops.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace rune::compile {

namespace {

using graph::Constant;
using graph::Graph;
using graph::Node;
using library::nibbleBlock;
using library::NibblePanels;

/// What fewer weights cost is not their memory.
constexpr size_t leastWeights = 1 << 15;

/// [inner, columns], or turned.
class Matrix {
public:
  Matrix(const Graph &graph, const Node &node)
      : weights_(*constantOf(graph, node, 1)),
        transposed_(node.integer("transpose_b") != 0) {
    auto first = static_cast<size_t>(weights_.sizes.end()[-2]),
         second = static_cast<size_t>(weights_.sizes.back());
    inner = transposed_ ? second : first;
    columns = transposed_ ? first : second;
  }
  size_t index(size_t k, size_t column) const {
    return transposed_ ? column * inner + k : k * columns + column;
  }
  float at(size_t k, size_t column) const { return flat(index(k, column)); }
  /// Whatever the order.
  float flat(size_t i) const {
    float x;
    std::memcpy(&x, weights_.data.data() + i * sizeof x, sizeof x);
    return x;
  }
  size_t count() const { return inner * columns; }

  size_t inner, columns;

private:
  const Constant &weights_;
  bool transposed_;
};

using Half = uint16_t (*)(float);
using Whole = float (*)(uint16_t);

bool fits(const Matrix &weights, Half narrow, Whole widen) {
  for (size_t i = 0; i < weights.count(); ++i)
    if (float x = weights.flat(i);
        library::bitsOf(widen(narrow(x))) != library::bitsOf(x))
      return false;
  return true;
}

/// Weights that are whole multiples of one scale, less than 16 apart.
struct Block {
  float scale = 0;
  std::array<int32_t, nibbleBlock> numbers = {};
  int32_t least = 0, most = 0;

  static constexpr int32_t largest = 15;

  bool holds(std::span<const float> weights, float candidate) {
    if (!(candidate >= 0x1p-120f))
      return false; // its inverse and its products are usual numbers
    scale = candidate;
    float inverse = 1 / candidate;
    least = largest, most = -largest;
    for (size_t i = 0; i < weights.size(); ++i) {
      float steps = weights[i] * inverse;
      if (!(std::fabs(steps) < largest + 0.5f))
        return false;
      auto number = static_cast<int32_t>(std::nearbyintf(steps));
      if (static_cast<float>(number) * scale != weights[i])
        return false;
      numbers[i] = number;
      least = std::min(least, number);
      most = std::max(most, number);
    }
    if (least == -7 && most == 8)
      turn();
    return most - least <= largest;
  }

private:
  /// Scales may be negative, so that -8 is the largest weight.
  void turn() {
    scale = -scale;
    least = -8, most = 7;
    for (int32_t &number : numbers)
      number = -number;
  }
};

/// The block of at most `nibbleBlock` weights. The smallest of them is some
/// multiple of the scale, rounded.
std::optional<Block> blockOf(std::span<const float> weights) {
  float smallest = 0;
  for (float x : weights)
    if (float size = std::fabs(x);
        size > 0 && (smallest == 0 || size < smallest))
      smallest = size;
  Block block;
  for (int32_t k = 1; smallest > 0 && k <= Block::largest; ++k)
    for (uint32_t near : {0, 1, 2, -1, -2})
      if (block.holds(
              weights,
              library::floatOf(
                  library::bitsOf(smallest / static_cast<float>(k)) + near)))
        return block;
  if (smallest == 0 && block.holds(weights, 1)) // all 0
    return block;
  return {};
}

std::optional<Block> blockOf(const Matrix &weights, size_t column,
                             size_t first) {
  std::array<float, nibbleBlock> some;
  size_t count = std::min<size_t>(nibbleBlock, weights.inner - first);
  for (size_t i = 0; i < count; ++i)
    some[i] = weights.at(first + i, column);
  return blockOf(std::span(some).first(count));
}

/// Calls `body(block, column, first)` for each block; false if one is none.
template <class F> bool eachBlock(const Matrix &weights, F body) {
  for (size_t column = 0; column < weights.columns; ++column)
    for (size_t k = 0; k < weights.inner; k += nibbleBlock) {
      auto block = blockOf(weights, column, k);
      if (!block)
        return false;
      body(*block, column, k);
    }
  return true;
}

/// Numbers of -8 to 7 need no offset.
bool needsOffset(const Block &block) {
  return block.least < -8 || block.most > 7;
}

template <class T> void put(Bytes &bytes, size_t at, T x) {
  std::memcpy(bytes.data() + at, &x, sizeof x);
}

/// The bias of a column, if it is known.
float biasAt(const Constant *bias, size_t column) {
  float x = 0;
  if (bias)
    std::memcpy(&x, bias->data.data() + column * sizeof x, sizeof x);
  return x;
}

Bytes zeros(size_t bytes) {
  Bytes all = roomForWeights(bytes);
  all.resize(bytes);
  return all;
}

Bytes packHalves(const Matrix &weights, const Constant *bias, Half narrow,
                 size_t width) {
  size_t panelBytes = width * (4 + 2 * weights.inner);
  Bytes packed = zeros((weights.columns + width - 1) / width * panelBytes);
  for (size_t column = 0; column < weights.columns; ++column) {
    size_t panel = column / width * panelBytes, place = column % width;
    put(packed, panel + place * 4, biasAt(bias, column));
    for (size_t k = 0; k < weights.inner; ++k)
      put(packed, panel + width * 4 + (k * width + place) * 2,
          narrow(weights.at(k, column)));
  }
  return packed;
}

void putBlock(Bytes &packed, size_t at, size_t place,
              const NibblePanels &panels, const Block &block) {
  auto width = static_cast<size_t>(panels.width);
  int32_t offset = needsOffset(block) ? block.least + 8 : 0;
  put(packed, at + place * 4, block.scale);
  if (panels.hasOffsets)
    put(packed, at + (width + place) * 4, offset);
  at += static_cast<size_t>(panels.numbersAt());
  constexpr size_t together = library::nibblesInOne;
  for (size_t k = 0; k < nibbleBlock; k += together) {
    uint32_t word = 0;
    for (size_t i = 0; i < together; ++i)
      word |= (static_cast<uint32_t>(block.numbers[k + i] - offset) & 15)
              << (4 * i);
    put(packed, at + (k / together * width + place) * 4, word);
  }
}

Bytes packNibbles(const Matrix &weights, const Constant *bias, size_t width) {
  NibblePanels panels{static_cast<int64_t>(width),
                      static_cast<int64_t>(weights.inner), false};
  eachBlock(weights, [&](const Block &block, size_t, size_t) {
    panels.hasOffsets = panels.hasOffsets || needsOffset(block);
  });
  auto panelBytes = static_cast<size_t>(panels.panelBytes());
  Bytes packed = zeros(panels.headBytes +
                       (weights.columns + width - 1) / width * panelBytes);
  packed[0] = panels.hasOffsets;
  auto panelAt = [&](size_t column) {
    return panels.headBytes + column / width * panelBytes;
  };
  for (size_t column = 0; column < weights.columns; ++column)
    put(packed, panelAt(column) + column % width * 4, biasAt(bias, column));
  eachBlock(weights, [&](const Block &block, size_t column, size_t k) {
    size_t at = panelAt(column) + width * 4 +
                k / nibbleBlock * static_cast<size_t>(panels.blockBytes());
    putBlock(packed, at, column % width, panels, block);
  });
  return packed;
}

bool isOneRow(const Graph &graph, const Node &node) {
  std::vector<int64_t> y = graph.values[node.outputs[0]].type.sizes();
  return std::all_of(y.begin(), y.end() - 1,
                     [](int64_t size) { return size == 1; });
}

int32_t integerAt(const Constant &constant, size_t i) {
  switch (constant.dtype) {
  case DType::I8:
    return static_cast<int8_t>(constant.data[i]);
  case DType::U8:
    return constant.data[i];
  default:
    int32_t x;
    std::memcpy(&x, constant.data.data() + i * sizeof x, sizeof x);
    return x;
  }
}

Bytes packBytes(const Graph &graph, const Node &node, size_t width) {
  Matrix weights(graph, node);
  const Constant &elements = *constantOf(graph, node, 1);
  const Constant *bias = constantOf(graph, node, 2),
                 *zeroPoints = constantOf(graph, node, 4);
  // as if they had been signed
  int32_t shift = elements.dtype == DType::U8 ? 128 : 0;
  library::BytePanels panels{static_cast<int64_t>(width),
                             static_cast<int64_t>(weights.inner)};
  auto panelBytes = static_cast<size_t>(panels.panelBytes());
  Bytes packed = zeros((weights.columns + width - 1) / width * panelBytes);
  for (size_t column = 0; column < weights.columns; ++column) {
    size_t panel = column / width * panelBytes, place = column % width;
    int32_t zero =
        zeroPoints
            ? integerAt(*zeroPoints, zeroPoints->data.size() > 1 ? column : 0)
            : 0;
    put(packed, panel + place * 4, bias ? integerAt(*bias, column) : 0);
    put(packed, panel + (width + place) * 4, zero - shift);
    for (size_t k = 0; k < weights.inner; ++k)
      put(packed, panel + width * 8 + (k / 2 * width + place) * 2 + k % 2,
          static_cast<int8_t>(integerAt(elements, weights.index(k, column)) -
                              shift));
  }
  return packed;
}

} // namespace

Anchor narrowRow(const Graph &graph, const Node &node) {
  Matrix weights(graph, node);
  if (!isOneRow(graph, node) || weights.count() < leastWeights)
    return Anchor::None;
  if (eachBlock(weights, [](const Block &, size_t, size_t) {}))
    return Anchor::RowI4;
  if (fits(weights, library::toBF16, library::fromBF16))
    return Anchor::RowBF16;
  return fits(weights, library::toF16, library::fromF16) ? Anchor::RowF16
                                                         : Anchor::None;
}

bool isByteRow(const Graph &graph, const Node &node) {
  auto isByte = [](DType dtype) {
    return dtype == DType::I8 || dtype == DType::U8;
  };
  const Constant *weights = constantOf(graph, node, 1);
  return weights && isByte(weights->dtype) && weights->sizes.size() >= 2 &&
         isByte(graph.values[node.inputs[0]].type.dtype) &&
         node.text("accumulator") == "i32" &&
         (!isGiven(node, 4) || constantOf(graph, node, 4)) &&
         isOneRow(graph, node) && weights->data.size() >= leastWeights;
}

Bytes packNarrowRow(const Graph &graph, const Node &node, Anchor kind,
                    size_t width) {
  if (kind == Anchor::RowI8)
    return packBytes(graph, node, width);
  Matrix weights(graph, node);
  const Constant *bias = constantOf(graph, node, 2);
  if (kind == Anchor::RowI4)
    return packNibbles(weights, bias, width);
  return packHalves(weights, bias,
                    kind == Anchor::RowF16 ? library::toF16 : library::toBF16,
                    width);
}

int64_t narrowRowScratch(Anchor kind, int64_t inner) {
  return kind == Anchor::RowI4   ? NibblePanels{0, inner, false}.scratchBytes()
         : kind == Anchor::RowI8 ? library::BytePanels{0, inner}.scratchBytes()
                                 : 0;
}

} // namespace rune::compile
