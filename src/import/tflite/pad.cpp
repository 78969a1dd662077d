// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  TensorFlow Lite, PAD, PADV2, MIRROR_PAD
#include "import/tflite/node.h"
#include "import/tflite/requantize.h"

namespace rune::import {
namespace {

/// A pair for each dimension, as all begins, then all ends.
Result<ValueId> padsOf(const TfliteNode &node, ValueId x) {
  ValueId operand = RUNE_TRY(node.input(1, "paddings"));
  Integers pairs = RUNE_TRY(node.constantIntegers(operand, "paddings"));
  size_t rank = static_cast<size_t>(node.rank(x));
  if (pairs.size() != 2 * rank)
    return node.fail("`paddings` has {} numbers, `input` is `{}`", pairs.size(),
                     node.type(x).str());
  Integers pads(pairs.size());
  for (size_t i = 0; i < rank; ++i) {
    if (pairs[2 * i] < 0 || pairs[2 * i + 1] < 0)
      return node.fail("`paddings` has negative numbers");
    pads[i] = pairs[2 * i];
    pads[i + rank] = pairs[2 * i + 1];
  }
  return node.integers("pads", pads);
}

/// The number that stands for 0.
Result<ValueId> nothingOf(const TfliteNode &node, ValueId x) {
  DType dtype = node.dtype(x);
  if (!node.inputIsQuantized(0) || isFloat(dtype))
    return noValue;
  Quantization y = RUNE_TRY(node.outputQuantization());
  return zeroPointOf(node, "value", dtype, y.zeroPoint());
}

Imported padded(TfliteNode &node, ValueId x, ValueId value,
                std::string_view mode) {
  std::vector<ValueId> operands = {x, RUNE_TRY(padsOf(node, x))};
  if (value != noValue)
    operands.push_back(value);
  return std::vector{RUNE_TRY(
      node.one(Op::Pad, std::move(operands), {{"mode", std::string(mode)}}))};
}

} // namespace

/// inputs  input, paddings i32[rank, 2]
/// result  with zeros around it: of quantised numbers what stands for 0
Imported importTflitePad(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  return padded(node, x, RUNE_TRY(nothingOf(node, x)), "constant");
}

/// inputs  …, value: a scalar of the type and scale of the input
Imported importTflitePadV2(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 3));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId value = node.optionalInput(2);
  if (value == noValue)
    return padded(node, x, RUNE_TRY(nothingOf(node, x)), "constant");
  if (node.rank(value) > 0)
    value = RUNE_TRY(node.reshaped(value, {}, "value"));
  return padded(node, x, value, "constant");
}

Imported importTfliteMirrorPad(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  const auto *options = RUNE_TRY(node.options<tflite::MirrorPadOptions>());
  if (options->mode() != 0 && options->mode() != 1)
    return node.fail("mode number {} is not known", options->mode());
  return padded(node, RUNE_TRY(node.input(0, "input")), noValue,
                options->mode() == 0 ? "reflect" : "symmetric");
}

} // namespace rune::import
