// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, CumSum-11, 14; CumProd-26
#include "import/onnx/compose.h"

namespace rune::import {

/// inputs  x; axis, one i32 or i64, known before the run or not
/// result  the sum (product) up to each place along the axis; `exclusive`,
///         `reverse`
static Imported importCumulative(OnnxNode &node, Op op) {
  ValueId x = RUNE_TRY(node.input(0, "x"));
  ValueId axis = RUNE_TRY(node.input(1, "axis"));
  int64_t exclusive = RUNE_TRY(node.flag("exclusive", false));
  int64_t reverse = RUNE_TRY(node.flag("reverse", false));
  std::vector<Attribute> attributes = {{"exclusive", exclusive},
                                       {"reverse", reverse}};
  int64_t rank = node.rank(x);
  if (auto known = node.knownIntegers(axis); known && known->size() == 1) {
    attributes.push_back(
        {"axis", RUNE_TRY(node.axis((*known)[0], rank, rank, true))});
    return std::vector{RUNE_TRY(node.one(op, {x}, attributes))};
  }
  if (node.dtype(axis) != DType::I32 && node.dtype(axis) != DType::I64)
    return node.fail("`axis` is `{}`, needs i32 or i64", node.type(axis).str());
  axis = RUNE_TRY(Composer(node).cast(axis, DType::I64));
  return std::vector{RUNE_TRY(node.one(op, {x, axis}, attributes))};
}

Imported importCumSum(OnnxNode &node) {
  return importCumulative(node, Op::CumSum);
}
Imported importCumProd(OnnxNode &node) {
  return importCumulative(node, Op::CumProd);
}

} // namespace rune::import
