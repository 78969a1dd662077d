// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators on two tensors, element by element, and on a list of them.
//
// source  ONNX operators, And-1, 7, BitShift-11, BitwiseAnd-18, BitwiseOr-18,
//         BitwiseXor-18, Equal-1, 7, 11, 13, 19, Greater-1, 7, 9, 13,
//         GreaterOrEqual-12, 16, Less-1, 7, 9, 13, LessOrEqual-12, 16, Max-1,
//         6, 8, 12, 13, Mean-1, 6, 8, 13, Min-1, 6, 8, 12, 13, Mod-10, 13,
//         Or-1, 7, Pow-1, 7, 12, 13, 15, Sum-1, 6, 8, 13, Where-9, 16, Xor-1, 7
#include "import/onnx/compose.h"
#include "import/onnx/elementwise.h"

namespace rune::import {

Imported importAnd(OnnxNode &node) {
  return importElementwise(node, Op::LogicalAnd);
}
Imported importOr(OnnxNode &node) {
  return importElementwise(node, Op::LogicalOr);
}
Imported importEqual(OnnxNode &node) {
  return importElementwise(node, Op::Equal);
}
Imported importLess(OnnxNode &node) {
  return importElementwise(node, Op::Less);
}
Imported importLessOrEqual(OnnxNode &node) {
  return importElementwise(node, Op::LessEqual);
}
Imported importBitwiseAnd(OnnxNode &node) {
  return importElementwise(node, Op::BitwiseAnd);
}
Imported importBitwiseOr(OnnxNode &node) {
  return importElementwise(node, Op::BitwiseOr);
}
Imported importBitwiseXor(OnnxNode &node) {
  return importElementwise(node, Op::BitwiseXor);
}

/// result  B < A
Imported importGreater(OnnxNode &node) {
  auto [a, b] = RUNE_TRY(elementwiseOperands(node));
  return std::vector{RUNE_TRY(node.one(Op::Less, {b, a}))};
}

/// result  B ≤ A
Imported importGreaterOrEqual(OnnxNode &node) {
  auto [a, b] = RUNE_TRY(elementwiseOperands(node));
  return std::vector{RUNE_TRY(node.one(Op::LessEqual, {b, a}))};
}

/// result  whether the two bools differ
Imported importXor(OnnxNode &node) {
  auto [a, b] = RUNE_TRY(elementwiseOperands(node));
  if (node.dtype(a) != DType::Bool)
    return node.fail("`A` is `{}`, needs bool", node.type(a).str());
  ValueId same = RUNE_TRY(node.one(Op::Equal, {a, b}, {}, "same"));
  return std::vector{RUNE_TRY(node.one(Op::LogicalNot, {same}))};
}

/// result  X shifted by Y bits
/// errors  a `direction` that is neither LEFT nor RIGHT
Imported importBitShift(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  ValueId amount = RUNE_TRY(node.input(1, "Y"));
  auto direction = RUNE_TRY(node.text("direction")).value_or("");
  if (direction != "LEFT" && direction != "RIGHT")
    return node.fail("`direction` is `{}`, needs LEFT or RIGHT", direction);
  return std::vector{RUNE_TRY(
      node.one(Op::BitShift, {x, amount},
               {{"direction", direction == "LEFT" ? "left" : "right"}}))};
}

/// result  what is left of A after whole multiples of B; with the sign of A
///         where `fmod` is 1, else of B
/// errors  floats without `fmod`
Imported importMod(OnnxNode &node) {
  ValueId a = RUNE_TRY(node.input(0, "A"));
  ValueId b = RUNE_TRY(node.input(1, "B"));
  bool ofDividend = RUNE_TRY(node.flag("fmod", false));
  if (isFloat(node.dtype(a)) && !ofDividend)
    return node.fail("`A` is `{}`, floats need `fmod` 1", node.type(a).str());
  return std::vector{RUNE_TRY(node.one(
      Op::Mod, {a, b}, {{"sign", ofDividend ? "dividend" : "divisor"}}))};
}

namespace {

/// The type in which a power is computed: it holds base and exponent.
Result<DType> powerType(const OnnxNode &node, DType base, DType exponent) {
  bool numbers = (isFloat(base) || isInteger(base)) &&
                 (isFloat(exponent) || isInteger(exponent));
  if (!numbers)
    return node.fail("`X` is `{}` and `Y` is `{}`, needs numbers",
                     dtypeName(base), dtypeName(exponent));
  if (base == exponent)
    return base;
  if (isInteger(base))
    return isFloat(exponent) ? DType::F64 : DType::I64;
  // of two floats the wider one, for 16 bits f32
  return base == DType::F64 || exponent == DType::F64 ? DType::F64 : DType::F32;
}

} // namespace

/// inputs  X, Y; since 12 of types of their own
/// result  X to the power of Y, of the type of X
Imported importPow(OnnxNode &node) {
  auto [x, y] = RUNE_TRY(elementwiseOperands(node));
  DType dtype = node.dtype(x);
  DType wide = RUNE_TRY(powerType(node, dtype, node.dtype(y)));
  if (node.dtype(y) != dtype && node.opset() < 12)
    return node.fail("`X` is `{}` and `Y` is `{}`, this version needs one type",
                     dtypeName(dtype), dtypeName(node.dtype(y)));
  if (wide == dtype && node.dtype(y) == dtype)
    return std::vector{RUNE_TRY(node.one(Op::Pow, {x, y}))};
  Composer c(node);
  x = RUNE_TRY(c.cast(x, wide));
  // An exponent that is too large for the type is as good as the largest.
  if (node.dtype(y) != wide)
    y = RUNE_TRY(c.one(
        Op::Cast, {y},
        {{"dtype", std::string(dtypeName(wide))}, {"saturate", int64_t{1}}}));
  if (wide == dtype)
    return std::vector{RUNE_TRY(node.one(Op::Pow, {x, y}))};
  ValueId power = RUNE_TRY(c.one(Op::Pow, {x, y}));
  return std::vector{RUNE_TRY(c.finish(power, dtype))};
}

/// inputs  condition bool, X, Y
Imported importWhere(OnnxNode &node) {
  ValueId condition = RUNE_TRY(node.input(0, "condition"));
  ValueId x = RUNE_TRY(node.input(1, "X"));
  ValueId y = RUNE_TRY(node.input(2, "Y"));
  return std::vector{RUNE_TRY(node.one(Op::Where, {condition, x, y}))};
}

namespace {

/// The inputs of a variadic operator; before 8 they have one shape, since then
/// they are stretched.
Result<std::vector<ValueId>> readList(OnnxNode &node) {
  if (node.opset() < 6)
    node.ignore("consumed_inputs");
  std::vector<ValueId> list;
  for (size_t i = 0; i < std::max<size_t>(node.inputs(), 1); ++i)
    list.push_back(RUNE_TRY(node.input(i, fmt::format("data_{}", i))));
  for (ValueId value : list) {
    if (node.dtype(value) != node.dtype(list[0]))
      return node.fail("inputs of `{}` and `{}`, they need one element type",
                       node.type(list[0]).str(), node.type(value).str());
    if (node.opset() < 8 && node.rank(value) != node.rank(list[0]))
      return node.fail("inputs of `{}` and `{}`, this version needs one shape",
                       node.type(list[0]).str(), node.type(value).str());
  }
  return list;
}

Imported extreme(OnnxNode &node, Op op) {
  std::vector<ValueId> list = RUNE_TRY(readList(node));
  if (list.size() == 1)
    return std::vector{RUNE_TRY(node.one(Op::Identity, {list[0]}))};
  ValueId result = list[0];
  for (size_t i = 1; i < list.size(); ++i)
    result =
        RUNE_TRY(node.one(op, {result, list[i]}, {},
                          i + 1 == list.size() ? "" : fmt::format("{}", i)));
  return std::vector{result};
}

/// The sum, divided by `divisor`; floats of 16 bits are added in f32.
Imported total(OnnxNode &node, bool mean) {
  std::vector<ValueId> list = RUNE_TRY(readList(node));
  DType dtype = node.dtype(list[0]);
  if (!isFloat(dtype))
    return node.fail("inputs are `{}`, needs floats", node.type(list[0]).str());
  if (list.size() == 1)
    return std::vector{RUNE_TRY(node.one(Op::Identity, {list[0]}))};
  if (list.size() == 2 && !mean)
    return std::vector{RUNE_TRY(node.one(Op::Add, list))};
  Composer c(node);
  ValueId sum = RUNE_TRY(c.cast(list[0], Composer::wideOf(dtype)));
  for (size_t i = 1; i < list.size(); ++i)
    sum = RUNE_TRY(
        c.add(sum, RUNE_TRY(c.cast(list[i], Composer::wideOf(dtype)))));
  if (mean)
    sum = RUNE_TRY(c.div(sum, c.scalar(static_cast<double>(list.size()), sum)));
  return std::vector{RUNE_TRY(c.finish(sum, dtype))};
}

} // namespace

/// inputs  at least one, of one type
/// result  the largest of the elements; NaN wins
Imported importMax(OnnxNode &node) { return extreme(node, Op::Maximum); }
/// result  the smallest of the elements; NaN wins
Imported importMin(OnnxNode &node) { return extreme(node, Op::Minimum); }
/// result  the sum of the elements, floats
Imported importSum(OnnxNode &node) { return total(node, false); }
/// result  the mean of the elements, floats
Imported importMean(OnnxNode &node) { return total(node, true); }

} // namespace rune::import
