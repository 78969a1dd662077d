// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, ArgMax-1, 11, 12, 13; ArgMin alike
#include "import/onnx/node.h"

namespace rune::import {

/// inputs  data, rank r
/// result  i64: where along `axis` (by default 0) the extreme element stands;
/// of
///         equal ones the first, since 12 with `select_last_index` the last
/// errors  `axis` outside [0, r); since 11 outside [-r, r)
static Imported importArg(OnnxNode &node, Op op) {
  ValueId x = RUNE_TRY(node.input(0, "data"));
  int64_t rank = node.rank(x);
  int64_t axis = RUNE_TRY(node.integer("axis", 0));
  axis = RUNE_TRY(node.axis(axis, rank, rank, node.opset() >= 11));
  int64_t keep = RUNE_TRY(node.flag("keepdims", true));
  int64_t last =
      node.opset() >= 12 && RUNE_TRY(node.flag("select_last_index", false));
  return std::vector{RUNE_TRY(node.one(
      op, {x}, {{"axis", axis}, {"keep_dims", keep}, {"last", last}}))};
}

Imported importArgMax(OnnxNode &node) { return importArg(node, Op::ArgMax); }
Imported importArgMin(OnnxNode &node) { return importArg(node, Op::ArgMin); }

} // namespace rune::import
