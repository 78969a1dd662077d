// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, TopK-1, 10, 11, 24
#include "import/onnx/shape_values.h"

namespace rune::import {

/// inputs  X; since 10 K, one i64, before an attribute
/// result  the K largest elements along `axis`, since 11 the smallest with
///         `largest` 0, and their indices. Always sorted, also where `sorted`
///         0 leaves the order open
/// errors  no k; axis outside [-r, r), before 11 [0, r) or -1
Imported importTopK(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  ValueId k = noValue;
  if (node.opset() < 10) {
    auto given = RUNE_TRY(node.integer("k"));
    if (!given)
      return node.fail("attribute `k` is missing");
    k = node.constantIntegers("k", {*given});
  } else {
    k = RUNE_TRY(asInt64(node, RUNE_TRY(node.input(1, "K")), "K"));
  }
  int64_t rank = node.rank(x);
  int64_t axis = RUNE_TRY(node.integer("axis", -1));
  axis = RUNE_TRY(node.axis(axis, rank, rank, true));
  bool largest = true;
  if (node.opset() >= 11) {
    largest = RUNE_TRY(node.flag("largest", true));
    RUNE_TRY(node.flag("sorted", true));
  }
  return node.many(Op::TopK, {x, k},
                   {{"axis", axis}, {"largest", int64_t{largest}}}, 2);
}

} // namespace rune::import
