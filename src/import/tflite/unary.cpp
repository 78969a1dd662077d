// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators on one tensor, element by element.
//
// source  TensorFlow Lite: ABS NEG EXP LOG SQRT RSQRT SIN COS FLOOR CEIL ROUND
//         SQUARE RELU RELU6 RELU_N1_TO_1 RELU_0_TO_1 LOGISTIC TANH HARD_SWISH
//         LEAKY_RELU PRELU ELU LOG_SOFTMAX SIGN
#include "import/tflite/fixed_functions.h"
#include "import/tflite/lookup_table.h"
#include "import/tflite/node.h"
#include "import/tflite/quantized_unary.h"

#include <algorithm>
#include <cmath>

namespace rune::import {
namespace {

Result<ValueId> floatsOf(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  if (node.dtype(x) != DType::F32)
    return node.unsupported("numbers of {}", dtypeName(node.dtype(x)));
  return x;
}

Imported importFloats(TfliteNode &node, Op op,
                      std::vector<Attribute> attributes = {}) {
  ValueId x = RUNE_TRY(floatsOf(node));
  return std::vector{RUNE_TRY(node.one(op, {x}, std::move(attributes)))};
}

/// Floats and integers that are no quantised numbers.
Imported importNumbers(TfliteNode &node, Op op) {
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  DType dtype = node.dtype(x);
  if (dtype != DType::F32 && dtype != DType::F64 && dtype != DType::I16 &&
      dtype != DType::I32 && dtype != DType::I64)
    return node.unsupported("numbers of {}", dtypeName(dtype));
  return std::vector{RUNE_TRY(node.one(op, {x}))};
}

/// The input where it is quantised, for functions that have a table then.
Result<ValueId> quantizedInput(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  bool plainWord = node.dtype(x) == DType::I16 && !node.inputIsQuantized(0);
  return isQuantized(node.dtype(x)) && !plainWord ? x : noValue;
}

/// Quantised: brought to the scale of the result, whose range the function
/// ends.
Imported importRelu(TfliteNode &node, Activation activation) {
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  DType dtype = node.dtype(x);
  if (dtype == DType::F32)
    return std::vector{RUNE_TRY(activate(node, x, activation))};
  if (!isQuantized(dtype))
    return node.unsupported("numbers of {}", dtypeName(dtype));
  Quantization from = RUNE_TRY(node.inputQuantization(0));
  Quantization to = RUNE_TRY(node.outputQuantization());
  double factor =
      static_cast<double>(from.scale()) / static_cast<double>(to.scale());
  return std::vector{RUNE_TRY(
      requantize(node, x,
                 {.factors = {factor},
                  .dtype = dtype,
                  .rounding = roundingOf(dtype),
                  .range = RUNE_TRY(rangeOf(node, activation, dtype, to)),
                  .zeroPoint = to.zeroPoint(),
                  .inputZeroPoint = from.zeroPoint()}))};
}

/// A function that saturates on both sides, in fixed point.
struct Saturating {
  int32_t (*function)(int32_t);
  double (*real)(double);
  /// Of the result, whose scale is 2^-bits.
  int bits;
  int64_t zeroPoint;
  /// Of 16-bit numbers.
  Result<ValueId> (*words)(const TfliteNode &, ValueId);
};

/// For int8 as the reference kernels: 4 integer bits in the argument, beyond
/// which the result is the end of its range.
int64_t saturatingAt(const Saturating &how, FixedPoint toArgument,
                     int64_t radius, int64_t x) {
  if (x <= -radius)
    return -128;
  if (x >= radius)
    return 127;
  int32_t y = how.function(multiplied(x, toArgument));
  return dividedByPowerOfTwo(y, 31 - how.bits) + how.zeroPoint;
}

Result<ValueId> saturatingTable(const TfliteNode &node, const Saturating &how,
                                DType dtype, const Quantization &from,
                                const Quantization &to) {
  double scale = from.scale();
  if (dtype == DType::U8)
    return byteTable(node, "table", dtype, [&](int64_t x) {
      double real = scale * static_cast<double>(x - from.zeroPoint());
      double y = std::round(how.real(real) / static_cast<double>(to.scale()));
      return static_cast<int64_t>(y) + to.zeroPoint();
    });
  if (static_cast<double>(to.scale()) != std::exp2(-how.bits) ||
      to.zeroPoint() != how.zeroPoint)
    return node.fail("the result has scale {} and zero point {}, needs {} and "
                     "{}",
                     to.scale(), to.zeroPoint(), std::exp2(-how.bits),
                     how.zeroPoint);
  FixedPoint toArgument = RUNE_TRY(fixedPoint(node, scale * 0x1p27));
  double radius = std::floor(15 * 0x1p27 / std::exp2(toArgument.shift));
  int64_t most = static_cast<int64_t>(std::min(radius, 1e6));
  return byteTable(node, "table", dtype, [&](int64_t x) {
    return saturatingAt(how, toArgument, most, x - from.zeroPoint());
  });
}

Imported importSaturating(TfliteNode &node, Op op, const Saturating &how) {
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  DType dtype = node.dtype(x);
  if (dtype == DType::F32)
    return std::vector{RUNE_TRY(node.one(op, {x}))};
  if (dtype == DType::I16)
    return std::vector{RUNE_TRY(how.words(node, x))};
  if (dtype != DType::I8 && dtype != DType::U8)
    return node.unsupported("numbers of {}", dtypeName(dtype));
  Quantization from = RUNE_TRY(node.inputQuantization(0));
  Quantization to = RUNE_TRY(node.outputQuantization());
  ValueId table = RUNE_TRY(saturatingTable(node, how, dtype, from, to));
  return std::vector{RUNE_TRY(node.one(Op::Lookup, {x, table}))};
}

/// Where x < zero point `below`, else `above`.
Result<ValueId> choose(const TfliteNode &node, ValueId x, int64_t zeroPoint,
                       ValueId above, ValueId below) {
  ValueId zero = RUNE_TRY(
      node.scalar("zero", node.dtype(x), static_cast<double>(zeroPoint)));
  ValueId isBelow = RUNE_TRY(node.one(Op::Less, {x, zero}, {}, "below"));
  return node.one(Op::Where, {isBelow, below, above});
}

Result<ValueId> quantizedLeakyRelu(const TfliteNode &node, ValueId x,
                                   float alpha) {
  DType dtype = node.dtype(x);
  Quantization from = RUNE_TRY(node.inputQuantization(0));
  Quantization to = RUNE_TRY(node.outputQuantization());
  auto scaled = [&](double factor, std::string_view part) {
    return requantize(node, x,
                      {.factors = {factor},
                       .dtype = dtype,
                       .rounding = roundingOf(dtype),
                       .range = rangeOf(dtype),
                       .zeroPoint = to.zeroPoint(),
                       .inputZeroPoint = from.zeroPoint()},
                      part);
  };
  // computed in f32, as the kernels do
  double same = static_cast<double>(from.scale() / to.scale());
  double slope = static_cast<double>(from.scale() * alpha / to.scale());
  if (slope < 0)
    return node.unsupported("a negative slope ({}) of quantised numbers",
                            alpha);
  ValueId above = RUNE_TRY(scaled(same, "above"));
  ValueId below = RUNE_TRY(scaled(slope, "below"));
  return choose(node, x, from.zeroPoint(), above, below);
}

/// Below zero the product with alpha, in 32 bits, brought to the result's
/// scale.
Result<ValueId> quantizedPrelu(const TfliteNode &node, ValueId x,
                               ValueId alpha) {
  DType dtype = node.dtype(x);
  // TensorFlow Lite Micro has slopes of 8 bits beside numbers of 16
  DType slopes = dtype == DType::I16 ? DType::I8 : dtype;
  if (node.dtype(alpha) != slopes)
    return node.unsupported("{} by {}", dtypeName(dtype),
                            dtypeName(node.dtype(alpha)));
  Quantization from = RUNE_TRY(node.inputQuantization(0));
  Quantization slope = RUNE_TRY(node.inputQuantization(1));
  Quantization to = RUNE_TRY(node.outputQuantization());
  Requantized how{.factors = {static_cast<double>(from.scale()) /
                              static_cast<double>(to.scale())},
                  .dtype = dtype,
                  .rounding = roundingOf(dtype),
                  .range = rangeOf(dtype),
                  .zeroPoint = to.zeroPoint(),
                  .inputZeroPoint = from.zeroPoint()};
  ValueId above = RUNE_TRY(requantize(node, x, how, "above"));
  ValueId wide = RUNE_TRY(widened(node, x, from.zeroPoint(), "wide"));
  ValueId factor = RUNE_TRY(widened(node, alpha, slope.zeroPoint(), "slope"));
  ValueId product = RUNE_TRY(node.one(Op::Mul, {wide, factor}, {}, "product"));
  how.factors = {static_cast<double>(from.scale()) *
                 static_cast<double>(slope.scale()) /
                 static_cast<double>(to.scale())};
  how.inputZeroPoint = 0;
  ValueId below = RUNE_TRY(requantize(node, product, how, "scaled"));
  return choose(node, x, from.zeroPoint(), above, below);
}

} // namespace

Imported importTfliteAbs(TfliteNode &node) {
  if (ValueId x = RUNE_TRY(quantizedInput(node)); x != noValue)
    return std::vector{RUNE_TRY(quantizedAbs(node, x))};
  return importNumbers(node, Op::Abs);
}
Imported importTfliteNeg(TfliteNode &node) {
  return importNumbers(node, Op::Neg);
}
/// result  -1, 0 or 1
Imported importTfliteSign(TfliteNode &node) {
  return importNumbers(node, Op::Sign);
}
Imported importTfliteExp(TfliteNode &node) {
  if (ValueId x = RUNE_TRY(quantizedInput(node)); x != noValue)
    return std::vector{RUNE_TRY(quantizedExp(node, x))};
  return importFloats(node, Op::Exp);
}
Imported importTfliteLog(TfliteNode &node) {
  if (ValueId x = RUNE_TRY(quantizedInput(node)); x != noValue)
    return std::vector{RUNE_TRY(quantizedLog(node, x))};
  return importFloats(node, Op::Log);
}
Imported importTfliteSqrt(TfliteNode &node) {
  if (ValueId x = RUNE_TRY(quantizedInput(node)); x != noValue)
    return std::vector{RUNE_TRY(quantizedSqrt(node, x))};
  return importFloats(node, Op::Sqrt);
}
Imported importTfliteSin(TfliteNode &node) {
  return importFloats(node, Op::Sin);
}
Imported importTfliteCos(TfliteNode &node) {
  return importFloats(node, Op::Cos);
}
Imported importTfliteFloor(TfliteNode &node) {
  return importFloats(node, Op::Floor);
}
Imported importTfliteCeil(TfliteNode &node) {
  return importFloats(node, Op::Ceil);
}
Imported importTfliteRound(TfliteNode &node) {
  return importFloats(node, Op::Round, {{"ties", "even"}});
}

/// result  1 / √x
Imported importTfliteRsqrt(TfliteNode &node) {
  if (ValueId x = RUNE_TRY(quantizedInput(node)); x != noValue)
    return std::vector{RUNE_TRY(quantizedRsqrt(node, x))};
  ValueId x = RUNE_TRY(floatsOf(node));
  ValueId root = RUNE_TRY(node.one(Op::Sqrt, {x}, {}, "root"));
  ValueId unit = RUNE_TRY(node.scalar("unit", DType::F32, 1));
  return std::vector{RUNE_TRY(node.one(Op::Div, {unit, root}))};
}

Imported importTfliteSquare(TfliteNode &node) {
  ValueId x = RUNE_TRY(floatsOf(node));
  return std::vector{RUNE_TRY(node.one(Op::Mul, {x, x}))};
}

Imported importTfliteRelu(TfliteNode &node) {
  return importRelu(node, Activation::Relu);
}
Imported importTfliteRelu6(TfliteNode &node) {
  return importRelu(node, Activation::Relu6);
}
Imported importTfliteReluN1To1(TfliteNode &node) {
  return importRelu(node, Activation::ReluN1To1);
}
Imported importTfliteRelu0To1(TfliteNode &node) {
  return importRelu(node, Activation::Relu0To1);
}

/// result  x · Φ(x)
Imported importTfliteGelu(TfliteNode &node) {
  const auto *options = RUNE_TRY(node.options<tflite::GeluOptions>());
  if (ValueId x = RUNE_TRY(quantizedInput(node)); x != noValue)
    return std::vector{
        RUNE_TRY(quantizedGelu(node, x, options->approximate()))};
  return importFloats(
      node, Op::Gelu,
      {{"approximate", options->approximate() ? "tanh" : "none"}});
}

Imported importTfliteLogistic(TfliteNode &node) {
  auto real = [](double x) { return 1 / (1 + std::exp(-x)); };
  return importSaturating(node, Op::Sigmoid,
                          {fixedLogistic, real, 8, -128, wordLogistic});
}
Imported importTfliteTanh(TfliteNode &node) {
  auto real = [](double x) { return std::tanh(x); };
  return importSaturating(node, Op::Tanh, {fixedTanh, real, 7, 0, wordTanh});
}

/// result  x · min(max(x + 3, 0), 6) / 6
Imported importTfliteHardSwish(TfliteNode &node) {
  if (ValueId x = RUNE_TRY(quantizedInput(node)); x != noValue)
    return std::vector{RUNE_TRY(quantizedHardSwish(node, x))};
  ValueId x = RUNE_TRY(floatsOf(node));
  ValueId three = RUNE_TRY(node.scalar("three", DType::F32, 3));
  ValueId six = RUNE_TRY(node.scalar("six", DType::F32, 6));
  ValueId moved = RUNE_TRY(node.one(Op::Add, {x, three}, {}, "moved"));
  ValueId gate = RUNE_TRY(activate(node, moved, Activation::Relu6));
  ValueId product = RUNE_TRY(node.one(Op::Mul, {x, gate}, {}, "product"));
  return std::vector{RUNE_TRY(node.one(Op::Div, {product, six}))};
}

/// result  x where it is not negative, else e^x - 1
Imported importTfliteElu(TfliteNode &node) {
  if (ValueId x = RUNE_TRY(quantizedInput(node)); x != noValue)
    return std::vector{RUNE_TRY(quantizedElu(node, x))};
  ValueId x = RUNE_TRY(floatsOf(node));
  ValueId unit = RUNE_TRY(node.scalar("unit", DType::F32, 1));
  ValueId power = RUNE_TRY(node.one(Op::Exp, {x}, {}, "power"));
  ValueId below = RUNE_TRY(node.one(Op::Sub, {power, unit}, {}, "moved"));
  return std::vector{RUNE_TRY(choose(node, x, 0, x, below))};
}

/// inputs  input, alpha, which broadcasts to it
/// result  x where it is not negative, else alpha · x
Imported importTflitePrelu(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId alpha = RUNE_TRY(node.input(1, "alpha"));
  if (isQuantized(node.dtype(x)))
    return std::vector{RUNE_TRY(quantizedPrelu(node, x, alpha))};
  if (node.dtype(x) != DType::F32 || node.dtype(alpha) != DType::F32)
    return node.unsupported("numbers of {}", dtypeName(node.dtype(x)));
  ValueId below = RUNE_TRY(node.one(Op::Mul, {x, alpha}, {}, "scaled"));
  return std::vector{RUNE_TRY(choose(node, x, 0, x, below))};
}

/// result  log softmax x, over the last dimension
Imported importTfliteLogSoftmax(TfliteNode &node) {
  ValueId x = RUNE_TRY(floatsOf(node));
  if (node.rank(x) == 0)
    return node.fail("`input` is `{}`, needs a dimension", node.type(x).str());
  Integers last{node.rank(x) - 1};
  std::vector<Attribute> axes = {{"axes", last}, {"keep_dims", int64_t{1}}};
  ValueId most = RUNE_TRY(node.one(Op::ReduceMax, {x}, axes, "most"));
  ValueId low = RUNE_TRY(node.one(Op::Sub, {x, most}, {}, "low"));
  ValueId powers = RUNE_TRY(node.one(Op::Exp, {low}, {}, "powers"));
  ValueId sum = RUNE_TRY(node.one(Op::ReduceSum, {powers}, axes, "sum"));
  ValueId log = RUNE_TRY(node.one(Op::Log, {sum}, {}, "log"));
  return std::vector{RUNE_TRY(node.one(Op::Sub, {low, log}))};
}

/// result  x where it is not negative, else alpha · x
Imported importTfliteLeakyRelu(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  const auto *options = RUNE_TRY(node.options<tflite::LeakyReluOptions>());
  ValueId x = RUNE_TRY(node.input(0, "input"));
  if (isQuantized(node.dtype(x)))
    return std::vector{RUNE_TRY(quantizedLeakyRelu(node, x, options->alpha()))};
  if (node.dtype(x) != DType::F32)
    return node.unsupported("numbers of {}", dtypeName(node.dtype(x)));
  ValueId alpha = RUNE_TRY(node.scalar("alpha", DType::F32, options->alpha()));
  ValueId below = RUNE_TRY(node.one(Op::Mul, {x, alpha}, {}, "scaled"));
  return std::vector{RUNE_TRY(choose(node, x, 0, x, below))};
}

} // namespace rune::import
