// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What does nothing goes: copies, casts to the same type, transposes and
// reshapes that meet, sums with 0, products with 1, cuts and paddings of
// nothing; and what is computed twice is computed once.
#include "compile/passes/editor.h"
#include "compile/passes/pipeline.h"

#include "graph/ops.h"
#include "graph/text.h"

#include <algorithm>
#include <numeric>

namespace rune::compile {

namespace {

using graph::Constant;
using graph::Node;
using graph::noValue;
using graph::Op;
using graph::ValueId;
using Integers = std::vector<int64_t>;

class Simplifier {
public:
  explicit Simplifier(graph::Graph graph) : editor_(std::move(graph)) {}

  graph::Graph run() {
    shareConstants();
    for (Node &node : editor_.graph().nodes) {
      editor_.settle(node);
      if (!node.bodies.empty() || node.outputs.size() != 1)
        continue;
      rewrite(node);
      if (node.op != Op::Random && node.op != Op::Identity)
        shareNode(node);
    }
    return std::move(editor_).finish();
  }

private:
  /// Small constants with the same elements are one, so that nodes that use
  /// them are the same.
  void shareConstants() {
    constexpr size_t small = 256;
    graph::Graph &graph = editor_.graph();
    std::map<std::string, ValueId> firstValue;
    std::vector<ValueId> to(graph.values.size());
    std::iota(to.begin(), to.end(), 0);
    for (ValueId id = 0; id < graph.values.size(); ++id) {
      const Constant *constant = editor_.constantOf(id);
      if (!constant || constant->data.size() > small)
        continue;
      std::string key = constant->view().type().str();
      key.append(reinterpret_cast<const char *>(constant->data.data()),
                 constant->data.size());
      to[id] = firstValue.emplace(std::move(key), id).first->second;
    }
    for (Node &node : graph.nodes) {
      std::vector<ValueId> inputs = node.inputs;
      for (ValueId &id : inputs)
        if (id != noValue)
          id = to[id];
      if (inputs != node.inputs)
        editor_.setInputs(node, std::move(inputs));
    }
  }

  void shareNode(Node &node) {
    std::string key = fmt::format("{}({})", static_cast<int>(node.op),
                                  fmt::join(node.inputs, ","));
    for (const graph::Attribute &attribute : node.attributes)
      key += fmt::format(";{}={}", attribute.name,
                         graph::renderText(attribute.value));
    auto [place, isNew] = made_.emplace(std::move(key), node.outputs[0]);
    if (!isNew)
      editor_.forward(node, place->second);
  }

  const graph::ValueType &typeOf(ValueId id) const {
    return editor_.value(id).type;
  }
  bool isStatic(ValueId id) const {
    return typeOf(id).isTensor() && typeOf(id).isStatic();
  }
  /// x and the result have one type, and it is known.
  bool isSameType(const Node &node, size_t input = 0) const {
    return isStatic(node.outputs[0]) &&
           typeOf(node.inputs[input]) == typeOf(node.outputs[0]);
  }

  void rewrite(Node &node) {
    switch (node.op) {
    case Op::Identity:
      return editor_.forward(node, node.inputs[0]);
    case Op::Cast:
    case Op::Expand:
    case Op::Split: // into one part
      return forwardIf(node, true);
    case Op::Concat:
      return forwardIf(node, node.inputs.size() == 1);
    case Op::Tile:
      return forwardIf(node, !hasNoElements(node.outputs[0]));
    case Op::Reshape:
    case Op::Flatten:
    case Op::Squeeze:
    case Op::Unsqueeze:
      return reshape(node);
    case Op::Transpose:
      return transpose(node);
    case Op::Pad:
      return forwardIf(node, isAll(node.inputs[1], 0));
    case Op::Slice:
      return forwardIf(node, node.inputs.size() < 5 ||
                                 node.inputs[4] == noValue ||
                                 isAll(node.inputs[4], 1));
    case Op::Add:
      return neutral(node, 0, true);
    case Op::Sub:
      return neutral(node, 0, false);
    case Op::Mul:
      return neutral(node, 1, true);
    case Op::Div:
    case Op::Pow:
      return neutral(node, 1, false);
    case Op::Relu:
      return forwardIf(node, editor_.madeBy(node.inputs[0], {Op::Relu}));
    default:
      return;
    }
  }

