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

/// Numbers of one fold, one run after the other.
template <class N>
using FoldRun = std::type_identity_t<
    FunctionRef<N(N state, const N *numbers, int64_t count)>>;

/// Folds each group of elements, from `start` on, into the elements of
/// `result`.
///
/// errors  `evaluate.deadline`
template <class N>
Result<> fold(const EvalContext &context, Tensor &result, N start,
              FoldRun<N> step);
extern template Result<> fold<float>(const EvalContext &, Tensor &, float,
                                     FoldRun<float>);
extern template Result<> fold<double>(const EvalContext &, Tensor &, double,
                                      FoldRun<double>);
extern template Result<> fold<int64_t>(const EvalContext &, Tensor &, int64_t,
                                       FoldRun<int64_t>);
extern template Result<> fold<uint64_t>(const EvalContext &, Tensor &, uint64_t,
                                        FoldRun<uint64_t>);

/// The same by `step(state, number)`.
template <class N, class Step>
Result<> foldEach(const EvalContext &context, Tensor &result, N start,
                  Step &&step) {
  return fold<N>(context, result, start,
                 [&](N state, const N *numbers, int64_t count) {
                   for (int64_t i = 0; i < count; ++i)
                     state = step(state, numbers[i]);
                   return state;
                 });
}

/// Sums or products, in the accumulator.
template <class Step>
Result<Tensors> evaluateSum(const EvalContext &context, int start,
                            Step &&step) {
  Tensor result = RUNE_TRY(context.allocate());
  if (result.count() == 0)
    return single(std::move(result));
  RUNE_TRY(withSums(
      result.dtype(), context.node.text("accumulator"), [&]<class N>(Type<N>) {
        return foldEach(context, result, static_cast<N>(start), step);
      }));
  return single(std::move(result));
}

/// The element that `wins(x, best)` over all others, or NaN; that of
/// `start(Type<N>, element type)` where there is none.
template <class Start, class Wins>
Result<Tensors> evaluateExtreme(const EvalContext &context, Start &&start,
                                Wins &&wins) {
  Tensor result = RUNE_TRY(context.allocate());
  if (result.count() == 0)
    return single(std::move(result));
  RUNE_TRY(withNumbers(result.dtype(), [&]<class N>(Type<N> type) {
    return foldEach(
        context, result, start(type, result.dtype()), [&](N best, N next) {
          return !isNan(best) && (isNan(next) || wins(next, best)) ? next
                                                                   : best;
        });
  }));
  return single(std::move(result));
}

} // namespace rune::graph
