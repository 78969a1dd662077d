// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/prepack.h"

#include "compile/library/fast/blocking.h"
#include "compile/operands.h"
#include "compile/recurrent.h"
#include "compile/weight_memory.h"
#include "compile/window_table.h"
#include "graph/ops.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace rune::compile {

namespace {

/// Of a worker, for a copy of some rows of a picture.
constexpr int64_t mostBandBytes = 1 << 20;

using graph::Constant;
using graph::Graph;
using graph::Node;
using graph::Op;

template <class T> T elementAt(const Constant &constant, size_t i) {
  T x;
  std::memcpy(&x, constant.data.data() + i * sizeof x, sizeof x);
  return x;
}
int32_t integerAt(const Constant &constant, size_t i) {
  switch (constant.dtype) {
  case DType::I8:
    return elementAt<int8_t>(constant, i);
  case DType::U8:
    return elementAt<uint8_t>(constant, i);
  case DType::I16:
    return elementAt<int16_t>(constant, i);
  default:
    return elementAt<int32_t>(constant, i);
  }
}

/// What padding meets must leave the sum as it is, which a NaN or an infinity
/// times 0 would not.
bool isFinite(const Constant &constant) {
  size_t count = constant.data.size() / sizeof(float);
  for (size_t i = 0; i < count; ++i)
    if (!std::isfinite(elementAt<float>(constant, i)))
      return false;
  return true;
}

bool isFloatPackable(const Graph &graph, const Node &node) {
  const Constant *weights = constantOf(graph, node.inputs[1]);
  return weights && weights->dtype == DType::F32 &&
         graph.values[node.inputs[0]].type.dtype == DType::F32 &&
         node.text("accumulator") == "f32" && !weights->data.empty() &&
         isFinite(*weights);
}

bool isIntegerPackable(const Graph &graph, const Node &node) {
  const Constant *weights = constantOf(graph, node.inputs[1]);
  DType x = graph.values[node.inputs[0]].type.dtype;
  if (!weights || weights->data.empty() || node.text("accumulator") != "i32" ||
      (weights->dtype != DType::I8 && weights->dtype != DType::U8))
    return false;
  for (size_t zero : {3, 4})
    if (isGiven(node, zero) && !constantOf(graph, node, zero))
      return false;
  const Constant *zero = constantOf(graph, node, 3);
  return x == DType::I8 || x == DType::U8 ||
         (x == DType::I16 && (!zero || integerAt(*zero, 0) == 0));
}

bool isChannelsLast(const Node &node) { return node.text("layout") == "NXC"; }

/// One input and one output channel in each group.
bool isDepthwise(const Graph &graph, const Node &node) {
  const std::vector<int64_t> &weights =
      constantOf(graph, node.inputs[1])->sizes;
  return weights[1] == 1 && weights[0] > 1 &&
         node.integer("groups") == weights[0];
}

/// A picture of 8 bits that may be copied in bands.
bool hasBands(const Graph &graph, const Node &node) {
  DType x = graph.values[node.inputs[0]].type.dtype;
  std::vector<int64_t> sizes = sizesOf(graph, node, 1),
                       y = graph.values[node.outputs[0]].type.sizes();
  auto isUsual = [](int64_t size) { return size > 0 && size <= 1 << 15; };
  auto isPad = [](int64_t pad) { return pad >= 0 && pad <= 1 << 15; };
  return (x == DType::I8 || x == DType::U8) && sizes.size() == 4 &&
         isUsual(sizes[2]) && isUsual(sizes[3]) &&
         sizes[2] * sizes[3] <= library::mostBandTaps && isUsual(y[1]) &&
         isUsual(y[2]) && std::ranges::all_of(node.integers("pads"), isPad) &&
         std::ranges::all_of(node.integers("strides"), isUsual) &&
         std::ranges::all_of(node.integers("dilations"), isUsual) &&
         windowShapeOf(graph, node).scratchBytes() <= mostBandBytes;
}

/// Few channels, so that pairs of them leave holes that pairs of a window's row
/// do not.
bool isThin(const Graph &graph, const Node &node) {
  const std::vector<int64_t> &sizes = constantOf(graph, node.inputs[1])->sizes;
  if (node.integer("groups") != 1 || sizes[1] % 2 == 0 || sizes[1] > 16 ||
      sizes.size() != 4 || node.integers("dilations")[1] != 1)
    return false;
  int64_t apart = sizes[3] * ((sizes[1] + 1) / 2),
          together = (sizes[3] * sizes[1] + 1) / 2;
  return 8 * together <= 7 * apart && hasBands(graph, node);
}

Anchor integerConv(const Graph &graph, const Node &node) {
  if (isThin(graph, node))
    return Anchor::ThinInteger;
  if (!isDepthwise(graph, node) ||
      graph.values[node.inputs[0]].type.dtype == DType::I16)
    return Anchor::ConvInteger;
  return hasBands(graph, node) ? Anchor::DepthwiseBands
                               : Anchor::DepthwiseInteger;
}

/// One matrix for all, and rows that lie as they are.
bool isPlainProduct(const Graph &graph, const Node &node) {
  const std::vector<int64_t> &sizes = constantOf(graph, node.inputs[1])->sizes;
  return node.integer("transpose_a") == 0 && sizes.size() >= 2 &&
         graph.values[node.inputs[0]].type.dims.size() >= sizes.size() &&
         std::all_of(sizes.begin(), sizes.end() - 2,
                     [](int64_t size) { return size == 1; });
}

/// Elements of 32 bits in rows and columns.
class Panel {
public:
  Panel(uint8_t *base, size_t width) : base_(base), width_(width) {}
  void put(size_t row, size_t column, uint32_t bits) const {
    std::memcpy(base_ + (row * width_ + column) * sizeof bits, &bits,
                sizeof bits);
  }
  void putHalf(size_t row, size_t column, size_t half, int16_t x) const {
    std::memcpy(base_ + (row * width_ + column) * 4 + half * 2, &x, sizeof x);
  }

private:
  uint8_t *base_;
  size_t width_;
};

/// How elements get into a panel: as they are, or two in one.
class Weights {
public:
  Weights(const Constant &weights, const Constant *bias,
          const Constant *zeros = nullptr)
      : weights_(weights), bias_(bias), zeros_(zeros),
        isFloat_(weights.dtype == DType::F32) {}
  static Weights of(const Graph &graph, const Node &node) {
    const Constant &weights = *constantOf(graph, node.inputs[1]);
    return {weights, packedBias(graph, node),
            weights.dtype == DType::F32 ? nullptr : constantOf(graph, node, 4)};
  }
  const std::vector<int64_t> &sizes() const { return weights_.sizes; }
  size_t count() const {
    return weights_.data.size() / dtypeBytes(weights_.dtype);
  }
  /// Rows of a panel, after the bias, for so many elements.
  size_t rows(size_t elements) const {
    return isFloat_ ? elements : (elements + 1) / 2;
  }

