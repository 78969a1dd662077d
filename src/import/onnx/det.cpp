// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Det-11, 22
#include "import/onnx/node.h"

namespace rune::import {

/// inputs  X [*, M, M], floats
/// result  [*], the determinants
Imported importDet(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  return std::vector{RUNE_TRY(node.one(Op::Det, {x}))};
}

} // namespace rune::import
