// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Softmax-1, 11, 13
#include "import/onnx/node.h"

#include <numeric>

namespace rune::import {

/// inputs  rank r
/// result  e^x / Σ e^x: since 13 along `axis` (by default the last); before,
/// the
///         input counts as a matrix, cut at `axis` (by default 1), so the sum
///         goes over all dimensions from `axis` on
/// errors  `axis` outside [0, r); since 11 outside [-r, r)
Imported importSoftmax(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  int64_t rank = node.rank(x);
  bool oneAxis = node.opset() >= 13;
  int64_t axis = RUNE_TRY(node.integer("axis", oneAxis ? -1 : 1));
  axis = RUNE_TRY(node.axis(axis, rank, rank, node.opset() >= 11));
  Integers axes(oneAxis ? 1 : static_cast<size_t>(rank - axis));
  std::iota(axes.begin(), axes.end(), axis);
  return std::vector{RUNE_TRY(node.one(Op::Softmax, {x}, {{"axes", axes}}))};
}

} // namespace rune::import
