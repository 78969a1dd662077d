// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  TensorFlow Lite, CONV_3D
#include "import/tflite/convolution.h"
#include "import/tflite/node.h"

namespace rune::import {

/// inputs  input [N, D, H, W, C], weights [D, H, W, C / groups, O], bias [O]?
/// result  [N, D', H', W', O]
Imported importTfliteConv3d(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 3));
  const auto *options = RUNE_TRY(node.options<tflite::Conv3dOptions>());
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId weights = RUNE_TRY(node.input(1, "weights"));
  if (node.dtype(x) != DType::F32 || node.dtype(weights) != DType::F32)
    return node.unsupported("{} by weights of {}", dtypeName(node.dtype(x)),
                            dtypeName(node.dtype(weights)));
  if (node.rank(weights) != 5 || !node.type(weights).isStatic())
    return node.fail("`weights` are `{}`, needs five known dimensions",
                     node.type(weights).str());
  Integers sizes = node.type(weights).sizes();
  TfliteWindow window{
      .kernel = {sizes[0], sizes[1], sizes[2]},
      .strides = {options->stride_depth(), options->stride_height(),
                  options->stride_width()},
      .dilations = {options->dilation_depth(), options->dilation_height(),
                    options->dilation_width()}};
  RUNE_TRY(place(node, x, options->padding(), window));
  Dim channels = node.dims(x)[4];
  if (!channels.isFixed() || sizes[3] < 1 || channels.size() % sizes[3] != 0)
    return node.fail("`weights` are `{}`, `input` is `{}`: the channels do not "
                     "fit",
                     node.type(weights).str(), node.type(x).str());
  ValueId kernel =
      RUNE_TRY(node.transposed(weights, {4, 3, 0, 1, 2}, "weights"));
  Activation activation = RUNE_TRY(activationOf(node, options->activation()));
  return std::vector{RUNE_TRY(importProducts(
      node, {.op = Op::Conv,
             .integerOp = Op::ConvInteger,
             .x = x,
             .kernel = kernel,
             .channel = 4,
             .attributes = {{"layout", "NXC"},
                            {"strides", window.strides},
                            {"pads", window.pads},
                            {"dilations", window.dilations},
                            {"groups", channels.size() / sizes[3]}},
             .activation = activation}))};
}

} // namespace rune::import
