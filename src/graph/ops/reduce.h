// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the operators that fold axes share.
#pragma once

#include "graph/ops/axes.h"

namespace rune::graph {

/// The numbers of the constraints that all of them have.
struct ReduceRules {
  /// `axes` are ascending, each once, in range.
  int axes = 0;
  /// `keep_dims` and `empty_is_all` are 0 or 1.
  int flags = 0;
  /// The input is i64[n], and then `axes` is empty.
  int input = 0;
  /// The axes of the input are in range, each once.
  int given = 0;
};

/// `axes`, `empty_is_all`, `keep_dims`.
std::vector<AttributeSpec> reduceSpecs();
/// These and `accumulator`.
std::vector<AttributeSpec> sumSpecs();

/// The type without the folded axes, or with 1 in their place.
Result<ValueType> inferReduced(const InferContext &context,
                               const ReduceRules &rules);

/// The axes to fold, ascending, once `inferReduced` has passed them; nothing
/// while the input is not known.
std::optional<std::vector<int64_t>> foldedAxes(const InferContext &context);

/// Makes the axes positive; for `complete`.
void completeReduce(const InferContext &context,
                    std::vector<Attribute> &attributes);

/// reduce_sum and reduce_prod: constraints 1 to 6.
Result<Types> inferSum(const InferContext &context);
/// reduce_max and reduce_min: constraints 1 to 5.
Result<Types> inferExtreme(const InferContext &context);

/// Folds each group of elements, from `start` on, by `step(state, element)`;
/// `in` gives the element at an offset.
template <class T, class State, class In, class Step>
Result<> fold(const EvalContext &context, T *out, State start, In &&in,
              Step &&step) {
  AxisSplit split = splitAxes(context.input(0).sizes, *foldedAxes(context));
  Odometer place(split.keptSizes);
  do {
    State state = start;
    RUNE_TRY(eachFolded(context.budget, split, place.offset(split.keptStrides),
                        [&](int64_t at) { state = step(state, in(at)); }));
    *out++ = narrow<T>(state);
  } while (place.advance());
  return {};
}

/// Sums or products, in the accumulator.
template <class Step>
Result<Tensors> evaluateSum(const EvalContext &context, int start,
                            Step &&step) {
  Tensor result = RUNE_TRY(context.allocate());
  if (result.count() == 0)
    return single(std::move(result));
  RUNE_TRY(withAccumulator(result.dtype(), context.node.text("accumulator"),
                           [&]<class T, class Sum>(Type<T>, Type<Sum>) {
                             Elements<T> x(context.input(0).data);
                             return fold(
                                 context, elementsOf<T>(result), Sum(start),
                                 [&](int64_t at) { return Sum(widen(x[at])); },
                                 step);
                           }));
  return single(std::move(result));
}

/// The element that `wins(x, best)` over all others, or NaN.
template <class Start, class Wins>
Result<Tensors> evaluateExtreme(const EvalContext &context, Start &&start,
                                Wins &&wins) {
  Tensor result = RUNE_TRY(context.allocate());
  if (result.count() == 0)
    return single(std::move(result));
  auto run = [&]<class T>(Type<T>) {
    Elements<T> x(context.input(0).data);
    using W = Wide<T>;
    return fold(
        context, elementsOf<T>(result), start(Type<W>{}),
        [&](int64_t at) { return widen(x[at]); },
        [&](W best, W next) {
          return !isNan(best) && (isNan(next) || wins(next, best)) ? next
                                                                   : best;
        });
  };
  RUNE_TRY(result.dtype() == DType::Bool ? run(Type<bool>{})
                                         : withNumeric(result.dtype(), run));
  return single(std::move(result));
}

} // namespace rune::graph
