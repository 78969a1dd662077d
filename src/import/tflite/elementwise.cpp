// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators on two tensors, with numpy's broadcasting, and then an activation.
//
// source  TensorFlow Lite, ADD, SUB, MUL, DIV, FLOOR_DIV, SQUARED_DIFFERENCE,
//         MAXIMUM, MINIMUM, POW
#include "import/tflite/node.h"
#include "import/tflite/requantize.h"

#include <algorithm>

namespace rune::import {
namespace {

struct Operands {
  ValueId a;
  ValueId b;
};

Result<Operands> operandsOf(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  Operands operands{RUNE_TRY(node.input(0, "a")), RUNE_TRY(node.input(1, "b"))};
  if (node.dtype(operands.a) != node.dtype(operands.b))
    return node.fail("`a` is `{}`, `b` is `{}`: the types differ",
                     node.type(operands.a).str(), node.type(operands.b).str());
  return operands;
}

Result<> checkPlain(const TfliteNode &node, DType dtype) {
  if (dtype != DType::F32 && dtype != DType::I32 && dtype != DType::I64)
    return node.unsupported("numbers of {}", dtypeName(dtype));
  return {};
}

/// Sums and differences: both operands are brought to one scale, twice the
/// larger of theirs, with so many bits behind the point, then to that of the
/// result.
///
/// source  TensorFlow Lite's reference kernels for ADD and SUB
Result<ValueId> quantizedSum(const TfliteNode &node, Op op, Operands operands,
                             Activation activation) {
  DType dtype = node.dtype(operands.a);
  Quantization a = RUNE_TRY(node.inputQuantization(0));
  Quantization b = RUNE_TRY(node.inputQuantization(1));
  Quantization y = RUNE_TRY(node.outputQuantization());
  int64_t bits = dtype == DType::I16 ? 15 : 20;
  double twice = 2 * static_cast<double>(std::max(a.scale(), b.scale()));
  auto scaled = [&](ValueId x, const Quantization &from,
                    std::string_view part) {
    return requantize(node, x,
                      {.factors = {static_cast<double>(from.scale()) / twice},
                       .dtype = DType::I32,
                       .rounding = roundingOf(dtype),
                       .range = rangeOf(DType::I32),
                       .inputZeroPoint = from.zeroPoint(),
                       .leftShift = bits},
                      part);
  };
  ValueId left = RUNE_TRY(scaled(operands.a, a, "a"));
  ValueId right = RUNE_TRY(scaled(operands.b, b, "b"));
  ValueId sum = RUNE_TRY(node.one(op, {left, right}, {}, "sum"));
  double down =
      static_cast<double>(int64_t{1} << bits) * static_cast<double>(y.scale());
  return requantize(node, sum,
                    {.factors = {twice / down},
                     .dtype = dtype,
                     .rounding = roundingOf(dtype),
                     .range = RUNE_TRY(rangeOf(node, activation, dtype, y)),
                     .zeroPoint = y.zeroPoint()});
}

Result<ValueId> quantizedProduct(const TfliteNode &node, Operands operands,
                                 Activation activation) {
  DType dtype = node.dtype(operands.a);
  Quantization a = RUNE_TRY(node.inputQuantization(0));
  Quantization b = RUNE_TRY(node.inputQuantization(1));
  Quantization y = RUNE_TRY(node.outputQuantization());
  ValueId left = RUNE_TRY(widened(node, operands.a, a.zeroPoint(), "a"));
  ValueId right = RUNE_TRY(widened(node, operands.b, b.zeroPoint(), "b"));
  ValueId product = RUNE_TRY(node.one(Op::Mul, {left, right}, {}, "product"));
  double factor = static_cast<double>(a.scale()) *
                  static_cast<double>(b.scale()) /
                  static_cast<double>(y.scale());
  return requantize(node, product,
                    {.factors = {factor},
                     .dtype = dtype,
                     .rounding = roundingOf(dtype),
                     .range = RUNE_TRY(rangeOf(node, activation, dtype, y)),
                     .zeroPoint = y.zeroPoint()});
}

/// As a difference, with 7 bits behind the point, and its square.
Result<ValueId> quantizedSquare(const TfliteNode &node, Operands operands) {
  DType dtype = node.dtype(operands.a);
  if (dtype != DType::I8)
    return node.unsupported("quantised numbers of {}", dtypeName(dtype));
  Quantization a = RUNE_TRY(node.inputQuantization(0));
  Quantization b = RUNE_TRY(node.inputQuantization(1));
  Quantization y = RUNE_TRY(node.outputQuantization());
  constexpr int64_t bits = 7;
  double twice = 2 * static_cast<double>(std::max(a.scale(), b.scale()));
  auto scaled = [&](ValueId x, const Quantization &from,
                    std::string_view part) {
    return requantize(node, x,
                      {.factors = {static_cast<double>(from.scale()) / twice},
                       .dtype = DType::I32,
                       .range = rangeOf(DType::I32),
                       .inputZeroPoint = from.zeroPoint(),
                       .leftShift = bits},
                      part);
  };
  ValueId left = RUNE_TRY(scaled(operands.a, a, "a"));
  ValueId right = RUNE_TRY(scaled(operands.b, b, "b"));
  ValueId difference =
      RUNE_TRY(node.one(Op::Sub, {left, right}, {}, "difference"));
  ValueId square =
      RUNE_TRY(node.one(Op::Mul, {difference, difference}, {}, "square"));
  double down = static_cast<double>(int64_t{1} << (2 * bits)) *
                static_cast<double>(y.scale());
  return requantize(node, square,
                    {.factors = {twice * twice / down},
                     .dtype = dtype,
                     .range = rangeOf(dtype),
                     .zeroPoint = y.zeroPoint()});
}

Imported importArithmetic(TfliteNode &node, Op op, int8_t activationNumber) {
  Operands operands = RUNE_TRY(operandsOf(node));
  Activation activation = RUNE_TRY(activationOf(node, activationNumber));
  DType dtype = node.dtype(operands.a);
  if (isQuantized(dtype) && op == Op::Mul)
    return std::vector{RUNE_TRY(quantizedProduct(node, operands, activation))};
  if (isQuantized(dtype) && op != Op::Div)
    return std::vector{RUNE_TRY(quantizedSum(node, op, operands, activation))};
  RUNE_TRY(checkPlain(node, dtype));
  ValueId y = RUNE_TRY(node.one(op, {operands.a, operands.b}, {}, "result"));
  return std::vector{RUNE_TRY(activate(node, y, activation))};
}

/// The larger or smaller: of quantised numbers only where all have one scale.
Imported importExtreme(TfliteNode &node, Op op) {
  Operands operands = RUNE_TRY(operandsOf(node));
  if (isQuantized(node.dtype(operands.a))) {
    Quantization y = RUNE_TRY(node.outputQuantization());
    if (RUNE_TRY(node.inputQuantization(0)) != y ||
        RUNE_TRY(node.inputQuantization(1)) != y)
      return node.unsupported("quantised numbers of different scales");
  } else {
    RUNE_TRY(checkPlain(node, node.dtype(operands.a)));
  }
  return std::vector{RUNE_TRY(node.one(op, {operands.a, operands.b}))};
}

} // namespace

Imported importTfliteAdd(TfliteNode &node) {
  const auto *options = RUNE_TRY(node.options<tflite::AddOptions>());
  return importArithmetic(node, Op::Add, options->activation());
}
Imported importTfliteSub(TfliteNode &node) {
  const auto *options = RUNE_TRY(node.options<tflite::SubOptions>());
  return importArithmetic(node, Op::Sub, options->activation());
}
Imported importTfliteMul(TfliteNode &node) {
  const auto *options = RUNE_TRY(node.options<tflite::MulOptions>());
  return importArithmetic(node, Op::Mul, options->activation());
}
Imported importTfliteDiv(TfliteNode &node) {
  const auto *options = RUNE_TRY(node.options<tflite::DivOptions>());
  return importArithmetic(node, Op::Div, options->activation());
}

/// result  (a - b)²
Imported importTfliteSquaredDifference(TfliteNode &node) {
  Operands operands = RUNE_TRY(operandsOf(node));
  if (isQuantized(node.dtype(operands.a)))
    return std::vector{RUNE_TRY(quantizedSquare(node, operands))};
  RUNE_TRY(checkPlain(node, node.dtype(operands.a)));
  ValueId difference =
      RUNE_TRY(node.one(Op::Sub, {operands.a, operands.b}, {}, "difference"));
  return std::vector{RUNE_TRY(node.one(Op::Mul, {difference, difference}, {}))};
}

/// result  ⌊a / b⌋: of integers the quotient, one less where it was rounded up
Imported importTfliteFloorDiv(TfliteNode &node) {
  auto [a, b] = RUNE_TRY(operandsOf(node));
  DType dtype = node.dtype(a);
  RUNE_TRY(checkPlain(node, dtype));
  ValueId quotient = RUNE_TRY(node.one(Op::Div, {a, b}, {}, "quotient"));
  if (isFloat(dtype))
    return std::vector{RUNE_TRY(node.one(Op::Floor, {quotient}))};
  ValueId whole = RUNE_TRY(node.one(Op::Mul, {quotient, b}, {}, "whole"));
  ValueId rest = RUNE_TRY(node.one(Op::Sub, {a, whole}, {}, "rest"));
  ValueId zero = RUNE_TRY(node.scalar("zero", dtype, 0));
  auto test = [&](Op op, ValueId x, ValueId y, std::string_view part) {
    return node.one(op, {x, y}, {}, part);
  };
  ValueId restBelow = RUNE_TRY(test(Op::Less, rest, zero, "rest_below"));
  ValueId below = RUNE_TRY(test(Op::Less, b, zero, "divisor_below"));
  ValueId same = RUNE_TRY(test(Op::Equal, restBelow, below, "same_sign"));
  ValueId even = RUNE_TRY(test(Op::Equal, rest, zero, "no_rest"));
  ValueId exact = RUNE_TRY(test(Op::LogicalOr, same, even, "exact"));
  ValueId more = RUNE_TRY(node.one(Op::LogicalNot, {exact}, {}, "more"));
  ValueId less = RUNE_TRY(node.one(
      Op::Cast, {more}, {{"dtype", std::string(dtypeName(dtype))}}, "less"));
  return std::vector{RUNE_TRY(node.one(Op::Sub, {quotient, less}))};
}

/// result  a - ⌊a / b⌋ · b
Imported importTfliteFloorMod(TfliteNode &node) {
  auto [a, b] = RUNE_TRY(operandsOf(node));
  RUNE_TRY(checkPlain(node, node.dtype(a)));
  return std::vector{
      RUNE_TRY(node.one(Op::Mod, {a, b}, {{"sign", "divisor"}}))};
}

/// result  a to the power b
Imported importTflitePow(TfliteNode &node) {
  auto [a, b] = RUNE_TRY(operandsOf(node));
  RUNE_TRY(checkPlain(node, node.dtype(a)));
  return std::vector{RUNE_TRY(node.one(Op::Pow, {a, b}))};
}

Imported importTfliteMaximum(TfliteNode &node) {
  return importExtreme(node, Op::Maximum);
}
Imported importTfliteMinimum(TfliteNode &node) {
  return importExtreme(node, Op::Minimum);
}

} // namespace rune::import
