// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, DFT-17, 20; STFT-17; HannWindow-17, HammingWindow-17,
//         BlackmanWindow-17; MelWeightMatrix-17
#include "import/onnx/random.h"

#include <array>

namespace rune::import {
namespace {

/// One integer as i64.
Result<ValueId> wideInteger(Composer &make, ValueId value,
                            std::string_view name) {
  OnnxNode &node = make.node();
  if (value == noValue)
    return value;
  DType dtype = node.dtype(value);
  if (dtype != DType::I32 && dtype != DType::I64)
    return node.fail("`{}` is `{}`, needs i32 or i64", name,
                     node.type(value).str());
  return make.cast(value, DType::I64);
}

/// `size` elements of a window with these coefficients.
Imported importWindow(OnnxNode &node, const std::vector<double> &coefficients) {
  Composer make(node);
  ValueId size =
      RUNE_TRY(wideInteger(make, RUNE_TRY(node.input(0, "size")), "size"));
  DType dtype = RUNE_TRY(statedType(node, "output_datatype", DType::F32));
  int64_t periodic = RUNE_TRY(node.flag("periodic", true));
  DType made = isFloat(dtype) ? dtype : DType::F64;
  std::vector<Attribute> attributes = {{"coefficients", coefficients},
                                       {"dtype", std::string(dtypeName(made))},
                                       {"periodic", periodic}};
  if (made == dtype)
    return std::vector{
        RUNE_TRY(node.one(Op::CosineWindow, {size}, attributes))};
  ValueId y = RUNE_TRY(make.one(Op::CosineWindow, {size}, attributes));
  return std::vector{RUNE_TRY(make.finish(y, dtype))};
}

} // namespace

/// inputs  input […, 1 or 2]; dft_length?; since 20 axis?, before an attribute
/// result  the spectrum along the axis; with `inverse` back; `onesided` only
/// the
///         first half of it, or back from it to real numbers
Imported importDFT(OnnxNode &node) {
  Composer make(node);
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId length =
      RUNE_TRY(wideInteger(make, node.optionalInput(1), "dft_length"));
  int64_t inverse = RUNE_TRY(node.flag("inverse", false));
  int64_t onesided = RUNE_TRY(node.flag("onesided", false));
  std::vector<ValueId> inputs = {x, length};
  int64_t axis = -2;
  if (node.opset() < 20) {
    axis = RUNE_TRY(node.integer("axis", 1));
  } else if (ValueId given = node.optionalInput(2); given != noValue) {
    auto known = node.knownIntegers(given);
    if (known && known->size() == 1)
      axis = (*known)[0];
    else
      inputs.push_back(RUNE_TRY(wideInteger(make, given, "axis")));
  }
  if (inputs.size() == 2) // the last dimension holds the parts of a number
    axis = RUNE_TRY(node.axis(axis, node.rank(x), node.rank(x) - 1, true));
  return std::vector{RUNE_TRY(node.one(
      Op::Dft, std::move(inputs),
      {{"axis", axis}, {"inverse", inverse}, {"onesided", onesided}}))};
}

/// inputs  signal [batch, length, 1 or 2]; frame_step; window?; frame_length?
/// result  [batch, frames, bins, 2]
Imported importSTFT(OnnxNode &node) {
  Composer make(node);
  ValueId x = RUNE_TRY(node.input(0, "signal"));
  ValueId step = RUNE_TRY(
      wideInteger(make, RUNE_TRY(node.input(1, "frame_step")), "frame_step"));
  ValueId window = node.optionalInput(2);
  ValueId length =
      RUNE_TRY(wideInteger(make, node.optionalInput(3), "frame_length"));
  int64_t onesided = RUNE_TRY(node.flag("onesided", true));
  if (node.rank(x) == 2) // the form of the first text of version 17
    x = RUNE_TRY(make.reshape(x, {0, 0, 1}));
  return std::vector{RUNE_TRY(
      node.one(Op::Stft, {x, step, window, length}, {{"onesided", onesided}}))};
}

/// 0.5 - 0.5·cos(2πn/N)
Imported importHannWindow(OnnxNode &node) {
  return importWindow(node, {0.5, 0.5});
}
/// 25/46 - 21/46·cos(2πn/N)
Imported importHammingWindow(OnnxNode &node) {
  return importWindow(node, {25.0 / 46, 21.0 / 46});
}
/// 0.42 - 0.5·cos(2πn/N) + 0.08·cos(4πn/N)
Imported importBlackmanWindow(OnnxNode &node) {
  return importWindow(node, {0.42, 0.5, 0.08});
}

/// inputs  num_mel_bins, dft_length, sample_rate, lower_edge_hertz,
///         upper_edge_hertz
/// result  [dft_length / 2 + 1, num_mel_bins]
Imported importMelWeightMatrix(OnnxNode &node) {
  constexpr std::array<std::string_view, 5> names = {
      "num_mel_bins", "dft_length", "sample_rate", "lower_edge_hertz",
      "upper_edge_hertz"};
  Composer make(node);
  std::vector<ValueId> inputs;
  for (size_t i = 0; i < names.size(); ++i) {
    ValueId value = RUNE_TRY(node.input(i, names[i]));
    inputs.push_back(i < 3 ? RUNE_TRY(wideInteger(make, value, names[i]))
                           : RUNE_TRY(make.cast(value, DType::F64)));
  }
  DType dtype = RUNE_TRY(statedType(node, "output_datatype", DType::F32));
  DType made = isFloat(dtype) ? dtype : DType::F64;
  std::vector<Attribute> attributes = {{"dtype", std::string(dtypeName(made))}};
  if (made == dtype)
    return std::vector{
        RUNE_TRY(node.one(Op::MelWeightMatrix, inputs, attributes))};
  ValueId y = RUNE_TRY(make.one(Op::MelWeightMatrix, inputs, attributes));
  return std::vector{RUNE_TRY(make.finish(y, dtype))};
}

} // namespace rune::import
