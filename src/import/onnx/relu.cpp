// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Relu-1, 6, 13, 14
#include "import/onnx/node.h"

namespace rune::import {

/// inputs  X of any shape
/// result  max(X, 0)
Imported importRelu(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  if (node.opset() < 6)
    node.ignore("consumed_inputs");
  return std::vector{RUNE_TRY(node.one(Op::Relu, {x}))};
}

} // namespace rune::import
