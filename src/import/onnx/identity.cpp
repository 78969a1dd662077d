// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Identity-1, 13, 14, 16, 19, 21, 23, 24, 25
#include "import/onnx/node.h"

namespace rune::import {

/// inputs  a tensor, a sequence or an optional value
/// result  the same; a constant stays a constant, so that a shape may pass
Imported importIdentity(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  if (node.graph().constantOf(x))
    return std::vector{x};
  return std::vector{RUNE_TRY(node.one(Op::Identity, {x}))};
}

} // namespace rune::import
