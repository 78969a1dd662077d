// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/tflite/requantize.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rune::import {
namespace {

template <class T>
Result<ValueId> vectorConstant(const TfliteNode &node, std::string_view part,
                               DType dtype, std::span<const T> numbers) {
  ByteSpan bytes{reinterpret_cast<const uint8_t *>(numbers.data()),
                 numbers.size_bytes()};
  Integers sizes;
  if (numbers.size() > 1)
    sizes.push_back(static_cast<int64_t>(numbers.size()));
  return node.constant(part, RUNE_TRY(Tensor::copyOf({dtype, sizes, bytes})));
}

std::string under(std::string_view part, std::string_view name) {
  return part.empty() ? std::string(name) : fmt::format("{}/{}", part, name);
}

} // namespace

FixedPoint nearestFixedPoint(double real) {
  int exponent = 0;
  double mantissa = std::frexp(real, &exponent);
  int64_t multiplier = std::llround(mantissa * 0x1p31);
  if (multiplier == int64_t{1} << 31) {
    multiplier /= 2;
    ++exponent;
  }
  if (exponent < -31)
    return {};
  return {static_cast<int32_t>(multiplier), exponent};
}

Result<FixedPoint> fixedPoint(const TfliteNode &node, double real) {
  if (!std::isfinite(real) || real < 0)
    return node.fail("scales give a factor of {}", real);
  if (real >= 0x1p30) // every number but 0 leaves its type
    return FixedPoint{std::numeric_limits<int32_t>::max(), 30};
  return nearestFixedPoint(real);
}

std::string_view roundingOf(DType dtype) {
  return dtype == DType::U8 ? "tflite-single" : "tflite-double";
}

Result<ValueId> widened(const TfliteNode &node, ValueId x, int64_t zeroPoint,
                        std::string_view part) {
  ValueId wide = RUNE_TRY(node.one(Op::Cast, {x}, {{"dtype", "i32"}}, part));
  if (zeroPoint == 0)
    return wide;
  std::string zero = fmt::format("{}/zero_point", part);
  ValueId offset =
      RUNE_TRY(node.scalar(zero, DType::I32, static_cast<double>(zeroPoint)));
  return node.one(Op::Sub, {wide, offset}, {}, fmt::format("{}/centred", part));
}

Result<ValueId> vectorOf(const TfliteNode &node, std::string_view part,
                         std::span<const int32_t> numbers) {
  return vectorConstant(node, part, DType::I32, numbers);
}
Result<ValueId> vectorOf(const TfliteNode &node, std::string_view part,
                         std::span<const float> numbers) {
  return vectorConstant(node, part, DType::F32, numbers);
}

Result<ValueId> zeroPointOf(const TfliteNode &node, std::string_view part,
                            DType dtype, int64_t zeroPoint) {
  if (zeroPoint == 0)
    return noValue;
  if (dtype != DType::I64) {
    IntegerRange all = rangeOf(dtype);
    if (zeroPoint < all.low || zeroPoint > all.high)
      return node.fail("a zero point of {} is no {}", zeroPoint,
                       dtypeName(dtype));
  }
  return node.scalar(part, dtype, static_cast<double>(zeroPoint));
}

Result<ValueId> requantize(const TfliteNode &node, ValueId x,
                           const Requantized &how, std::string_view part) {
  std::vector<int32_t> multipliers, shifts;
  if (how.exact) {
    multipliers.push_back(how.exact->multiplier);
    shifts.push_back(how.exact->shift);
  }
  for (double factor : how.factors) {
    FixedPoint fixed = RUNE_TRY(fixedPoint(node, factor));
    multipliers.push_back(fixed.multiplier);
    shifts.push_back(fixed.shift);
  }
  std::vector<ValueId> operands = {
      x, RUNE_TRY(vectorOf(node, under(part, "multiplier"), multipliers)),
      RUNE_TRY(vectorOf(node, under(part, "shift"), shifts)),
      RUNE_TRY(zeroPointOf(node, under(part, "zero_point"), how.dtype,
                           how.zeroPoint)),
      RUNE_TRY(zeroPointOf(node, under(part, "x_zero_point"), node.dtype(x),
                           how.inputZeroPoint))};
  while (operands.back() == noValue)
    operands.pop_back();
  return node.one(Op::Requantize, std::move(operands),
                  {{"axis", how.axis},
                   {"dtype", std::string(dtypeName(how.dtype))},
                   {"high", how.range.high},
                   {"left_shift", how.leftShift},
                   {"low", how.range.low},
                   {"rounding", std::string(how.rounding)}},
                  part);
}

Result<ValueId> dequantizedWeights(const TfliteNode &node, ValueId weights,
                                   const Quantization &quantization,
                                   int64_t axis) {
  std::vector<ValueId> operands = {
      weights, RUNE_TRY(vectorOf(node, "weights/scale", quantization.scales))};
  bool shifted = std::ranges::any_of(quantization.zeroPoints,
                                     [](int64_t zero) { return zero != 0; });
  if (shifted && quantization.perAxis())
    return node.unsupported("zero points for each channel of the weights");
  if (shifted)
    operands.push_back(
        RUNE_TRY(zeroPointOf(node, "weights/zero_point", node.dtype(weights),
                             quantization.zeroPoint())));
  return node.one(Op::Dequantize, std::move(operands), {{"axis", axis}},
                  "weights/real");
}

Result<ValueId> dequantizedBlocks(const TfliteNode &node, ValueId weights,
                                  const BlockScales &blocks) {
  if (node.rank(weights) == 0)
    return node.fail("`weights` are `{}`, needs a dimension",
                     node.type(weights).str());
  ValueId scales = blocks.scales;
  if (node.dtype(scales) != DType::F32)
    scales = RUNE_TRY(
        node.one(Op::Cast, {scales}, {{"dtype", "f32"}}, "weights/scale"));
  return node.one(Op::Dequantize, {weights, scales},
                  {{"axis", node.rank(weights) - 1}, {"block", blocks.size}},
                  "weights/real");
}

} // namespace rune::import