  void putBias(const Panel &panel, size_t column, size_t output) const {
    if (bias_)
      panel.put(0, column, elementAt<uint32_t>(*bias_, output));
  }
  /// Element `at` of the weights, of that output channel, as number k of the
  /// sums of a column; `row` is where its tap begins.
  void put(const Panel &panel, size_t row, size_t k, size_t column,
           size_t output, size_t at) const {
    if (isFloat_)
      panel.put(1 + row + k, column,
                std::bit_cast<uint32_t>(elementAt<float>(weights_, at)));
    else
      panel.putHalf(1 + row + k / 2, column, k % 2, widened(output, at));
  }
  int16_t widened(size_t output, size_t at) const {
    int32_t zero =
        zeros_ ? integerAt(*zeros_, zeros_->data.size() > 1 ? output : 0) : 0;
    return static_cast<int16_t>(integerAt(weights_, at) - zero);
  }
  bool isFloat() const { return isFloat_; }

private:
  const Constant &weights_;
  const Constant *bias_;
  const Constant *zeros_;
  bool isFloat_;
};

Bytes zeros(size_t bytes) {
  Bytes all = roomForWeights(bytes);
  all.resize(bytes);
  return all;
}

Bytes packConv(const Weights &weights, size_t groups, size_t width) {
  auto outputs = static_cast<size_t>(weights.sizes()[0]) / groups,
       channels = static_cast<size_t>(weights.sizes()[1]);
  size_t taps = weights.count() / (outputs * groups * channels);
  size_t rows = weights.rows(channels);
  size_t panelBytes = (1 + taps * rows) * width * 4;
  size_t panels = (outputs + width - 1) / width;
  Bytes packed = zeros(groups * panels * panelBytes);
  size_t at = 0;
  for (size_t output = 0; output < groups * outputs; ++output) {
    size_t o = output % outputs;
    Panel panel(packed.data() +
                    (output / outputs * panels + o / width) * panelBytes,
                width);
    weights.putBias(panel, o % width, output);
    for (size_t c = 0; c < channels; ++c)
      for (size_t t = 0; t < taps; ++t)
        weights.put(panel, t * rows, c, o % width, output, at++);
  }
  return packed;
}

Bytes packMatMul(const Weights &weights, bool transposed, size_t width) {
  auto first = static_cast<size_t>(weights.sizes().end()[-2]),
       second = static_cast<size_t>(weights.sizes().back());
  size_t columns = transposed ? first : second,
         inner = transposed ? second : first;
  size_t panelBytes = (1 + weights.rows(inner)) * width * 4;
  Bytes packed = zeros((columns + width - 1) / width * panelBytes);
  for (size_t column = 0; column < columns; ++column) {
    Panel panel(packed.data() + column / width * panelBytes, width);
    weights.putBias(panel, column % width, column);
    for (size_t k = 0; k < inner; ++k)
      weights.put(panel, 0, k, column % width, column,
                  transposed ? column * inner + k : k * columns + column);
  }
  return packed;
}

/// Rows of a window as the picture has them: places, then channels.
Bytes packThin(const Weights &weights, size_t width) {
  auto outputs = static_cast<size_t>(weights.sizes()[0]),
       channels = static_cast<size_t>(weights.sizes()[1]),
       lines = static_cast<size_t>(weights.sizes()[2]),
       places = static_cast<size_t>(weights.sizes()[3]);
  size_t rows = weights.rows(places * channels);
  size_t panelBytes = (1 + lines * rows) * width * 4;
  Bytes packed((outputs + width - 1) / width * panelBytes);
  size_t at = 0;
  for (size_t output = 0; output < outputs; ++output) {
    Panel panel(packed.data() + output / width * panelBytes, width);
    weights.putBias(panel, output % width, output);
    for (size_t c = 0; c < channels; ++c)
      for (size_t line = 0; line < lines; ++line)
        for (size_t place = 0; place < places; ++place)
          weights.put(panel, line * rows, place * channels + c, output % width,
                      output, at++);
  }
  return packed;
}

/// The table of a convolution's windows, then the weights.
Bytes behindTable(const Graph &graph, const Node &node, int64_t pitch,
                  Bytes weights) {
  Bytes table = windowTable(graph, node, pitch);
  if (table.empty())
    return weights;
  Bytes packed = roomForWeights(table.size() + weights.size());
  packed.insert(packed.end(), table.begin(), table.end());
  packed.insert(packed.end(), weights.begin(), weights.end());
  return packed;
}

Bytes packDepthwise(const Weights &weights, int vectorBytes) {
  auto channels = static_cast<size_t>(weights.sizes()[0]);
  size_t taps = weights.count() / channels;
  Bytes packed;
  for (size_t c = 0; c < channels;) {
    auto left = static_cast<int64_t>(channels - c);
    auto block = static_cast<size_t>(
        weights.isFloat() ? library::depthwiseBlockF32(vectorBytes, left)
                          : library::depthwiseBlock(vectorBytes, left));
    size_t from = packed.size();
    packed.resize(from + (1 + weights.rows(taps)) * block * 4);
    Panel panel(packed.data() + from, block);
    for (size_t i = 0; i < block && c + i < channels; ++i) {
      weights.putBias(panel, i, c + i);
      size_t place =
          weights.isFloat()
              ? i
              : static_cast<size_t>(library::depthwisePlace(
                    static_cast<int64_t>(i), static_cast<int64_t>(block)));
      for (size_t t = 0; t < taps; ++t)
        weights.put(panel, 0, t, place, c + i, (c + i) * taps + t);
    }
    c += block;
  }
  return packed;
}

/// The same in panels that are all as wide.
Bytes packDepthwisePanels(const Weights &weights, size_t width) {
  auto channels = static_cast<size_t>(weights.sizes()[0]);
  size_t taps = weights.count() / channels, panelBytes = (1 + taps) * width * 4;
  Bytes packed((channels + width - 1) / width * panelBytes);
  for (size_t c = 0; c < channels; ++c) {
    Panel panel(packed.data() + c / width * panelBytes, width);
    weights.putBias(panel, c % width, c);
    for (size_t t = 0; t < taps; ++t)
      weights.put(panel, 0, t, c % width, c, c * taps + t);
  }
  return packed;
}

/// What is added to the sums of a recurrent layer: with what the inputs give,
/// and with what a step gives the next.
struct RecurrentBias {
  std::vector<float> first, back;

