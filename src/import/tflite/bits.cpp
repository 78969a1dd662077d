// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  TensorFlow Lite, BITWISE_XOR, RIGHT_SHIFT, BITCAST
#include "import/tflite/node.h"

namespace rune::import {
namespace {

struct Operands {
  ValueId a;
  ValueId b;
};

Result<Operands> integersOf(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  Operands operands{RUNE_TRY(node.input(0, "a")), RUNE_TRY(node.input(1, "b"))};
  if (!isInteger(node.dtype(operands.a)) ||
      node.dtype(operands.a) != node.dtype(operands.b))
    return node.unsupported("{} by {}", dtypeName(node.dtype(operands.a)),
                            dtypeName(node.dtype(operands.b)));
  return operands;
}

} // namespace

Imported importTfliteBitwiseXor(TfliteNode &node) {
  auto [a, b] = RUNE_TRY(integersOf(node));
  return std::vector{RUNE_TRY(node.one(Op::BitwiseXor, {a, b}))};
}

/// result  a moved by b bits, of which there are 0 to one less than a has; the
///         sign comes in at the top
Imported importTfliteRightShift(TfliteNode &node) {
  auto [a, b] = RUNE_TRY(integersOf(node));
  DType dtype = node.dtype(a);
  ValueId least = RUNE_TRY(node.scalar("least", dtype, 0));
  ValueId most = RUNE_TRY(
      node.scalar("most", dtype, static_cast<double>(dtypeBits(dtype) - 1)));
  b = RUNE_TRY(node.one(Op::Maximum, {b, least}, {}, "above"));
  b = RUNE_TRY(node.one(Op::Minimum, {b, most}, {}, "amount"));
  return std::vector{
      RUNE_TRY(node.one(Op::BitShift, {a, b}, {{"direction", "right"}}))};
}

/// result  the same bits as the type that the output states
Imported importTfliteBitcast(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  DType to = RUNE_TRY(node.statedOutput()).dtype;
  if (dtypeBits(to) != dtypeBits(node.dtype(x)))
    return node.unsupported("{} as {}, of another width",
                            dtypeName(node.dtype(x)), dtypeName(to));
  return std::vector{RUNE_TRY(
      node.one(Op::BitCast, {x}, {{"dtype", std::string(dtypeName(to))}}))};
}

} // namespace rune::import
