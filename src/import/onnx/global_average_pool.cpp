// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, GlobalAveragePool-1, 22
#include "import/onnx/node.h"

#include <numeric>

namespace rune::import {

/// inputs  X [N, C, D1, …]
/// result  [N, C, 1, …], the mean over the spatial dimensions
/// errors  no spatial dimension
Imported importGlobalAveragePool(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  if (node.rank(x) < 3)
    return node.fail("`X` is `{}`, needs [N, C, D1, …]", node.type(x).str());
  Integers axes(static_cast<size_t>(node.rank(x) - 2));
  std::iota(axes.begin(), axes.end(), 2);
  return std::vector{RUNE_TRY(node.one(
      Op::ReduceMean, {x}, {{"axes", axes}, {"keep_dims", int64_t{1}}}))};
}

} // namespace rune::import