  RecurrentBias(const Graph &graph, const Node &node, size_t gates) {
    size_t hidden = static_cast<size_t>(constantOf(graph, node, 2)->sizes[1]);
    first.resize(gates * hidden);
    back.resize(gates * hidden);
    add(constantOf(graph, node, 3), 0, first);
    if (node.op == Op::Lstm)
      return;
    // behind the reset, what the state gives the hidden gate stands by itself
    bool apart = node.op == Op::Gru && node.integer("reset_after") != 0;
    size_t late = apart ? (gates - 1) * hidden : gates * hidden;
    add(constantOf(graph, node, 4), 0, first, late);
    add(constantOf(graph, node, 4), late, back);
  }

private:
  static void add(const Constant *bias, size_t from, std::vector<float> &to,
                  size_t end = SIZE_MAX) {
    for (size_t i = from; bias && i < std::min(end, to.size()); ++i)
      to[i] += elementAt<float>(*bias, i);
  }
};

/// Panels of the columns of gates [first, end) of `gates`.
Bytes packGates(const Constant &weights, const std::vector<float> &bias,
                size_t gates, size_t first, size_t end, size_t width) {
  auto of = [&](const Constant &all) {
    size_t each = all.data.size() / gates;
    Constant some = all;
    some.sizes[0] = all.sizes[0] / static_cast<int64_t>(gates) *
                    static_cast<int64_t>(end - first);
    some.data = all.data.subspan(first * each, (end - first) * each);
    return some;
  };
  Constant whole{DType::F32,
                 {static_cast<int64_t>(bias.size())},
                 {reinterpret_cast<const uint8_t *>(bias.data()),
                  bias.size() * sizeof(float)},
                 nullptr};
  Constant some = of(weights), own = of(whole);
  return packMatMul(Weights(some, &own), true, width);
}

/// What the inputs give, with the bias, then what a step gives the next; of
/// both the late gates in panels of their own.
Bytes packRecurrent(const Graph &graph, const Node &node, size_t width) {
  library::RecurrentShape shape = recurrentShape(graph, node, 16);
  auto first = static_cast<size_t>(shape.gates);
  size_t gates = first + static_cast<size_t>(shape.late);
  RecurrentBias bias(graph, node, gates);
  Bytes packed;
  auto append = [&](const Constant &weights, const std::vector<float> &with) {
    for (auto [from, to] : {std::pair(size_t{0}, first), {first, gates}}) {
      Bytes panels = from == to
                         ? Bytes()
                         : packGates(weights, with, gates, from, to, width);
      packed.insert(packed.end(), panels.begin(), panels.end());
    }
  };
  append(*constantOf(graph, node, 1), bias.first);
  append(*constantOf(graph, node, 2), bias.back);
  return packed;
}

} // namespace

