// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Conv-1, 11, 22
#include "import/onnx/node.h"
#include "import/onnx/window.h"

namespace rune::import {
namespace {

/// The spatial sizes of the weights, which `kernel_shape` may only repeat; it
/// stands alone where they are not known.
Result<Integers> kernelOf(OnnxNode &node, ValueId x, ValueId weights) {
  auto stated = RUNE_TRY(readKernel(node, x));
  if (node.rank(weights) != node.rank(x))
    return node.fail("`W` is `{}`, `X` is `{}`: the ranks differ",
                     node.type(weights).str(), node.type(x).str());
  Integers kernel(static_cast<size_t>(node.rank(x) - 2));
  for (size_t i = 0; i < kernel.size(); ++i) {
    const Dim &dim = node.type(weights).dims[i + 2];
    if (!dim.isFixed() && !stated)
      return node.unsupported("weights `{}` without `kernel_shape`",
                              node.type(weights).str());
    kernel[i] = dim.isFixed() ? dim.size() : (*stated)[i];
    if (stated && (*stated)[i] != kernel[i])
      return node.fail("`kernel_shape` has {} where `W` (`{}`) has {}",
                       (*stated)[i], node.type(weights).str(), kernel[i]);
    if (kernel[i] < 1)
      return node.fail("`W` is `{}`: an empty window",
                       node.type(weights).str());
  }
  return kernel;
}

} // namespace

/// inputs  X [N, C, D1, …], W [M, C/group, k1, …], B [M]?
/// result  [N, M, …], each place the sum of products under the window
/// errors  readWindow · `kernel_shape` other than W's · channels that do not
/// fit
Imported importConv(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  ValueId weights = RUNE_TRY(node.input(1, "W"));
  ValueId bias = node.optionalInput(2);
  Integers kernel = RUNE_TRY(kernelOf(node, x, weights));
  Window window = RUNE_TRY(readWindow(node, x, kernel, true));
  int64_t groups = RUNE_TRY(node.integer("group", 1));
  if (groups < 1)
    return node.fail("`group` is {}, needs 1 or more", groups);
  return std::vector{
      RUNE_TRY(node.one(Op::Conv, {x, weights, bias},
                        {{"layout", "NCX"},
                         {"strides", std::move(window.strides)},
                         {"pads", std::move(window.pads)},
                         {"dilations", std::move(window.dilations)},
                         {"groups", groups}}))};
}

} // namespace rune::import
