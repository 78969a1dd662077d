// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Transpose-1, 13, 21, 23, 24, 25
#include "import/onnx/node.h"

namespace rune::import {

/// inputs  rank r
/// result  dimension i is the input's dimension perm[i]; by default in reverse
/// errors  `perm` is no permutation of 0 … r-1
Imported importTranspose(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "data"));
  auto permutation = RUNE_TRY(node.integers("perm"));
  if (!permutation) {
    permutation.emplace();
    for (int64_t axis = node.rank(x); axis-- > 0;)
      permutation->push_back(axis);
  }
  return std::vector{RUNE_TRY(node.one(
      Op::Transpose, {x}, {{"permutation", *std::move(permutation)}}))};
}

} // namespace rune::import
