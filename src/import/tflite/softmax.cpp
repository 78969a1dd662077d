// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  TensorFlow Lite, SOFTMAX, versions 1 to 3
#include "import/tflite/lookup_table.h"
#include "import/tflite/node.h"
#include "import/tflite/requantize.h"

#include <algorithm>
#include <cmath>

namespace rune::import {
namespace {

Result<ValueId> importFloats(const TfliteNode &node, ValueId x, float beta) {
  if (beta != 1) {
    ValueId factor = RUNE_TRY(node.scalar("beta", DType::F32, beta));
    x = RUNE_TRY(node.one(Op::Mul, {x, factor}, {}, "scaled"));
  }
  Integers axes{node.rank(x) - 1};
  return node.one(Op::Softmax, {x}, {{"axes", axes}});
}

/// The difference to the largest input is kept in 5 integer and 26 other bits;
/// what does not fit counts as 0.
Result<ValueId> importFixed(const TfliteNode &node, ValueId x, DType to,
                            double scale) {
  constexpr int integerBits = 5;
  double factor = std::min(scale * (1 << (31 - integerBits)), 0x1p31 - 1);
  FixedPoint fixed = nearestFixedPoint(factor);
  if (!std::isfinite(scale) || scale < 0 || fixed.shift < 0)
    return node.unsupported("a scale of {}, for which there is no fixed point",
                            scale);
  double least =
      std::floor(((1 << integerBits) - 1) * 0x1p26 / std::exp2(fixed.shift));
  return node.one(Op::SoftmaxFixed, {x},
                  {{"diff_min", static_cast<int64_t>(-std::min(least, 255.0))},
                   {"dtype", std::string(dtypeName(to))},
                   {"left_shift", int64_t{fixed.shift}},
                   {"multiplier", int64_t{fixed.multiplier}}});
}

/// e^x from -10 to 0, and 1 / (1 + x) from 0 to 1.
Result<ValueId> importLookup(const TfliteNode &node, ValueId x, double scale) {
  FixedPoint fixed = RUNE_TRY(fixedPoint(node, scale / (10.0 / 65535.0)));
  ValueId exponential = RUNE_TRY(interpolationTable(
      node, "exponential", {10.0 / 65535, 32767, 2.0 / 65535, 0},
      [](double value) { return std::exp(value); }));
  ValueId reciprocal = RUNE_TRY(interpolationTable(
      node, "reciprocal", {1.0 / 65535, -32768, 2.0 / 65535, 0},
      [](double value) { return 1 / (1 + value); }));
  return node.one(Op::SoftmaxLookup, {x, exponential, reciprocal},
                  {{"multiplier", int64_t{fixed.multiplier}},
                   {"shift", int64_t{fixed.shift}}});
}

/// The scale of a quantised result is fixed: 1 / 2^bits, from the smallest
/// number of the type; for 16 bits of 16 bits 1 / 2^15, from 0.
Result<> checkScale(const TfliteNode &node, DType from, DType to) {
  Quantization y = RUNE_TRY(node.outputQuantization());
  bool wide = from == DType::I16;
  double scale = wide ? 0x1p-15 : std::exp2(-static_cast<int>(dtypeBits(to)));
  int64_t zeroPoint = wide ? 0 : rangeOf(to).low;
  bool fits =
      std::abs(static_cast<double>(y.scale()) - scale) <= 0.001 * scale &&
      y.zeroPoint() == zeroPoint;
  if (!fits)
    return node.fail("the result has scale {} and zero point {}, needs {} and "
                     "{}",
                     y.scale(), y.zeroPoint(), scale, zeroPoint);
  return {};
}

} // namespace

/// inputs  input, one distribution along the last dimension
/// result  e^(beta·x) / Σ e^(beta·x)
Imported importTfliteSoftmax(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  const auto *options = RUNE_TRY(node.options<tflite::SoftmaxOptions>());
  ValueId x = RUNE_TRY(node.input(0, "input"));
  if (node.rank(x) == 0)
    return node.fail("`input` is `{}`, needs a dimension", node.type(x).str());
  DType from = node.dtype(x), to = RUNE_TRY(node.statedOutput()).dtype;
  if (from == DType::F32)
    return std::vector{RUNE_TRY(importFloats(node, x, options->beta()))};
  bool narrow = from == DType::I8 || from == DType::U8;
  bool known = (narrow && (to == from || to == DType::I16)) ||
               (from == DType::I16 && to == DType::I16);
  if (!known)
    return node.unsupported("{} of {}", dtypeName(to), dtypeName(from));
  RUNE_TRY(checkScale(node, from, to));
  Quantization quantization = RUNE_TRY(node.inputQuantization(0));
  double scale = static_cast<double>(options->beta()) *
                 static_cast<double>(quantization.scale());
  return std::vector{RUNE_TRY(narrow ? importFixed(node, x, to, scale)
                                     : importLookup(node, x, scale))};
}

} // namespace rune::import
