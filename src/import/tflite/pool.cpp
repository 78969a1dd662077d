// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  TensorFlow Lite, AVERAGE_POOL_2D and MAX_POOL_2D, versions 1 to 3,
//         L2_POOL_2D
#include "import/tflite/activation.h"
#include "import/tflite/node.h"
#include "import/tflite/window.h"

namespace rune::import {
namespace {

/// Quantised numbers are pooled as they are: result and input have one scale.
Result<ValueId> activated(const TfliteNode &node, ValueId y,
                          Activation activation) {
  DType dtype = node.dtype(y);
  if (isFloat(dtype))
    return activate(node, y, activation);
  Quantization quantization = RUNE_TRY(node.outputQuantization());
  IntegerRange range = RUNE_TRY(rangeOf(node, activation, dtype, quantization));
  IntegerRange all = rangeOf(dtype);
  if (range.low == all.low && range.high == all.high)
    return y;
  ValueId low =
      RUNE_TRY(node.scalar("low", dtype, static_cast<double>(range.low)));
  ValueId high =
      RUNE_TRY(node.scalar("high", dtype, static_cast<double>(range.high)));
  return node.one(Op::Clamp, {y, low, high}, {}, "clamp");
}

Result<ValueId> pooled(const TfliteNode &node, Op op, ValueId x,
                       const tflite::PoolOptions &options) {
  TfliteWindow window{
      .kernel = {options.height(), options.width()},
      .strides = {options.stride_height(), options.stride_width()}};
  RUNE_TRY(place(node, x, options.padding(), window));
  return node.one(op, {x},
                  {{"layout", "NXC"},
                   {"kernel", window.kernel},
                   {"strides", window.strides},
                   {"pads", window.pads}},
                  "pool");
}

/// inputs  input [N, H, W, C]
/// result  [N, H', W', C], the mean or the largest of what lies inside
Imported importPool(TfliteNode &node, Op op) {
  RUNE_TRY(node.checkInputs(1, 1));
  const auto *options = RUNE_TRY(node.options<tflite::PoolOptions>());
  ValueId x = RUNE_TRY(node.input(0, "input"));
  DType dtype = node.dtype(x);
  if (dtype != DType::F32 && dtype != DType::I8 && dtype != DType::U8 &&
      dtype != DType::I16)
    return node.unsupported("`input` is `{}`", node.type(x).str());
  ValueId y = RUNE_TRY(pooled(node, op, x, *options));
  Activation activation = RUNE_TRY(activationOf(node, options->activation()));
  return std::vector{RUNE_TRY(activated(node, y, activation))};
}

} // namespace

Imported importTfliteAveragePool2d(TfliteNode &node) {
  return importPool(node, Op::AveragePool);
}
Imported importTfliteMaxPool2d(TfliteNode &node) {
  return importPool(node, Op::MaxPool);
}

/// result  the root of the mean of the squares of what lies inside
Imported importTfliteL2Pool2d(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  const auto *options = RUNE_TRY(node.options<tflite::PoolOptions>());
  ValueId x = RUNE_TRY(node.input(0, "input"));
  if (node.dtype(x) != DType::F32)
    return node.unsupported("`input` is `{}`", node.type(x).str());
  ValueId squares = RUNE_TRY(node.one(Op::Mul, {x, x}, {}, "squares"));
  ValueId mean = RUNE_TRY(pooled(node, Op::AveragePool, squares, *options));
  ValueId root = RUNE_TRY(node.one(Op::Sqrt, {mean}, {}, "root"));
  Activation activation = RUNE_TRY(activationOf(node, options->activation()));
  return std::vector{RUNE_TRY(activate(node, root, activation))};
}

} // namespace rune::import
