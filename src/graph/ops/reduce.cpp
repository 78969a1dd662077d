// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/reduce.h"

#include <algorithm>

namespace rune::graph {

std::vector<AttributeSpec> reduceSpecs() {
  return {{"axes", AttributeKind::Integers, std::nullopt, {}},
          flagSpec("empty_is_all"),
          flagSpec("keep_dims", 1)};
}

std::vector<AttributeSpec> sumSpecs() {
  std::vector<AttributeSpec> specs = reduceSpecs();
  specs.insert(specs.begin(), accumulatorSpec());
  return specs;
}

/// The axes of the input, from the front and ascending; they may be wrong.
static std::vector<int64_t> givenAxes(const InferContext &context) {
  std::vector<int64_t> axes = *context.integers(1);
  size_t rank = context.rank(0);
  if (axes.empty() && context.node.integer("empty_is_all") != 0)
    for (size_t i = 0; i < rank; ++i)
      axes.push_back(static_cast<int64_t>(i));
  for (int64_t &axis : axes)
    axis = fromEnd(axis, rank);
  std::ranges::sort(axes);
  return axes;
}

std::optional<std::vector<int64_t>> foldedAxes(const InferContext &context) {
  if (!context.has(1))
    return context.node.integers("axes");
  if (!context.values[1])
    return std::nullopt;
  return givenAxes(context);
}

static ValueType reducedType(const InferContext &context,
                             std::span<const int64_t> axes, bool keep) {
  ValueType result(context.dtype(0), {});
  for (size_t i = 0; i < context.rank(0); ++i)
    if (!std::ranges::count(axes, static_cast<int64_t>(i)))
      result.dims.push_back(context.dims(0)[i]);
    else if (keep)
      result.dims.push_back(1);
  return result;
}

/// The axes come in the run: which they are is not known, but how many.
static Result<ValueType> inferLater(const InferContext &context,
                                    const ReduceRules &rules, bool keep) {
  size_t rank = context.rank(0);
  if (keep)
    return ValueType(context.dtype(0), Dims(rank, Dim::unknown()));
  const Dim &count = context.dims(1)[0];
  if (!count.isFixed())
    return ValueType::of(Form::Tensor, context.dtype(0), std::nullopt);
  if (count.size() > static_cast<int64_t>(rank))
    return context.fail(rules.input, "input 1 is {}, there are {} axes",
                        context.type(1).str(), rank);
  auto folded = static_cast<size_t>(count.size());
  if (folded == 0 && context.node.integer("empty_is_all") != 0)
    folded = rank;
  return ValueType(context.dtype(0), Dims(rank - folded, Dim::unknown()));
}

Result<ValueType> inferReduced(const InferContext &context,
                               const ReduceRules &rules) {
  const TensorType &x = context.type(0);
  const auto &axes = context.node.integers("axes");
  // reduce_sum.2 reduce_prod.2 reduce_max.2 reduce_min.2 reduce_mean.2: axes
  // ascending, each once, in range
  if (!areAxes(axes, x.dims.size()))
    return context.fail(rules.axes, "`axes` [{}] are not ascending axes of {}",
                        fmt::join(axes, ", "), x.str());
  // reduce_sum.4 reduce_prod.4 reduce_max.3 reduce_min.3 reduce_mean.4: flags
  // are 0 or 1
  int64_t keep = context.node.integer("keep_dims");
  int64_t all = context.node.integer("empty_is_all");
  if ((keep | all) >> 1 != 0)
    return context.fail(rules.flags,
                        "`keep_dims` is {}, `empty_is_all` is {}; they are 0 "
                        "or 1",
                        keep, all);
  if (!context.has(1))
    return reducedType(context, axes, keep != 0);
  // reduce_sum.5 reduce_prod.5 reduce_max.4 reduce_min.4 reduce_mean.6: the
  // input is i64[n], and stands instead of the attribute
  const TensorType &given = context.type(1);
  if (given.dtype != DType::I64 || given.dims.size() != 1 || !axes.empty())
    return context.fail(rules.input,
                        "input 1 is {} beside `axes` [{}], must be i64[n] "
                        "beside none",
                        given.str(), fmt::join(axes, ", "));
  auto folded = foldedAxes(context);
  if (!folded)
    return inferLater(context, rules, keep != 0);
  // reduce_sum.6 reduce_prod.6 reduce_max.5 reduce_min.5 reduce_mean.7: its
  // elements are axes, each once
  if (!areAxes(*folded, x.dims.size()))
    return context.fail(rules.given, "axes [{}] are not distinct axes of {}",
                        fmt::join(*context.integers(1), ", "), x.str());
  return reducedType(context, *folded, keep != 0);
}

void completeReduce(const InferContext &context,
                    std::vector<Attribute> &attributes) {
  completeAxes(context, attributes, "axes");
  completeAccumulator(context, attributes);
}

Result<Types> inferSum(const InferContext &context) {
  // reduce_sum.1 reduce_prod.1: numbers
  if (!isNumeric(context.dtype(0)))
    return context.fail(1, "needs numbers, got {}", context.type(0).str());
  ValueType result = RUNE_TRY(inferReduced(context, {2, 4, 5, 6}));
  // reduce_sum.3 reduce_prod.3: an accumulator that holds the elements
  if (!mayAccumulate(context.dtype(0), context.node.text("accumulator")))
    return context.fail(3, "sums of {} cannot be kept in `{}`",
                        dtypeName(context.dtype(0)),
                        context.node.text("accumulator"));
  return Types{result};
}

Result<Types> inferExtreme(const InferContext &context) {
  // reduce_max.1 reduce_min.1: numbers or bool
  if (!isNumeric(context.dtype(0)) && context.dtype(0) != DType::Bool)
    return context.fail(1, "needs numbers or bool, got {}",
                        context.type(0).str());
  return Types{RUNE_TRY(inferReduced(context, {2, 3, 4, 5}))};
}

template <class N>
Result<> fold(const EvalContext &context, Tensor &result, N start,
              FoldRun<N> step) {
  AxisSplit split = splitAxes(context.input(0).sizes, *foldedAxes(context));
  Numbers<N> x(context.input(0));
  NumberSink<N> out(result);
  Odometer place(split.keptSizes);
  int64_t at = 0;
  do {
    N state = start;
    RUNE_TRY(eachFoldedPiece(context.budget, split,
                             place.offset(split.keptStrides), x,
                             [&](const N *numbers, const ElementRun &run) {
                               state = step(state, numbers, run.count);
                             }));
    out.set(at++, state);
  } while (place.advance());
  return {};
}

template Result<> fold<float>(const EvalContext &, Tensor &, float,
                              FoldRun<float>);
template Result<> fold<double>(const EvalContext &, Tensor &, double,
                               FoldRun<double>);
template Result<> fold<int64_t>(const EvalContext &, Tensor &, int64_t,
                                FoldRun<int64_t>);
template Result<> fold<uint64_t>(const EvalContext &, Tensor &, uint64_t,
                                 FoldRun<uint64_t>);

} // namespace rune::graph
