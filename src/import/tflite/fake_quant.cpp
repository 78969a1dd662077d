// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Floats rounded to the numbers that a quantised tensor could hold.
//
// source  TensorFlow Lite, FAKE_QUANT: the range is moved so that it holds 0
#include "import/tflite/node.h"

#include <cmath>

namespace rune::import {

/// Ends of the range and the step between its numbers.
struct FakeRange {
  float low;
  float high;
  float step;
};

static Result<FakeRange> rangeOf(const TfliteNode &node,
                                 const tflite::FakeQuantOptions &options) {
  constexpr int32_t leastBits = 2, mostBits = 16;
  if (options.bits() < leastBits || options.bits() > mostBits)
    return node.fail("{} bits, needs {} to {}", options.bits(), leastBits,
                     mostBits);
  float least = options.narrow() ? 1.0F : 0.0F;
  auto most = static_cast<float>((1 << options.bits()) - 1);
  float step = (options.most() - options.least()) / (most - least);
  if (!std::isfinite(step) || step <= 0 || !std::isfinite(options.least()))
    return node.fail("a range from {} to {}", options.least(), options.most());
  float zero = std::round(least - options.least() / step);
  zero = std::fmin(std::fmax(zero, least), most);
  return FakeRange{(least - zero) * step, (most - zero) * step, step};
}

/// result  the nearest number of the range
Imported importTfliteFakeQuant(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  const auto *options = RUNE_TRY(node.options<tflite::FakeQuantOptions>());
  ValueId x = RUNE_TRY(node.input(0, "input"));
  if (node.dtype(x) != DType::F32)
    return node.unsupported("numbers of {}", dtypeName(node.dtype(x)));
  FakeRange range = RUNE_TRY(rangeOf(node, *options));
  auto number = [&](std::string_view part, float value) {
    return node.scalar(part, DType::F32, value);
  };
  ValueId low = RUNE_TRY(number("low", range.low));
  ValueId y = RUNE_TRY(node.one(
      Op::Clamp, {x, low, RUNE_TRY(number("high", range.high))}, {}, "inside"));
  y = RUNE_TRY(node.one(Op::Sub, {y, low}, {}, "above"));
  y = RUNE_TRY(node.one(
      Op::Mul, {y, RUNE_TRY(number("inverse", 1 / range.step))}, {}, "steps"));
  y = RUNE_TRY(node.one(Op::Round, {y}, {{"ties", "away"}}, "whole"));
  y = RUNE_TRY(
      node.one(Op::Mul, {y, RUNE_TRY(number("step", range.step))}, {}, "real"));
  return std::vector{RUNE_TRY(node.one(Op::Add, {y, low}))};
}

} // namespace rune::import
