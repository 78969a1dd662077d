// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Reshape-1, 5, 13, 14, 19, 21, 23, 24, 25
#include "import/onnx/node.h"

namespace rune::import {

/// inputs  data; since 5 shape, i64[n] (before, an attribute)
/// result  the same elements in n dimensions: one -1 is what is left over, a 0
///         copies the dimension (since 14 not with `allowzero`)
/// errors  no shape, or one that does not fit
Imported importReshape(OnnxNode &node) {
  ValueId data = RUNE_TRY(node.input(0, "data"));
  ValueId shape = noValue;
  if (node.opset() < 5) {
    node.ignore("consumed_inputs");
    auto sizes = RUNE_TRY(node.integers("shape"));
    if (!sizes)
      return node.fail("attribute `shape` is missing");
    shape = node.constantIntegers("shape", *sizes);
  } else {
    shape = RUNE_TRY(node.input(1, "shape"));
  }
  bool allowZero =
      node.opset() >= 14 && RUNE_TRY(node.flag("allowzero", false));
  return std::vector{RUNE_TRY(node.one(Op::Reshape, {data, shape},
                                       {{"allow_zero", int64_t{allowZero}}}))};
}

} // namespace rune::import
