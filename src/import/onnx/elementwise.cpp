// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/elementwise.h"

namespace rune::import {
namespace {

bool mayEqual(const Dim &a, const Dim &b) {
  return !a.isFixed() || !b.isFixed() || a == b;
}

/// B with ones behind, so that its first dimension meets A's at `axis`; numpy
/// aligns at the last.
Result<ValueId> alignedAt(OnnxNode &node, ValueId a, ValueId b, int64_t axis) {
  int64_t behind = node.rank(a) - axis - node.rank(b);
  if (behind < 0)
    return node.fail("`B` (`{}`) at axis {} leaves `A` (`{}`)",
                     node.type(b).str(), axis, node.type(a).str());
  if (behind == 0)
    return b;
  // A 0 copies the dimension, known or not.
  Integers shape(static_cast<size_t>(node.rank(b)), 0);
  shape.resize(shape.size() + static_cast<size_t>(behind), 1);
  ValueId target = node.constantIntegers("b/shape", shape);
  return node.one(Op::Reshape, {b, target}, {}, "b");
}

Result<> checkWithin(const OnnxNode &node, ValueId a, ValueId b,
                     bool broadcast) {
  const Dims &outer = node.type(a).dims, &inner = node.type(b).dims;
  bool fits =
      broadcast ? inner.size() <= outer.size() : inner.size() == outer.size();
  for (size_t i = 0; fits && i < inner.size(); ++i) {
    const Dim &dim = inner[inner.size() - 1 - i];
    fits = mayEqual(dim, outer[outer.size() - 1 - i]) ||
           (broadcast && dim == Dim(1));
  }
  if (!fits)
    return node.fail("`A` is `{}` and `B` is `{}`{}", node.type(a).str(),
                     node.type(b).str(),
                     broadcast ? ", which does not lie within `A`"
                               : ": shapes that differ need `broadcast`");
  return {};
}

} // namespace

Result<ElementwiseOperands> elementwiseOperands(OnnxNode &node) {
  ValueId a = RUNE_TRY(node.input(0, "A"));
  ValueId b = RUNE_TRY(node.input(1, "B"));
  if (node.opset() < 7) {
    if (node.opset() < 6)
      node.ignore("consumed_inputs");
    bool broadcast = RUNE_TRY(node.flag("broadcast", false));
    auto axis = RUNE_TRY(node.integer("axis"));
    if (broadcast && axis) {
      int64_t from =
          RUNE_TRY(node.axis(*axis, node.rank(a), node.rank(a) + 1, true));
      b = RUNE_TRY(alignedAt(node, a, b, from));
    }
    RUNE_TRY(checkWithin(node, a, b, broadcast));
  }
  return ElementwiseOperands{a, b};
}

Imported importElementwise(OnnxNode &node, Op op) {
  auto [a, b] = RUNE_TRY(elementwiseOperands(node));
  return std::vector{RUNE_TRY(node.one(op, {a, b}))};
}

} // namespace rune::import
