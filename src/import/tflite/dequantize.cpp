// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  TensorFlow Lite, DEQUANTIZE, versions 1 to 6
#include "import/tflite/node.h"
#include "import/tflite/requantize.h"

namespace rune::import {

/// inputs  input: integers with a scale (one, or one for each index along a
///         dimension), or f16
/// result  f32
Imported importTfliteDequantize(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  DType dtype = node.dtype(x);
  if (dtype == DType::F16)
    return std::vector{RUNE_TRY(node.one(Op::Cast, {x}, {{"dtype", "f32"}}))};
  if (dtype != DType::I8 && dtype != DType::U8 && dtype != DType::I16 &&
      dtype != DType::I32)
    return node.unsupported("numbers of {}", dtypeName(dtype));
  Quantization quantization = RUNE_TRY(node.weightQuantization(0));
  if (quantization.perAxis())
    return std::vector{
        RUNE_TRY(dequantizedWeights(node, x, quantization, quantization.axis))};
  std::vector<ValueId> operands = {
      x, RUNE_TRY(vectorOf(node, "scale", quantization.scales)),
      RUNE_TRY(
          zeroPointOf(node, "zero_point", dtype, quantization.zeroPoint()))};
  if (operands.back() == noValue)
    operands.pop_back();
  return std::vector{RUNE_TRY(node.one(Op::Dequantize, std::move(operands)))};
}

} // namespace rune::import
