// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  TensorFlow Lite, CUMSUM; of 8 bits TensorFlow Lite Micro's
#include "import/tflite/node.h"
#include "import/tflite/requantize.h"

namespace rune::import {
namespace {

/// Bits that the reference kernel keeps behind the point of its sums.
constexpr int64_t bitsOfSums = 20;

/// Sums of whole numbers, brought to the scale of the result. The reference
/// kernel begins its sums at the zero point, negative, and so does this.
Result<ValueId> quantizedSums(const TfliteNode &node, ValueId x,
                              std::vector<ValueId> axis,
                              std::vector<Attribute> attributes) {
  Quantization from = RUNE_TRY(node.inputQuantization(0));
  Quantization to = RUNE_TRY(node.outputQuantization());
  ValueId wide = RUNE_TRY(widened(node, x, from.zeroPoint(), "wide"));
  axis.insert(axis.begin(), wide);
  ValueId sums = RUNE_TRY(
      node.one(Op::CumSum, std::move(axis), std::move(attributes), "sums"));
  double down = static_cast<double>(int64_t{1} << bitsOfSums) *
                static_cast<double>(to.scale());
  return requantize(node, sums,
                    {.factors = {2 * static_cast<double>(from.scale()) / down},
                     .dtype = DType::I8,
                     .range = rangeOf(DType::I8),
                     .zeroPoint = to.zeroPoint(),
                     .inputZeroPoint = from.zeroPoint(),
                     .leftShift = bitsOfSums - 1}); // of twice the scale
}

} // namespace

/// inputs  input, axis: one i32
/// result  the sum of what is before each place, and of the place itself
Imported importTfliteCumsum(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  const auto *options = RUNE_TRY(node.options<tflite::CumSumOptions>());
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId axis = RUNE_TRY(node.input(1, "axis"));
  std::vector<Attribute> attributes = {
      {"exclusive", int64_t{options->exclusive()}},
      {"reverse", int64_t{options->reverse()}}};
  std::vector<ValueId> operands;
  if (auto known = node.knownIntegers(axis)) {
    if (known->size() != 1)
      return node.fail("`axis` has {} numbers, needs one", known->size());
    attributes.push_back(
        {"axis", RUNE_TRY(node.axis(known->front(), node.rank(x)))});
  } else {
    operands.push_back(
        RUNE_TRY(node.one(Op::Cast, {axis}, {{"dtype", "i64"}}, "axis")));
  }
  DType dtype = node.dtype(x);
  if (dtype == DType::I8)
    return std::vector{RUNE_TRY(
        quantizedSums(node, x, std::move(operands), std::move(attributes)))};
  if (dtype != DType::F32 && dtype != DType::I32 && dtype != DType::I64)
    return node.unsupported("numbers of {}", dtypeName(dtype));
  operands.insert(operands.begin(), x);
  return std::vector{RUNE_TRY(
      node.one(Op::CumSum, std::move(operands), std::move(attributes)))};
}

} // namespace rune::import
