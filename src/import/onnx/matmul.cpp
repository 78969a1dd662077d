// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, MatMul-1, 9, 13
#include "import/onnx/node.h"

namespace rune::import {

/// inputs  A, B of rank 1 or more
/// result  numpy's matmul: leading dimensions are broadcast, a vector is a row
/// on
///         the left and a column on the right
Imported importMatMul(OnnxNode &node) {
  ValueId a = RUNE_TRY(node.input(0, "A"));
  ValueId b = RUNE_TRY(node.input(1, "B"));
  return std::vector{RUNE_TRY(node.one(Op::MatMul, {a, b}))};
}

} // namespace rune::import
