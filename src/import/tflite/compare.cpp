// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  TensorFlow Lite: EQUAL NOT_EQUAL LESS LESS_EQUAL GREATER
//         GREATER_EQUAL LOGICAL_AND LOGICAL_OR LOGICAL_NOT SELECT_V2
#include "import/tflite/node.h"
#include "import/tflite/sizes.h"

namespace rune::import {
namespace {

struct Operands {
  ValueId a;
  ValueId b;
};

/// Quantised numbers compare as they are where both have one scale.
Result<Operands> operandsOf(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  Operands operands{RUNE_TRY(node.input(0, "a")), RUNE_TRY(node.input(1, "b"))};
  if (node.inputIsQuantized(0) && node.inputIsQuantized(1) &&
      !isFloat(node.dtype(operands.a)) &&
      RUNE_TRY(node.inputQuantization(0)) !=
          RUNE_TRY(node.inputQuantization(1)))
    return node.unsupported("quantised numbers of different scales");
  return operands;
}

Imported inOrder(TfliteNode &node, Op op) {
  Operands operands = RUNE_TRY(operandsOf(node));
  return std::vector{RUNE_TRY(node.one(op, {operands.a, operands.b}))};
}
Imported exchanged(TfliteNode &node, Op op) {
  Operands operands = RUNE_TRY(operandsOf(node));
  return std::vector{RUNE_TRY(node.one(op, {operands.b, operands.a}))};
}

} // namespace

Imported importTfliteEqual(TfliteNode &node) {
  return inOrder(node, Op::Equal);
}
Imported importTfliteNotEqual(TfliteNode &node) {
  Operands operands = RUNE_TRY(operandsOf(node));
  ValueId equal =
      RUNE_TRY(node.one(Op::Equal, {operands.a, operands.b}, {}, "equal"));
  return std::vector{RUNE_TRY(node.one(Op::LogicalNot, {equal}))};
}
Imported importTfliteLess(TfliteNode &node) { return inOrder(node, Op::Less); }
Imported importTfliteLessEqual(TfliteNode &node) {
  return inOrder(node, Op::LessEqual);
}
Imported importTfliteGreater(TfliteNode &node) {
  return exchanged(node, Op::Less);
}
Imported importTfliteGreaterEqual(TfliteNode &node) {
  return exchanged(node, Op::LessEqual);
}
Imported importTfliteLogicalAnd(TfliteNode &node) {
  return inOrder(node, Op::LogicalAnd);
}
Imported importTfliteLogicalOr(TfliteNode &node) {
  return inOrder(node, Op::LogicalOr);
}
Imported importTfliteLogicalNot(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  return std::vector{
      RUNE_TRY(node.one(Op::LogicalNot, {RUNE_TRY(node.input(0, "input"))}))};
}

/// inputs  condition of the sizes of a and b, or one for each index of their
/// first
///         dimension
Imported importTfliteSelect(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(3, 3));
  ValueId condition = RUNE_TRY(node.input(0, "condition"));
  ValueId a = RUNE_TRY(node.input(1, "a")), b = RUNE_TRY(node.input(2, "b"));
  if (node.rank(condition) == 1 && node.rank(a) > 1) {
    Dims sizes(static_cast<size_t>(node.rank(a)), Dim(1));
    sizes[0] = node.dims(condition)[0];
    condition = RUNE_TRY(withSizes(node, condition, sizes, "rows"));
  }
  return std::vector{RUNE_TRY(node.one(Op::Where, {condition, a, b}))};
}

/// inputs  condition, a, b
/// result  a where the condition holds, else b
Imported importTfliteSelectV2(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(3, 3));
  return std::vector{
      RUNE_TRY(node.one(Op::Where, {RUNE_TRY(node.input(0, "condition")),
                                    RUNE_TRY(node.input(1, "a")),
                                    RUNE_TRY(node.input(2, "b"))}))};
}

} // namespace rune::import
