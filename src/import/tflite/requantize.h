// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Real factors as fixed point, and the operator that applies them. How it
// rounds is chosen here, once, by the types of the model (DESIGN 8).
#pragma once

#include "import/tflite/activation.h"

namespace rune::import {

/// The integers that stand for real numbers.
inline bool isQuantized(DType dtype) {
  return dtype == DType::I8 || dtype == DType::U8 || dtype == DType::I16;
}

/// multiplier · 2^(shift - 31), multiplier 0 or in [2^30, 2^31).
struct FixedPoint {
  int32_t multiplier = 0;
  int32_t shift = 0;
};

/// The nearest fixed-point number to one that is 0 or more; below 2^-32 it is
/// 0.
FixedPoint nearestFixedPoint(double real);
/// The same, with a shift that `requantize` takes.
///
/// errors  `import.malformed`: not finite, negative, or above 2^30
/// source  TensorFlow Lite's quantisation specification; gemmlowp
Result<FixedPoint> fixedPoint(const TfliteNode &node, double real);

/// What TensorFlow Lite's kernels do for a result of that type: one rounding
/// for legacy uint8, two for all others.
std::string_view roundingOf(DType dtype);

struct Requantized {
  /// One, or one for each index along `axis`.
  std::vector<double> factors;
  /// Instead of factors: a multiplier below 2^30 rounds otherwise than the
  /// nearest fixed-point number.
  std::optional<FixedPoint> exact = {};
  int64_t axis = 0;
  DType dtype = DType::I8;
  std::string_view rounding = "tflite-double";
  IntegerRange range;
  int64_t zeroPoint = 0;
  /// Of the operand.
  int64_t inputZeroPoint = 0;
  int64_t leftShift = 0;
};

/// Integers of one scale as integers of another.
Result<ValueId> requantize(const TfliteNode &node, ValueId x,
                           const Requantized &how, std::string_view part = {});

/// A zero point as an operand: nothing for 0.
///
/// errors  `import.malformed`: no number of that type
Result<ValueId> zeroPointOf(const TfliteNode &node, std::string_view part,
                            DType dtype, int64_t zeroPoint);

/// An integer in 32 bits, less its zero point.
Result<ValueId> widened(const TfliteNode &node, ValueId x, int64_t zeroPoint,
                        std::string_view part);

/// A vector of 32-bit numbers.
Result<ValueId> vectorOf(const TfliteNode &node, std::string_view part,
                         std::span<const int32_t> numbers);
Result<ValueId> vectorOf(const TfliteNode &node, std::string_view part,
                         std::span<const float> numbers);

/// Quantised weights as floats, for layers whose activations are floats.
/// `axis` is the dimension of `weights` that scales run along, where there are
/// several.
Result<ValueId> dequantizedWeights(const TfliteNode &node, ValueId weights,
                                   const Quantization &quantization,
                                   int64_t axis);
/// The same where each block of the last dimension has its scale.
Result<ValueId> dequantizedBlocks(const TfliteNode &node, ValueId weights,
                                  const BlockScales &blocks);

} // namespace rune::import
