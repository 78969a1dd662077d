// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A convolution that follows a padding with zeros (of integers: with the zero
// point) pads by itself: one copy of the picture less. Paddings that crop, that
// pad batch or channels, or with something else stay.
#include "compile/passes/editor.h"
#include "compile/passes/pipeline.h"

#include "graph/ops.h"

#include <algorithm>

namespace rune::compile {

namespace {

using graph::Constant;
using graph::Node;
using graph::noValue;
using graph::Op;
using graph::ValueId;
using Integers = std::vector<int64_t>;

class Folding {
public:
  explicit Folding(graph::Graph graph) : editor_(std::move(graph)) {}

  graph::Graph run() {
    for (Node &node : editor_.graph().nodes) {
      editor_.settle(node);
      if (node.op == Op::Conv || node.op == Op::ConvInteger)
        fold(node);
    }
    return std::move(editor_).finish();
  }

private:
  void fold(Node &node) {
    const Node *pad = editor_.madeBy(node.inputs[0], {Op::Pad});
    if (!pad || pad->text("mode") != "constant" ||
        !isFilledBy(*pad, node.op == Op::Conv ? noValue : inputOf(node, 3)))
      return;
    auto more = spatialPads(*pad, node.text("layout") == "NCX");
    if (!more)
      return;
    auto attributes = node.attributes;
    auto &pads = std::get<Integers>(
        std::ranges::find(attributes, "pads", &graph::Attribute::name)->value);
    for (size_t i = 0; i < pads.size(); ++i)
      if ((pads[i] += (*more)[i]) > INT32_MAX)
        return;
    std::vector<ValueId> inputs = node.inputs;
    inputs[0] = pad->inputs[0];
    editor_.become(node, node.op, std::move(inputs), std::move(attributes));
  }

  static ValueId inputOf(const Node &node, size_t input) {
    return input < node.inputs.size() ? node.inputs[input] : noValue;
  }

  static bool isZero(const Constant &constant) {
    return std::ranges::all_of(constant.data, [](uint8_t b) { return b == 0; });
  }

  /// True if the padding is of the element `wanted`, 0 without one.
  bool isFilledBy(const Node &pad, ValueId wanted) const {
    const Constant *value = editor_.constantOf(inputOf(pad, 2));
    const Constant *zero = editor_.constantOf(wanted);
    if ((inputOf(pad, 2) != noValue && !value) || (wanted != noValue && !zero))
      return false;
    if (!value || !zero)
      return (!value || isZero(*value)) && (!zero || isZero(*zero));
    return std::ranges::equal(value->data, zero->data);
  }

  std::optional<Integers> integers(ValueId id) const {
    const Constant *constant = editor_.constantOf(id);
    if (!constant || constant->dtype != DType::I64)
      return std::nullopt;
    Integers numbers(constant->data.size() / sizeof(int64_t));
    if (!numbers.empty())
      std::memcpy(numbers.data(), constant->data.data(), constant->data.size());
    return numbers;
  }

  /// Begins, then ends, of the spatial dimensions, if it pads no others.
  std::optional<Integers> spatialPads(const Node &pad, bool channelsFirst) {
    auto rank =
        static_cast<int64_t>(editor_.value(pad.inputs[0]).type.dims.size());
    auto pads = integers(pad.inputs[1]), axes = integers(inputOf(pad, 3));
    if (!pads || (inputOf(pad, 3) != noValue && !axes) || rank < 3)
      return std::nullopt;
    size_t count = pads->size() / 2;
    auto spatial = static_cast<size_t>(rank - 2);
    Integers result(2 * spatial);
    for (size_t i = 0; i < pads->size(); ++i) {
      int64_t axis =
          axes ? (*axes)[i % count] : static_cast<int64_t>(i % count);
      axis += axis < 0 ? rank : 0;
      int64_t at = axis - (channelsFirst ? 2 : 1);
      bool isSpatial = at >= 0 && at < static_cast<int64_t>(spatial);
      if ((*pads)[i] < 0 || (*pads)[i] > INT32_MAX ||
          (!isSpatial && (*pads)[i] != 0))
        return std::nullopt;
      if (isSpatial)
        result[(i < count ? 0 : spatial) + static_cast<size_t>(at)] =
            (*pads)[i];
    }
    return result;
  }

  Editor editor_;
};

} // namespace

Result<graph::Graph> foldPads(graph::Graph graph) {
  return Folding(std::move(graph)).run();
}

} // namespace rune::compile
