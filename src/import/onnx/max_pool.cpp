// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, MaxPool-1, 8, 10, 11, 12, 22
#include "import/onnx/node.h"
#include "import/onnx/window.h"

namespace rune::import {

/// inputs  X [N, C, D1, …]
/// result  [N, C, …], the largest of each window; since 8 Indices too: its
/// place
///         in X, counted row by row, or with `storage_order` = 1 column by
///         column. Since 10 `ceil_mode` and dilations
/// errors  readWindow · `kernel_shape` missing
Imported importMaxPool(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  auto kernel = RUNE_TRY(readKernel(node, x));
  if (!kernel)
    return node.fail("attribute `kernel_shape` is missing");
  bool since10 = node.opset() >= 10;
  Window window = RUNE_TRY(readWindow(node, x, *kernel, since10));
  bool ceil = since10 && RUNE_TRY(node.flag("ceil_mode", false));
  bool columnMajor =
      node.opset() >= 8 && RUNE_TRY(node.flag("storage_order", false));
  if (node.wants(1) && node.opset() < 8)
    return node.fail("two outputs, this version gives one");
  return node.many(Op::MaxPool, {x},
                   {{"layout", "NCX"},
                    {"kernel", *std::move(kernel)},
                    {"strides", std::move(window.strides)},
                    {"pads", std::move(window.pads)},
                    {"dilations", std::move(window.dilations)},
                    {"ceil", int64_t{ceil && !window.automatic}},
                    {"column_major", int64_t{columnMajor}}},
                   node.wants(1) ? 2 : 1);
}

} // namespace rune::import