  void forwardIf(Node &node, bool does) {
    if (does && isSameType(node))
      editor_.forward(node, node.inputs[0]);
  }

  bool hasNoElements(ValueId id) const {
    return std::ranges::count(typeOf(id).dims, Dim(0)) > 0;
  }

  std::optional<Integers> integers(ValueId id) const {
    const Constant *constant = editor_.constantOf(id);
    if (!constant || constant->dtype != DType::I64)
      return std::nullopt;
    Integers numbers(constant->data.size() / sizeof(int64_t));
    if (!numbers.empty())
      std::memcpy(numbers.data(), constant->data.data(),
                  numbers.size() * sizeof(int64_t));
    return numbers;
  }
  bool isAll(ValueId id, int64_t number) const {
    auto numbers = integers(id);
    return numbers && std::ranges::all_of(
                          *numbers, [&](int64_t n) { return n == number; });
  }

  void neutral(Node &node, double number, bool eitherSide) {
    for (size_t side : {1, 0}) {
      if (side == 0 && !eitherSide)
        return;
      if (editor_.isNumber(node.inputs[side], number) &&
          isSameType(node, 1 - side)) {
        editor_.forward(node, node.inputs[1 - side]);
        return;
      }
    }
  }

  ValueId shapeOf(ValueId id) {
    Integers sizes = typeOf(id).sizes();
    auto tensor =
        Tensor::zeros(DType::I64, {static_cast<int64_t>(sizes.size())});
    RUNE_CHECK(tensor, "a small tensor");
    std::ranges::copy(sizes, tensor->as<int64_t>().begin());
    return editor_.addConstant("shape", *std::move(tensor));
  }

  void becomeReshape(Node &node, ValueId x) {
    editor_.become(node, Op::Reshape, {x, shapeOf(node.outputs[0])},
                   {{"allow_zero", int64_t{1}}});
  }

  void reshape(Node &node) {
    if (!isStatic(node.inputs[0]) || !isStatic(node.outputs[0]))
      return;
    if (isSameType(node))
      return editor_.forward(node, node.inputs[0]);
    const Node *inner = editor_.madeBy(
        node.inputs[0], {Op::Reshape, Op::Flatten, Op::Squeeze, Op::Unsqueeze});
    ValueId x = inner ? inner->inputs[0] : node.inputs[0];
    if (inner && typeOf(x) == typeOf(node.outputs[0]))
      return editor_.forward(node, x);
    if (inner || node.op != Op::Reshape ||
        integers(node.inputs[1]) != typeOf(node.outputs[0]).sizes())
      becomeReshape(node, x);
  }

  void transpose(Node &node) {
    Integers permutation = node.integers("permutation");
    ValueId x = node.inputs[0];
    if (const Node *inner = editor_.madeBy(x, {Op::Transpose})) {
      const Integers &first = inner->integers("permutation");
      for (int64_t &axis : permutation)
        axis = first[static_cast<size_t>(axis)];
      x = inner->inputs[0];
      editor_.become(node, Op::Transpose, {x}, {{"permutation", permutation}});
    }
    if (std::ranges::is_sorted(permutation) && isSameType(node))
      return editor_.forward(node, x);
    if (!isStatic(x) || !isStatic(node.outputs[0]))
      return;
    std::erase_if(permutation, [&](int64_t axis) {
      return typeOf(x).dims[static_cast<size_t>(axis)] == Dim(1);
    });
    if (std::ranges::is_sorted(permutation))
      becomeReshape(node, x);
  }

  Editor editor_;
  std::map<std::string, ValueId> made_;
};

} // namespace

Result<graph::Graph> simplify(graph::Graph graph) {
  return Simplifier(std::move(graph)).run();
}

} // namespace rune::compile
