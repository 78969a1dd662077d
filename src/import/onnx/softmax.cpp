// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Softmax-1, 11, 13; LogSoftmax and Hardmax alike
#include "import/onnx/log_softmax.h"

#include <algorithm>
#include <numeric>

namespace rune::import {
namespace {

/// The axes of one distribution: since 13 `axis` (by default the last); before,
/// the input counts as a matrix, cut at `axis` (by default 1), so that it goes
/// over all dimensions from `axis` on.
Result<Integers> distributionAxes(OnnxNode &node, ValueId x) {
  int64_t rank = node.rank(x);
  bool oneAxis = node.opset() >= 13;
  int64_t axis = RUNE_TRY(node.integer("axis", oneAxis ? -1 : 1));
  axis = RUNE_TRY(node.axis(axis, rank, rank, node.opset() >= 11));
  Integers axes(oneAxis ? 1 : static_cast<size_t>(rank - axis));
  std::iota(axes.begin(), axes.end(), axis);
  return axes;
}

/// 1 at the first of the largest elements (NaN above all) along `axis`.
Result<ValueId> firstLargest(Composer &make, ValueId x, int64_t axis) {
  ValueId largest = RUNE_TRY(make.reduce(Op::ReduceMax, x, {axis}, true));
  ValueId isLargest = RUNE_TRY(make.one(Op::Equal, {x, largest}));
  ValueId isNumber = RUNE_TRY(make.one(Op::Equal, {x, x}));
  ValueId isNan = RUNE_TRY(make.one(Op::LogicalNot, {isNumber}));
  ValueId is = RUNE_TRY(make.one(Op::LogicalOr, {isLargest, isNan}));
  ValueId count = RUNE_TRY(make.one(
      Op::CumSum, {RUNE_TRY(make.cast(is, DType::I64))}, {{"axis", axis}}));
  ValueId isFirst =
      RUNE_TRY(make.one(Op::Equal, {count, make.scalarOf(1, DType::I64)}));
  return make.one(Op::LogicalAnd, {is, isFirst});
}

} // namespace

/// inputs  rank r
/// result  e^x / Σ e^x
/// errors  `axis` outside [0, r); since 11 outside [-r, r)
Imported importSoftmax(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  Integers axes = RUNE_TRY(distributionAxes(node, x));
  return std::vector{RUNE_TRY(node.one(Op::Softmax, {x}, {{"axes", axes}}))};
}

/// result  x - m - log Σ e^(x - m), m the largest element
Imported importLogSoftmax(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  Integers axes = RUNE_TRY(distributionAxes(node, x));
  Composer make(node);
  ValueId y = RUNE_TRY(logSoftmax(make, x, axes));
  return std::vector{RUNE_TRY(make.finish(y, node.dtype(x)))};
}

/// result  1 at the first of the largest elements, else 0
/// errors  unsupported: before 13, over several dimensions of which more than
/// one
///         is not known
Imported importHardmax(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  Integers axes = RUNE_TRY(distributionAxes(node, x));
  Composer make(node);
  if (axes.size() == 1) {
    ValueId first = RUNE_TRY(firstLargest(make, x, axes[0]));
    return std::vector{RUNE_TRY(make.finish(first, node.dtype(x)))};
  }
  Integers shape;
  for (const Dim &dim : node.type(x).dims)
    shape.push_back(dim.isFixed() ? dim.size() : -1);
  if (std::ranges::count(shape, -1) > 1)
    return node.unsupported("`{}`, of which more than one dimension is not "
                            "known",
                            node.type(x).str());
  ValueId flat = RUNE_TRY(
      make.one(Op::Flatten, {x},
               {{"axis", axes.empty() ? node.rank(x) : axes.front()}}));
  ValueId first = RUNE_TRY(firstLargest(make, flat, 1));
  int64_t exact = std::ranges::count(shape, -1) == 0;
  ValueId back = RUNE_TRY(make.one(Op::Reshape, {first, make.integers(shape)},
                                   {{"allow_zero", exact}}));
  return std::vector{RUNE_TRY(make.finish(back, node.dtype(x)))};
}

} // namespace rune::import