library::WindowShape windowShapeOf(const Graph &graph, const Node &node) {
  std::vector<int64_t> weights = sizesOf(graph, node, 1),
                       y = graph.values[node.outputs[0]].type.sizes();
  const auto &strides = node.integers("strides"),
             &dilations = node.integers("dilations");
  library::WindowShape shape{y[1],         y[2],         weights[2],
                             weights[3],   strides[0],   strides[1],
                             dilations[0], dilations[1], weights[1]};
  return isDepthwise(graph, node) ? library::depthwiseShape(shape, weights[0])
                                  : shape;
}

bool isReadPacked(Anchor kind, size_t input) {
  if (kind == Anchor::Lstm)
    return input >= 1 && input <= 3;
  if (kind == Anchor::Gru || kind == Anchor::Rnn)
    return input >= 1 && input <= 4;
  return isPacked(kind) && (input == 1 || input == 2 || input == 4);
}

const Constant *packedBias(const Graph &graph, const Node &node) {
  return constantOf(graph, node, 2);
}

Anchor packableAs(const Graph &graph, const Node &node) {
  switch (node.op) {
  case Op::Conv:
    if (!isFloatPackable(graph, node) || !isChannelsLast(node))
      return Anchor::None;
    return isDepthwise(graph, node) ? Anchor::Depthwise : Anchor::Conv;
  case Op::MatMul:
    return isFloatPackable(graph, node) && isPlainProduct(graph, node)
               ? Anchor::MatMul
               : Anchor::None;
  case Op::ConvInteger:
    if (!isIntegerPackable(graph, node) || !isChannelsLast(node))
      return Anchor::None;
    return integerConv(graph, node);
  case Op::MatMulInteger:
    return isIntegerPackable(graph, node) && isPlainProduct(graph, node)
               ? Anchor::MatMulInteger
               : Anchor::None;
  case Op::Lstm:
    return isFastRecurrent(graph, node) ? Anchor::Lstm : Anchor::None;
  case Op::Gru:
    return isFastRecurrent(graph, node) ? Anchor::Gru : Anchor::None;
  case Op::Rnn:
    return isFastRecurrent(graph, node) ? Anchor::Rnn : Anchor::None;
  default:
    return Anchor::None;
  }
}

