// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Flatten-1, 9, 11, 13, 21, 23, 24, 25
#include "import/onnx/node.h"

namespace rune::import {

/// inputs  rank r
/// result  two dimensions: the product of those before `axis`, and of the rest
/// errors  `axis` outside [0, r]; since 11 outside [-r, r]
Imported importFlatten(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  int64_t rank = node.rank(x);
  int64_t axis = RUNE_TRY(node.integer("axis", 1));
  axis = RUNE_TRY(node.axis(axis, rank, rank + 1, node.opset() >= 11));
  return std::vector{RUNE_TRY(node.one(Op::Flatten, {x}, {{"axis", axis}}))};
}

} // namespace rune::import
