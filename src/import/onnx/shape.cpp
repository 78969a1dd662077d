// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Shape-1, 13, 15, 19, 21, 23, 24, 25; Size-1, 13, 19,
//         21, 23, 24, 25
#include "import/onnx/node.h"

namespace rune::import {

/// inputs  a tensor
/// result  its sizes, i64; since 15 of the dimensions from `start` to before
///         `end`, which count from the end if negative and are clamped
Imported importShape(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "data"));
  int64_t start = 0, end = INT64_MAX;
  if (node.opset() >= 15) {
    start = RUNE_TRY(node.integer("start", 0));
    end = RUNE_TRY(node.integer("end", INT64_MAX));
  }
  return std::vector{
      RUNE_TRY(node.one(Op::Shape, {x}, {{"start", start}, {"end", end}}))};
}

/// inputs  a tensor
/// result  the number of its elements, an i64 scalar
Imported importSize(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "data"));
  ValueId sizes = RUNE_TRY(node.one(Op::Shape, {x}, {}, "sizes"));
  return std::vector{
      RUNE_TRY(node.one(Op::ReduceProd, {sizes},
                        {{"axes", Integers{0}}, {"keep_dims", int64_t{0}}}))};
}

} // namespace rune::import
