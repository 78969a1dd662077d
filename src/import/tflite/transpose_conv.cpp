// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  TensorFlow Lite, TRANSPOSE_CONV, versions 1 to 5
#include "import/tflite/convolution.h"
#include "import/tflite/node.h"

#include <algorithm>

namespace rune::import {
namespace {

/// Pads for which the result, seen as the input of a convolution with that
/// window, has the places of x. An end may be negative: then the result goes on
/// where no element of x reaches.
Result<Integers> padsOf(const TfliteNode &node, ValueId x, int8_t padding,
                        const TfliteWindow &window, const Integers &out) {
  Integers pads(4);
  for (size_t i = 0; i < 2; ++i) {
    Dim dim = node.dims(x)[i + 1];
    if (!dim.isFixed())
      return node.unsupported("`input` is `{}`: its size is not known",
                              node.type(x).str());
    int64_t kernel = RUNE_TRY(positive(node, "the window", window.kernel[i]));
    int64_t stride = RUNE_TRY(positive(node, "the stride", window.strides[i]));
    int64_t size = RUNE_TRY(positive(node, "the result", out[i + 1]));
    int64_t places = size / stride + (size % stride != 0);
    if (padding == 0)
      pads[i] = std::max<int64_t>(0, (places - 1) * stride + kernel - size) / 2;
    pads[i + 2] = (dim.size() - 1) * stride + kernel - pads[i] - size;
  }
  return pads;
}

/// The sizes of the result; where they arrive with the run, those the file
/// states.
Result<Integers> shapeOf(const TfliteNode &node) {
  ValueId shape = RUNE_TRY(node.input(0, "output_shape"));
  if (auto known = node.knownIntegers(shape))
    return *std::move(known);
  TensorType stated = RUNE_TRY(node.statedOutput());
  if (!stated.isStatic())
    return node.unsupported(
        "`output_shape`, which is not known before the run");
  return stated.sizes();
}

} // namespace

/// inputs  shape i32[4] of the result, weights [O, h, w, C], input [N, H, W,
/// C],
///         bias [O]?
/// result  what a convolution with these weights would have to read to give the
///         input, each element spread over the window
Imported importTfliteTransposeConv(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(3, 4));
  const auto *options = RUNE_TRY(node.options<tflite::TransposeConvOptions>());
  Integers shape = RUNE_TRY(shapeOf(node));
  ValueId weights = RUNE_TRY(node.input(1, "weights"));
  ValueId x = RUNE_TRY(node.input(2, "input"));
  if (shape.size() != 4 || node.rank(x) != 4)
    return node.fail("`output_shape` has {} numbers, `input` is `{}`, needs "
                     "four dimensions",
                     shape.size(), node.type(x).str());
  if (node.rank(weights) != 4 || !node.type(weights).isStatic())
    return node.fail("`weights` are `{}`, needs four known dimensions",
                     node.type(weights).str());
  if (options->padding() != 0 && options->padding() != 1)
    return node.fail("padding number {} is not known", options->padding());
  Integers sizes = node.type(weights).sizes();
  TfliteWindow window{
      .kernel = {sizes[1], sizes[2]},
      .strides = {options->stride_height(), options->stride_width()}};
  window.pads = RUNE_TRY(padsOf(node, x, options->padding(), window, shape));
  ValueId kernel = RUNE_TRY(node.transposed(weights, {3, 0, 1, 2}, "weights"));
  Activation activation = RUNE_TRY(activationOf(node, options->activation()));
  return std::vector{
      RUNE_TRY(importProducts(node, {.op = Op::ConvTranspose,
                                     .integerOp = Op::ConvTransposeInteger,
                                     .input = 2,
                                     .weights = 1,
                                     .bias = 3,
                                     .x = x,
                                     .kernel = kernel,
                                     .kernelChannel = 1,
                                     .channel = 3,
                                     .attributes = {{"layout", "NXC"},
                                                    {"strides", window.strides},
                                                    {"pads", window.pads}},
                                     .activation = activation}))};
}

} // namespace rune::import
