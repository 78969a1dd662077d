// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Normalisations that are put together from reductions.
//
// source  ONNX operators, LpNormalization-1, 22; MeanVarianceNormalization-9,
// 13
#include "import/onnx/compose.h"

#include <algorithm>

namespace rune::import {

/// inputs  input, floats
/// result  input divided by its norm along `axis` (by default the last); 0
/// where
///         that is 0
/// errors  `p` other than 1 and 2
Imported importLpNormalization(OnnxNode &node) {
  ValueId input = RUNE_TRY(node.input(0, "input"));
  DType dtype = node.dtype(input);
  int64_t rank = node.rank(input);
  int64_t axis =
      RUNE_TRY(node.axis(RUNE_TRY(node.integer("axis", -1)), rank, rank, true));
  int64_t p = RUNE_TRY(node.integer("p", 2));
  if (p != 1 && p != 2)
    return node.fail("`p` is {}, needs 1 or 2", p);
  Composer make(node);
  ValueId x = RUNE_TRY(make.cast(input, Composer::wideOf(dtype)));
  ValueId parts =
      p == 1 ? RUNE_TRY(make.one(Op::Abs, {x})) : RUNE_TRY(make.mul(x, x));
  ValueId norm = RUNE_TRY(make.reduce(Op::ReduceSum, parts, {axis}, true));
  if (p == 2)
    norm = RUNE_TRY(make.one(Op::Sqrt, {norm}));
  ValueId zero = make.scalar(0, x);
  ValueId isZero = RUNE_TRY(make.one(Op::Equal, {norm, zero}));
  ValueId y = RUNE_TRY(make.choose(isZero, zero, RUNE_TRY(make.div(x, norm))));
  return std::vector{RUNE_TRY(make.finish(y, dtype))};
}

/// inputs  X, floats
/// result  (X - mean) / (deviation + 1e-9) over `axes`, by default 0, 2, 3
Imported importMeanVarianceNormalization(OnnxNode &node) {
  ValueId input = RUNE_TRY(node.input(0, "X"));
  DType dtype = node.dtype(input);
  int64_t rank = node.rank(input);
  Integers axes = RUNE_TRY(node.integers("axes")).value_or(Integers{0, 2, 3});
  for (int64_t &axis : axes)
    axis = RUNE_TRY(node.axis(axis, rank, rank, true));
  std::ranges::sort(axes);
  Composer make(node);
  ValueId x = RUNE_TRY(make.cast(input, Composer::wideOf(dtype)));
  ValueId mean = RUNE_TRY(make.reduce(Op::ReduceMean, x, axes, true));
  ValueId off = RUNE_TRY(make.sub(x, mean));
  ValueId variance = RUNE_TRY(
      make.reduce(Op::ReduceMean, RUNE_TRY(make.mul(off, off)), axes, true));
  ValueId deviation = RUNE_TRY(make.one(Op::Sqrt, {variance}));
  ValueId y = RUNE_TRY(
      make.div(off, RUNE_TRY(make.add(deviation, make.scalar(1e-9, x)))));
  return std::vector{RUNE_TRY(make.finish(y, dtype))};
}

} // namespace rune::import