Bytes packWeights(const Graph &graph, const Group &group,
                  machine::Target target) {
  const Node &node = graph.nodes[group.anchor];
  auto width = static_cast<size_t>(tileColumns(group.kind, target));
  if (writesResults(group.kind))
    return packRecurrent(graph, node, width);
  if (group.kind == Anchor::DepthwisePanel)
    return packDepthwisePanels(Weights::of(graph, node), width);
  if (group.kind == Anchor::DepthwiseChain) {
    Bytes packed = packWeights(graph, group.feeder[0], target);
    Bytes own = packDepthwisePanels(Weights::of(graph, node), width);
    packed.insert(packed.end(), own.begin(), own.end());
    return packed;
  }
  Weights weights = Weights::of(graph, node);
  int64_t channels = graph.values[node.inputs[0]].type.sizes().back();
  switch (group.kind) {
  case Anchor::Conv:
  case Anchor::ConvInteger: {
    int64_t groups = node.integer("groups");
    int64_t pitch = weights.isFloat()
                        ? channels
                        : (channels / groups + 1) / 2 * groups; // pairs
    return behindTable(graph, node, pitch,
                       packConv(weights, static_cast<size_t>(groups), width));
  }
  case Anchor::ThinInteger:
    return packThin(weights, width);
  case Anchor::DepthwiseBands:
    return packDepthwise(weights, vectorBytes(target));
  case Anchor::Depthwise:
  case Anchor::DepthwiseInteger:
    return behindTable(graph, node, channels,
                       packDepthwise(weights, vectorBytes(target)));
  case Anchor::MatMul:
  case Anchor::MatMulInteger:
    return packMatMul(weights, node.integer("transpose_b") != 0, width);
  default:
    return {};
  }
}

} // namespace rune::compile
