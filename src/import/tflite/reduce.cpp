// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  TensorFlow Lite, MEAN, SUM, REDUCE_PROD, REDUCE_MAX, REDUCE_MIN,
//         ARG_MAX, ARG_MIN
#include "import/tflite/node.h"
#include "import/tflite/requantize.h"
#include "import/tflite/sizes.h"

#include <algorithm>
#include <bit>

namespace rune::import {
namespace {

/// What all of them are told.
struct Reduction {
  ValueId x;
  Integers axes;
  bool keep = false;

  std::vector<Attribute> attributes() const {
    return {{"axes", axes}, {"keep_dims", int64_t{keep}}};
  }
};

Result<Reduction> read(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  const auto *options = RUNE_TRY(node.options<tflite::ReduceOptions>());
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId axes = RUNE_TRY(node.input(1, "axes"));
  return Reduction{x, RUNE_TRY(axesOf(node, axes, node.rank(x))),
                   options->keep_dimensions()};
}

/// How many elements make one of the result.
Result<int64_t> countOf(const TfliteNode &node, const Reduction &reduction) {
  int64_t count = 1;
  for (int64_t axis : reduction.axes) {
    Dim dim = node.dims(reduction.x)[static_cast<size_t>(axis)];
    if (!dim.isFixed())
      return node.unsupported("quantised numbers over dimension {} of `{}`, "
                              "whose size is not known",
                              axis, node.type(reduction.x).str());
    if (__builtin_mul_overflow(count, dim.size(), &count) || count > int64_t{1}
                                                                         << 23)
      return node.unsupported("more than 2^23 quantised numbers");
  }
  if (count == 0)
    return node.unsupported("no quantised numbers");
  return count;
}

Result<ValueId> sumOf(const TfliteNode &node, const Reduction &reduction) {
  ValueId wide =
      RUNE_TRY(node.one(Op::Cast, {reduction.x}, {{"dtype", "i32"}}, "wide"));
  return node.one(Op::ReduceSum, {wide}, reduction.attributes(), "sum");
}

/// The factor divided by the count, as the reference kernels do it: in the
/// multiplier, which keeps as many bits more as the count takes.
FixedPoint dividedFactor(FixedPoint fixed, int64_t count) {
  int shift = std::bit_width(static_cast<uint64_t>(count)) - 1;
  shift = std::min({shift, 32, 31 + fixed.shift});
  int64_t multiplier = int64_t{fixed.multiplier} * (int64_t{1} << shift);
  return {static_cast<int32_t>(multiplier / count), fixed.shift - shift};
}

Result<ValueId> quantizedSum(const TfliteNode &node, const Reduction &reduction,
                             bool mean) {
  DType dtype = node.dtype(reduction.x);
  Quantization from = RUNE_TRY(node.inputQuantization(0));
  Quantization to = RUNE_TRY(node.outputQuantization());
  int64_t count = RUNE_TRY(countOf(node, reduction));
  ValueId sum = RUNE_TRY(sumOf(node, reduction));
  double factor =
      static_cast<double>(from.scale()) / static_cast<double>(to.scale());
  FixedPoint fixed = RUNE_TRY(fixedPoint(node, factor));
  return requantize(node, sum,
                    {.factors = {},
                     .exact = mean ? dividedFactor(fixed, count) : fixed,
                     .dtype = dtype,
                     .rounding = roundingOf(dtype),
                     .range = rangeOf(dtype),
                     .zeroPoint = to.zeroPoint(),
                     .inputZeroPoint = from.zeroPoint() * count});
}

Imported importSum(TfliteNode &node, Op op) {
  Reduction reduction = RUNE_TRY(read(node));
  DType dtype = node.dtype(reduction.x);
  if (isQuantized(dtype) && op == Op::ReduceProd)
    return node.unsupported("quantised numbers");
  if (isQuantized(dtype))
    return std::vector{
        RUNE_TRY(quantizedSum(node, reduction, op == Op::ReduceMean))};
  return std::vector{
      RUNE_TRY(node.one(op, {reduction.x}, reduction.attributes()))};
}

Imported importExtreme(TfliteNode &node, Op op) {
  Reduction reduction = RUNE_TRY(read(node));
  if (isQuantized(node.dtype(reduction.x)) &&
      RUNE_TRY(node.inputQuantization(0)) !=
          RUNE_TRY(node.outputQuantization()))
    return node.unsupported("quantised numbers of different scales");
  return std::vector{
      RUNE_TRY(node.one(op, {reduction.x}, reduction.attributes()))};
}

/// inputs  input, axis
/// result  where the largest or smallest stands, of equal ones the first
Imported importArg(TfliteNode &node, Op op) {
  RUNE_TRY(node.checkInputs(2, 2));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  Integers axes =
      RUNE_TRY(node.constantIntegers(RUNE_TRY(node.input(1, "axis")), "axis"));
  if (axes.size() != 1)
    return node.fail("`axis` has {} numbers, needs one", axes.size());
  int64_t axis = RUNE_TRY(node.axis(axes[0], node.rank(x)));
  DType to = RUNE_TRY(node.statedOutput()).dtype;
  bool cast = to == DType::I32;
  if (!cast && to != DType::I64)
    return node.fail("indices of {}, needs i32 or i64", dtypeName(to));
  ValueId y =
      RUNE_TRY(node.one(op, {x}, {{"axis", axis}, {"keep_dims", int64_t{0}}},
                        cast ? "index" : ""));
  if (cast)
    y = RUNE_TRY(node.one(Op::Cast, {y}, {{"dtype", "i32"}}));
  return std::vector{y};
}

} // namespace

Imported importTfliteMean(TfliteNode &node) {
  return importSum(node, Op::ReduceMean);
}
Imported importTfliteSum(TfliteNode &node) {
  return importSum(node, Op::ReduceSum);
}
Imported importTfliteReduceProd(TfliteNode &node) {
  return importSum(node, Op::ReduceProd);
}
Imported importTfliteReduceMax(TfliteNode &node) {
  return importExtreme(node, Op::ReduceMax);
}
Imported importTfliteReduceMin(TfliteNode &node) {
  return importExtreme(node, Op::ReduceMin);
}
/// Of truth values: whether all are true, and whether any is.
static Imported importTruth(TfliteNode &node, Op op) {
  Reduction reduction = RUNE_TRY(read(node));
  if (node.dtype(reduction.x) != DType::Bool)
    return node.fail("`input` is `{}`, needs bool",
                     node.type(reduction.x).str());
  return std::vector{
      RUNE_TRY(node.one(op, {reduction.x}, reduction.attributes()))};
}
Imported importTfliteReduceAll(TfliteNode &node) {
  return importTruth(node, Op::ReduceMin);
}
Imported importTfliteReduceAny(TfliteNode &node) {
  return importTruth(node, Op::ReduceMax);
}

Imported importTfliteArgMax(TfliteNode &node) {
  return importArg(node, Op::ArgMax);
}
Imported importTfliteArgMin(TfliteNode &node) {
  return importArg(node, Op::ArgMin);
}

} // namespace rune::import
