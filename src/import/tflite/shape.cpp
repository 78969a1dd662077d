// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  TensorFlow Lite, SHAPE, version 1
#include "import/tflite/node.h"

namespace rune::import {

/// result  the sizes of the input, constants where they are known; names of
///         open ones are followed through the arithmetic of sizes
Imported importTfliteShape(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  DType dtype = RUNE_TRY(node.statedOutput()).dtype;
  if (dtype != DType::I32 && dtype != DType::I64)
    return node.fail("sizes of {}, needs i32 or i64", dtypeName(dtype));
  if (dtype == DType::I64)
    return std::vector{RUNE_TRY(node.one(Op::Shape, {x}))};
  ValueId sizes = RUNE_TRY(node.one(Op::Shape, {x}, {}, "sizes"));
  return std::vector{RUNE_TRY(node.one(Op::Cast, {sizes}, {{"dtype", "i32"}}))};
}

} // namespace rune::import
