// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  TensorFlow Lite, CONCATENATION, versions 1 to 3
#include "import/tflite/lookup_table.h"
#include "import/tflite/node.h"

#include <cmath>

namespace rune::import {
namespace {

/// An input at the scale of the result, by TensorFlow Lite's rule for uint8: in
/// floats, a number of 8 bits at a time.
Result<ValueId> rescaled(const TfliteNode &node, ValueId x,
                         const Quantization &from, const Quantization &to,
                         std::string_view part) {
  DType dtype = node.dtype(x);
  if (dtypeBits(dtype) != 8)
    return node.unsupported("inputs of {} with other scales than the result",
                            dtypeName(dtype));
  float scale = from.scale() * (1 / to.scale());
  float bias = -static_cast<float>(from.zeroPoint()) * scale;
  ValueId table = RUNE_TRY(byteTable(
      node, fmt::format("{}/table", part), dtype, [&](int64_t number) {
        float value = std::round(static_cast<float>(number) * scale + bias);
        return static_cast<int64_t>(value) + to.zeroPoint();
      }));
  return node.one(Op::Lookup, {x, table}, {}, part);
}

} // namespace

Imported importTfliteConcatenation(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, graph::maxPerNode));
  const auto *options = RUNE_TRY(node.options<tflite::ConcatenationOptions>());
  Activation activation = RUNE_TRY(activationOf(node, options->activation()));
  ValueId first = RUNE_TRY(node.input(0, "values"));
  int64_t axis = RUNE_TRY(node.axis(options->axis(), node.rank(first)));
  DType dtype = node.dtype(first);
  bool quantized =
      (dtype == DType::I8 || dtype == DType::U8 || dtype == DType::I16) &&
      node.inputIsQuantized(0);
  std::vector<ValueId> values;
  for (size_t i = 0; i < node.inputs(); ++i) {
    values.push_back(RUNE_TRY(node.input(i, "values")));
    if (!quantized)
      continue;
    Quantization from = RUNE_TRY(node.inputQuantization(i));
    Quantization to = RUNE_TRY(node.outputQuantization());
    if (from.scale() != to.scale() || from.zeroPoint() != to.zeroPoint())
      values.back() = RUNE_TRY(
          rescaled(node, values.back(), from, to, fmt::format("value{}", i)));
  }
  ValueId y = RUNE_TRY(
      node.one(Op::Concat, std::move(values), {{"axis", axis}}, "joined"));
  if (!quantized)
    return std::vector{RUNE_TRY(activate(node, y, activation))};
  if (activation != Activation::None)
    return node.unsupported("an activation of quantised numbers");
  return std::vector{y};
}

} // namespace rune::import
