// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pools other than MaxPool and AveragePool.
//
// source  ONNX operators, GlobalMaxPool-1, 22; GlobalLpPool-1, 2, 22; LpPool-1,
//         2, 11, 18, 22; MaxUnpool-9, 11, 22
#include "import/onnx/node.h"
#include "import/onnx/window.h"

#include <numeric>

namespace rune::import {
namespace {

Result<Integers> spatialAxes(const OnnxNode &node, ValueId x) {
  if (node.rank(x) < 3)
    return node.fail("`X` is `{}`, needs [N, C, D1, …]", node.type(x).str());
  Integers axes(static_cast<size_t>(node.rank(x) - 2));
  std::iota(axes.begin(), axes.end(), 2);
  return axes;
}

/// A float in version 1, an integer since.
Result<double> powerOf(OnnxNode &node) {
  double p = 2;
  if (node.opset() < 2)
    p = RUNE_TRY(node.number("p", 2));
  else
    p = static_cast<double>(RUNE_TRY(node.integer("p", 2)));
  if (!(p > 0))
    return node.fail("`p` is {}, must be above 0", p);
  return p;
}

Result<Integers> kernelOf(OnnxNode &node, ValueId x) {
  auto kernel = RUNE_TRY(readKernel(node, x));
  if (!kernel)
    return node.fail("attribute `kernel_shape` is missing");
  return *std::move(kernel);
}

} // namespace

/// inputs  X [N, C, D1, …]
/// result  [N, C, 1, …], the largest element
/// errors  no spatial dimension
Imported importGlobalMaxPool(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  Integers axes = RUNE_TRY(spatialAxes(node, x));
  return std::vector{RUNE_TRY(node.one(
      Op::ReduceMax, {x}, {{"axes", axes}, {"keep_dims", int64_t{1}}}))};
}

/// inputs  X [N, C, D1, …]
/// result  [N, C, 1, …], (Σ |x|^p)^(1/p)
/// errors  no spatial dimension · `p` of 0 or less
Imported importGlobalLpPool(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  Integers axes = RUNE_TRY(spatialAxes(node, x));
  double p = RUNE_TRY(powerOf(node));
  DType dtype = node.dtype(x);
  ValueId size = RUNE_TRY(node.one(Op::Abs, {x}, {}, "abs"));
  ValueId power = RUNE_TRY(node.one(
      Op::Pow, {size, node.constantScalar("p", dtype, p)}, {}, "power"));
  ValueId sum =
      RUNE_TRY(node.one(Op::ReduceSum, {power},
                        {{"axes", axes}, {"keep_dims", int64_t{1}}}, "sum"));
  return std::vector{RUNE_TRY(
      node.one(Op::Pow, {sum, node.constantScalar("root", dtype, 1 / p)}))};
}

/// inputs  X [N, C, D1, …]
/// result  [N, C, …], (Σ |x|^p)^(1/p) under each window; since 18 dilations and
///         `ceil_mode`
/// errors  readWindow · `kernel_shape` missing · `p` of 0 or less
Imported importLpPool(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  Integers kernel = RUNE_TRY(kernelOf(node, x));
  bool since18 = node.opset() >= 18;
  Window window = RUNE_TRY(readWindow(node, x, kernel, since18));
  bool ceil = since18 && RUNE_TRY(node.flag("ceil_mode", false));
  double p = RUNE_TRY(powerOf(node));
  return std::vector{
      RUNE_TRY(node.one(Op::LpPool, {x},
                        {{"kernel", std::move(kernel)},
                         {"strides", std::move(window.strides)},
                         {"pads", std::move(window.pads)},
                         {"dilations", std::move(window.dilations)},
                         {"ceil", int64_t{ceil && !window.automatic}},
                         {"p", p}}))};
}

/// inputs  X, I of the same sizes; output_shape?, known before the run or not
/// result  the elements of X where MaxPool found them, zeros elsewhere
/// errors  readWindow · `kernel_shape` missing
Imported importMaxUnpool(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  ValueId indices = RUNE_TRY(node.input(1, "I"));
  ValueId shape = node.optionalInput(2);
  Integers kernel = RUNE_TRY(kernelOf(node, x));
  Window window = RUNE_TRY(readWindow(node, x, kernel, false));
  return std::vector{RUNE_TRY(node.one(Op::MaxUnpool, {x, indices, shape},
                                       {{"kernel", std::move(kernel)},
                                        {"strides", std::move(window.strides)},
                                        {"pads", std::move(window.pads)}}))};
}

} // namespace rune::import
