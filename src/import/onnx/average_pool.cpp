// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, AveragePool-1, 7, 10, 11, 19, 22
#include "import/onnx/node.h"
#include "import/onnx/window.h"

namespace rune::import {

/// inputs  X [N, C, D1, …]
/// result  [N, C, …], the mean of each window; since 7 the pads count with
///         `count_include_pad`, since 10 `ceil_mode` keeps a last window that
///         begins within, since 19 windows may be dilated
/// errors  readWindow · `kernel_shape` missing
Imported importAveragePool(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  auto kernel = RUNE_TRY(readKernel(node, x));
  if (!kernel)
    return node.fail("attribute `kernel_shape` is missing");
  Window window = RUNE_TRY(readWindow(node, x, *kernel, node.opset() >= 19));
  bool ceil = node.opset() >= 10 && RUNE_TRY(node.flag("ceil_mode", false));
  bool countPad =
      node.opset() >= 7 && RUNE_TRY(node.flag("count_include_pad", false));
  return std::vector{
      RUNE_TRY(node.one(Op::AveragePool, {x},
                        {{"layout", "NCX"},
                         {"kernel", *std::move(kernel)},
                         {"strides", std::move(window.strides)},
                         {"pads", std::move(window.pads)},
                         {"dilations", std::move(window.dilations)},
                         {"ceil", int64_t{ceil && !window.automatic}},
                         {"count_include_pad", int64_t{countPad}}}))};
}

} // namespace rune::import
