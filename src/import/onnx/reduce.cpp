// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ten reductions. Five are operators of ours; L1, L2, LogSum, LogSumExp and
// SumSquare are put together from them, 16-bit floats in f32 and integers,
// where a root or a logarithm is taken, in f64, so that only the result is
// rounded.
//
// source  ONNX operators, Reduce*-1, 11, 13, 18; ReduceSum-13; ReduceMax-20
#include "graph/numeric.h"
#include "import/onnx/compose.h"

#include <algorithm>
#include <numeric>

namespace rune::import {
namespace {

/// Which axes are folded: known now, or an input.
struct Fold {
  ValueId axes = noValue;
  Integers known;
  bool emptyIsAll = false;
  bool keep = true;

  std::vector<Attribute> attributes(bool keepDims) const {
    return {{"axes", known},
            {"empty_is_all", int64_t{emptyIsAll}},
            {"keep_dims", int64_t{keepDims}}};
  }
};

Integers allAxes(int64_t rank) {
  Integers axes(static_cast<size_t>(rank));
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}

/// The axes as ONNX counts them, each once, from the front.
Result<Integers> checkedAxes(const OnnxNode &node, Integers axes,
                             int64_t rank) {
  for (int64_t &axis : axes)
    axis = RUNE_TRY(node.axis(axis, rank, rank, true));
  std::ranges::sort(axes);
  if (std::ranges::adjacent_find(axes) != axes.end())
    return node.fail("`axes` name a dimension twice");
  return axes;
}

/// Before `inputSince` the axes are an attribute.
Result<Fold> foldOf(OnnxNode &node, int64_t rank, int64_t inputSince) {
  Fold fold;
  fold.keep = RUNE_TRY(node.flag("keepdims", true));
  if (node.opset() < inputSince) {
    auto axes = RUNE_TRY(node.integers("axes"));
    fold.known = axes && !axes->empty()
                     ? RUNE_TRY(checkedAxes(node, *axes, rank))
                     : allAxes(rank);
    return fold;
  }
  bool all = !RUNE_TRY(node.flag("noop_with_empty_axes", false));
  ValueId input = node.optionalInput(1);
  if (input == noValue) {
    fold.known = all ? allAxes(rank) : Integers();
    return fold;
  }
  const TensorType &type = node.type(input);
  if (type.dtype != DType::I64 || type.dims.size() != 1)
    return node.fail("`axes` is `{}`, needs `i64[n]`", type.str());
  auto known = node.knownIntegers(input);
  if (known && !known->empty())
    fold.known = RUNE_TRY(checkedAxes(node, *known, rank));
  else if (known || type.dims[0] == Dim(0))
    fold.known = all ? allAxes(rank) : Integers();
  else
    fold = {input, {}, all, fold.keep};
  return fold;
}

Result<ValueId> reduce(OnnxNode &node, Op op, ValueId x, const Fold &fold,
                       bool keep, std::string_view part = {}) {
  std::vector<ValueId> inputs = {x};
  if (fold.axes != noValue)
    inputs.push_back(fold.axes);
  return node.one(op, std::move(inputs), fold.attributes(keep), part);
}

/// One of our own operators.
Imported importPlain(OnnxNode &node, Op op, int64_t inputSince) {
  ValueId x = RUNE_TRY(node.input(0, "data"));
  Fold fold = RUNE_TRY(foldOf(node, node.rank(x), inputSince));
  return std::vector{RUNE_TRY(reduce(node, op, x, fold, fold.keep))};
}

using Compute = Result<ValueId> (*)(Composer &, ValueId, const Fold &);

/// A composition; `real` if it leaves the integers.
Imported importComposed(OnnxNode &node, bool real, Compute compute) {
  ValueId x = RUNE_TRY(node.input(0, "data"));
  Fold fold = RUNE_TRY(foldOf(node, node.rank(x), 18));
  DType dtype = node.dtype(x);
  if (!graph::isNumeric(dtype))
    return node.fail("`data` is `{}`, needs numbers", node.type(x).str());
  Composer make(node);
  ValueId wide =
      RUNE_TRY(make.cast(x, real ? make.realOf(dtype) : make.wideOf(dtype)));
  ValueId y = RUNE_TRY(compute(make, wide, fold));
  return std::vector{RUNE_TRY(make.finish(y, dtype))};
}

Result<ValueId> sumOf(Composer &make, ValueId x, const Fold &fold) {
  return reduce(make.node(), Op::ReduceSum, x, fold, fold.keep,
                make.part("sum"));
}

Result<ValueId> l1(Composer &make, ValueId x, const Fold &fold) {
  DType dtype = make.node().dtype(x);
  if (dtypeKind(dtype) != DTypeKind::Unsigned)
    x = RUNE_TRY(make.one(Op::Abs, {x}));
  return sumOf(make, x, fold);
}

Result<ValueId> sumSquare(Composer &make, ValueId x, const Fold &fold) {
  return sumOf(make, RUNE_TRY(make.one(Op::Mul, {x, x})), fold);
}

Result<ValueId> l2(Composer &make, ValueId x, const Fold &fold) {
  return make.one(Op::Sqrt, {RUNE_TRY(sumSquare(make, x, fold))});
}

Result<ValueId> logSum(Composer &make, ValueId x, const Fold &fold) {
  return make.one(Op::Log, {RUNE_TRY(sumOf(make, x, fold))});
}

/// m + log Σ e^(x - m), m the largest element, brought into the finite numbers:
/// so -∞ alone, or nothing at all, gives -∞.
Result<ValueId> logSumExp(Composer &make, ValueId x, const Fold &fold) {
  OnnxNode &node = make.node();
  ValueId largest = RUNE_TRY(
      reduce(node, Op::ReduceMax, x, fold, true, make.part("largest")));
  largest = RUNE_TRY(make.finite(largest));
  ValueId below = RUNE_TRY(make.one(Op::Sub, {x, largest}));
  ValueId sum =
      RUNE_TRY(reduce(node, Op::ReduceSum, RUNE_TRY(make.one(Op::Exp, {below})),
                      fold, fold.keep, make.part("sum")));
  ValueId rest = RUNE_TRY(make.one(Op::Log, {sum}));
  if (!fold.keep) { // the same numbers, without the dimensions
    largest = RUNE_TRY(
        reduce(node, Op::ReduceMax, x, fold, false, make.part("offset")));
    largest = RUNE_TRY(make.finite(largest));
  }
  return make.one(Op::Add, {rest, largest});
}

} // namespace

/// inputs  data; axes? since 13, before an attribute
/// result  Σ data over the axes, over all without any (unless
///         `noop_with_empty_axes`)
/// errors  axes outside [-r, r), or twice
Imported importReduceSum(OnnxNode &node) {
  return importPlain(node, Op::ReduceSum, 13);
}
/// As ReduceSum; the axes are an input since 18.
Imported importReduceMean(OnnxNode &node) {
  return importPlain(node, Op::ReduceMean, 18);
}
Imported importReduceProd(OnnxNode &node) {
  return importPlain(node, Op::ReduceProd, 18);
}
Imported importReduceMax(OnnxNode &node) {
  return importPlain(node, Op::ReduceMax, 18);
}
Imported importReduceMin(OnnxNode &node) {
  return importPlain(node, Op::ReduceMin, 18);
}

/// Σ |data|
Imported importReduceL1(OnnxNode &node) {
  return importComposed(node, false, l1);
}
/// √Σ data²
Imported importReduceL2(OnnxNode &node) {
  return importComposed(node, true, l2);
}
/// Σ data²
Imported importReduceSumSquare(OnnxNode &node) {
  return importComposed(node, false, sumSquare);
}
/// log Σ data
Imported importReduceLogSum(OnnxNode &node) {
  return importComposed(node, true, logSum);
}
/// log Σ e^data
Imported importReduceLogSumExp(OnnxNode &node) {
  return importComposed(node, true, logSumExp);
}

} // namespace rune::import
