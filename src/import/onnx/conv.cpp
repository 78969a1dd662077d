// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Conv-1, 11, 22
#include "import/onnx/node.h"
#include "import/onnx/window.h"

namespace rune::import {
/// inputs  X [N, C, D1, …], W [M, C/group, k1, …], B [M]?
/// result  [N, M, …], each place the sum of products under the window
/// errors  readWindow · `kernel_shape` other than W's · channels that do not
/// fit
Imported importConv(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  ValueId weights = RUNE_TRY(node.input(1, "W"));
  ValueId bias = node.optionalInput(2);
  std::vector<Attribute> window = RUNE_TRY(readConvolution(node, x, weights));
  return std::vector{
      RUNE_TRY(node.one(Op::Conv, {x, weights, bias}, std::move(window)))};
}

} // namespace rune::import
