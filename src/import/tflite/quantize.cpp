// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  TensorFlow Lite, QUANTIZE, versions 1 to 3
#include "import/tflite/node.h"
#include "import/tflite/requantize.h"

#include <array>

namespace rune::import {

/// inputs  input f32, or integers that stand for real numbers
/// result  the integers that stand for them at the scale of the output: floats
///         are rounded, ties away from zero; integers by the fixed-point rule
Imported importTfliteQuantize(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  Quantization y = RUNE_TRY(node.outputQuantization());
  DType from = node.dtype(x), to = RUNE_TRY(node.statedOutput()).dtype;
  if (to != DType::I8 && to != DType::U8 && to != DType::I16 &&
      to != DType::I32)
    return node.unsupported("numbers of {}", dtypeName(to));
  if (from == DType::F32) {
    std::array scale{y.scale()};
    std::vector<ValueId> operands = {
        x, RUNE_TRY(vectorOf(node, "scale", std::span<const float>(scale))),
        RUNE_TRY(zeroPointOf(node, "zero_point", to, y.zeroPoint()))};
    if (operands.back() == noValue)
      operands.pop_back();
    return std::vector{RUNE_TRY(node.one(
        Op::Quantize, std::move(operands),
        {{"dtype", std::string(dtypeName(to))}, {"rounding", "away"}}))};
  }
  if (from != DType::I8 && from != DType::U8 && from != DType::I16 &&
      from != DType::I32)
    return node.unsupported("numbers of {}", dtypeName(from));
  Quantization quantization = RUNE_TRY(node.inputQuantization(0));
  double factor = static_cast<double>(quantization.scale()) /
                  static_cast<double>(y.scale());
  bool legacy = from == DType::U8 && to == DType::U8;
  return std::vector{RUNE_TRY(
      requantize(node, x,
                 {.factors = {factor},
                  .dtype = to,
                  .rounding = legacy ? "tflite-single" : "tflite-double",
                  .range = rangeOf(to),
                  .zeroPoint = y.zeroPoint(),
                  .inputZeroPoint = quantization.zeroPoint()}))};
}

} // namespace rune::import
