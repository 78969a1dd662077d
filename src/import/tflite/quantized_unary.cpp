// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/tflite/quantized_unary.h"

#include "import/tflite/fixed_functions.h"
#include "import/tflite/lookup_table.h"
#include "import/tflite/word_functions.h"

#include <algorithm>
#include <cmath>

namespace rune::import {
namespace {

constexpr int32_t mostWord = 32767, leastWord = -32768;

int32_t word(int64_t value) {
  return static_cast<int32_t>(std::clamp<int64_t>(value, leastWord, mostWord));
}

/// The upper half of 2·a·b of 16 bits, rounded to nearest, and towards zero.
int32_t wordProduct(int32_t a, int32_t b) {
  int32_t ab = a * b;
  int32_t nudge = ab >= 0 ? 1 << 14 : 1 - (1 << 14);
  return word((ab + nudge) / (1 << 15));
}
int32_t wordProductDown(int32_t a, int32_t b) {
  return word(a * b / (1 << 15));
}

/// A factor in 16 bits and its power of two.
struct WordFactor {
  int32_t multiplier = 0;
  int shift = 0;

  static WordFactor of(double real) {
    FixedPoint fixed = nearestFixedPoint(real);
    int64_t rounded = (int64_t{fixed.multiplier} + (1 << 15)) >> 16;
    return {word(rounded), fixed.shift};
  }
};

/// How far x is from -3 to 3, as 15 bits from -1 to 1.
int32_t swishGate(int32_t fine, WordFactor toGate) {
  int32_t gate = fine;
  int left = toGate.shift;
  if (left > 0)
    gate = word(int64_t{gate} * (int64_t{1} << std::min(left - 1, 30)));
  gate = wordProduct(gate, toGate.multiplier);
  if (left > 0)
    gate = word(int64_t{gate} * 2);
  return left < 0 ? dividedByPowerOfTwo(gate, std::min(-left, 31)) : gate;
}

/// The table of a function, by the type of the argument.
Result<ValueId> lookedUp(const TfliteNode &node, ValueId x,
                         const std::function<int64_t(int64_t)> &function) {
  DType dtype = node.dtype(x);
  ValueId table =
      RUNE_TRY(dtype == DType::I16 ? wordTable(node, "table", function)
                                   : byteTable(node, "table", dtype, function));
  return node.one(Op::Lookup, {x, table});
}

/// A function of real numbers in f32, as the kernels fill their tables: each
/// number of 8 bits, or lines between samples.
Result<ValueId> sampled(const TfliteNode &node, ValueId x,
                        const std::function<float(float)> &function) {
  Quantization from = RUNE_TRY(node.inputQuantization(0));
  Quantization to = RUNE_TRY(node.outputQuantization());
  if (node.dtype(x) == DType::I16) {
    TableScales scales{from.scale(), static_cast<int32_t>(from.zeroPoint()),
                       to.scale(), static_cast<int32_t>(to.zeroPoint())};
    ValueId table =
        RUNE_TRY(interpolationTable(node, "table", scales, [&](double real) {
          return static_cast<double>(function(static_cast<float>(real)));
        }));
    return node.one(Op::Lookup, {x, table}, {{"interpolate", int64_t{1}}});
  }
  float inverse = 1 / to.scale();
  return lookedUp(node, x, [&](int64_t number) -> int64_t {
    float real = from.scale() * static_cast<float>(number - from.zeroPoint());
    float rounded = std::round(function(real) * inverse);
    if (std::isnan(rounded)) // scales at the end of what floats can hold
      return to.zeroPoint();
    return static_cast<int64_t>(std::clamp(rounded, -1e6F, 1e6F)) +
           to.zeroPoint();
  });
}

Result<> checkTypes(const TfliteNode &node, ValueId x,
                    std::initializer_list<DType> allowed) {
  if (std::ranges::count(allowed, node.dtype(x)) == 0)
    return node.unsupported("numbers of {}", dtypeName(node.dtype(x)));
  return {};
}

/// errors  as wordLogistic
Result<ValueId> wordFunction(const TfliteNode &node, ValueId x, int exact,
                             int32_t (*function)(int32_t, WordArgument)) {
  Quantization from = RUNE_TRY(node.inputQuantization(0));
  Quantization to = RUNE_TRY(node.outputQuantization());
  if (from.zeroPoint() != 0 || to.zeroPoint() != 0 || to.scale() != 0x1p-15F)
    return node.fail("zero points {} and {} and a result of scale {}, needs 0, "
                     "0 and {}",
                     from.zeroPoint(), to.zeroPoint(), to.scale(), 0x1p-15);
  WordArgument how = WordArgument::of(from.scale(), exact);
  return lookedUp(node, x, [=](int64_t number) -> int64_t {
    return function(static_cast<int32_t>(number), how);
  });
}

} // namespace

Result<ValueId> quantizedHardSwish(const TfliteNode &node, ValueId x) {
  RUNE_TRY(checkTypes(node, x, {DType::I8, DType::U8}));
  Quantization from = RUNE_TRY(node.inputQuantization(0));
  Quantization to = RUNE_TRY(node.outputQuantization());
  float fineScale = (1.0F / 128.0F) * from.scale();
  float gateScale = 3.0F / 32768.0F;
  auto toResult = WordFactor::of(static_cast<double>(fineScale / to.scale()));
  auto toGate = WordFactor::of(static_cast<double>(fineScale / gateScale));
  if (toResult.shift > 0)
    return node.fail("the result has scale {}, needs at least {}", to.scale(),
                     fineScale);
  return lookedUp(node, x, [=](int64_t number) -> int64_t {
    auto fine = static_cast<int32_t>(number - from.zeroPoint()) * 128;
    int32_t gate = (swishGate(fine, toGate) + (1 << 15)) >> 1;
    int32_t y = wordProductDown(gate, wordProduct(fine, toResult.multiplier));
    return dividedByPowerOfTwo(y, std::min(-toResult.shift, 31)) +
           to.zeroPoint();
  });
}

Result<ValueId> quantizedElu(const TfliteNode &node, ValueId x) {
  RUNE_TRY(checkTypes(node, x, {DType::I8}));
  return sampled(node, x,
                 [](float x) { return x < 0 ? std::exp(x) - 1.0F : x; });
}

Result<ValueId> quantizedExp(const TfliteNode &node, ValueId x) {
  RUNE_TRY(checkTypes(node, x, {DType::I8, DType::I16}));
  return sampled(node, x, [](float x) { return std::exp(x); });
}

Result<ValueId> quantizedLog(const TfliteNode &node, ValueId x) {
  RUNE_TRY(checkTypes(node, x, {DType::I8, DType::I16}));
  Quantization to = RUNE_TRY(node.outputQuantization());
  auto least = static_cast<float>(rangeOf(node.dtype(x)).low - to.zeroPoint());
  float lowest = least * to.scale();
  return sampled(node, x,
                 [lowest](float x) { return x <= 0 ? lowest : std::log(x); });
}

Result<ValueId> quantizedGelu(const TfliteNode &node, ValueId x,
                              bool approximate) {
  RUNE_TRY(checkTypes(node, x, {DType::I8, DType::U8}));
  constexpr float rootOfHalf = 0.70710678F, rootOfTwoOverPi = 0.79788456F;
  if (!approximate)
    return sampled(
        node, x, [](float x) { return 0.5F * x * std::erfc(x * -rootOfHalf); });
  return sampled(node, x, [](float x) {
    float inner = rootOfTwoOverPi * x * (1.0F + 0.044715F * x * x);
    return 0.5F * x * (1.0F + std::tanh(inner));
  });
}

Result<ValueId> quantizedSqrt(const TfliteNode &node, ValueId x) {
  RUNE_TRY(checkTypes(node, x, {DType::I8, DType::I16}));
  Quantization from = RUNE_TRY(node.inputQuantization(0));
  Quantization to = RUNE_TRY(node.outputQuantization());
  return lookedUp(node, x, [=](int64_t number) -> int64_t {
    float real = from.scale() * static_cast<float>(number - from.zeroPoint());
    float root = std::sqrt(std::max(real, 0.0F)) / to.scale();
    return static_cast<int64_t>(std::min(root, 1e6F)) + to.zeroPoint();
  });
}

Result<ValueId> quantizedAbs(const TfliteNode &node, ValueId x) {
  RUNE_TRY(checkTypes(node, x, {DType::I8, DType::I16}));
  Quantization from = RUNE_TRY(node.inputQuantization(0));
  Quantization to = RUNE_TRY(node.outputQuantization());
  bool same = from.scale() == to.scale();
  FixedPoint factor =
      RUNE_TRY(fixedPoint(node, static_cast<double>(from.scale()) /
                                    static_cast<double>(to.scale())));
  return lookedUp(node, x, [=](int64_t number) -> int64_t {
    int64_t distance = std::abs(number - from.zeroPoint());
    return (same ? distance : multiplied(distance, factor)) + to.zeroPoint();
  });
}

Result<ValueId> quantizedRsqrt(const TfliteNode &node, ValueId x) {
  RUNE_TRY(checkTypes(node, x, {DType::I8, DType::I16}));
  Quantization from = RUNE_TRY(node.inputQuantization(0));
  Quantization to = RUNE_TRY(node.outputQuantization());
  constexpr int32_t bits = 20;
  double factor = 1.0 / (std::sqrt(static_cast<double>(from.scale())) *
                         static_cast<double>(to.scale()));
  FixedPoint down = RUNE_TRY(fixedPoint(node, factor));
  down.shift -= bits;
  return lookedUp(node, x, [=](int64_t number) -> int64_t {
    int64_t distance = number - from.zeroPoint();
    if (distance <= 0)
      return mostWord;
    FixedPoint root = inverseRoot(static_cast<int32_t>(distance));
    root.shift += bits;
    return multiplied(multiplied(1, root), down) + to.zeroPoint();
  });
}

Result<ValueId> wordLogistic(const TfliteNode &node, ValueId x) {
  return wordFunction(node, x, 0, wordLogistic);
}
Result<ValueId> wordTanh(const TfliteNode &node, ValueId x) {
  return wordFunction(node, x, 1, wordTanh);
}

} // namespace rune::import
