// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the operators on two operands share: one element type, stretched to one
// shape. Each is computed in float for the 16-bit floats and rounded once.
#pragma once

#include "graph/ops/common.h"
#include "graph/rows.h"

namespace rune::graph {

/// Constraints 1 (numeric, equal element types) and 2 (shapes that broadcast).
Result<Types> inferBroadcast(const InferContext &context);
/// The same, of which bool comes.
Result<Types> inferComparison(const InferContext &context);
/// The same for bool.
Result<Types> inferLogical(const InferContext &context);

/// Runs of pairs; what comes of a pair takes the place of `a`.
template <class N>
using PairRun =
    std::type_identity_t<FunctionRef<void(N *a, const N *b, int64_t count)>>;

/// `compute` on runs of all pairs of elements, whose numbers are N; the result
/// has their element type, or is bool.
///
/// errors  `evaluate.memory-limit`, `evaluate.deadline`
template <class N>
Result<Tensors> evaluatePairs(const EvalContext &context, PairRun<N> compute);
extern template Result<Tensors> evaluatePairs<float>(const EvalContext &,
                                                     PairRun<float>);
extern template Result<Tensors> evaluatePairs<double>(const EvalContext &,
                                                      PairRun<double>);
extern template Result<Tensors> evaluatePairs<int64_t>(const EvalContext &,
                                                       PairRun<int64_t>);
extern template Result<Tensors> evaluatePairs<uint64_t>(const EvalContext &,
                                                        PairRun<uint64_t>);

template <class N, class Compute>
Result<Tensors> evaluatePairsAs(const EvalContext &context, Compute &&compute) {
  return evaluatePairs<N>(context, [&](N *a, const N *b, int64_t count) {
    for (int64_t i = 0; i < count; ++i)
      a[i] = static_cast<N>(compute(a[i], b[i]));
  });
}

/// `compute(a, b)` on each pair, in numbers of the elements (graph/numbers.h).
/// Of integers that is 64 bits, wrapped at the end.
template <class Compute>
Result<Tensors> evaluateArithmetic(const EvalContext &context,
                                   Compute &&compute) {
  return withNumbers(context.dtype(0), [&]<class N>(Type<N>) {
    return evaluatePairsAs<N>(context, compute);
  });
}

/// The same for integers only.
template <class Compute>
Result<Tensors> evaluateIntegers(const EvalContext &context,
                                 Compute &&compute) {
  return dtypeKind(context.dtype(0)) == DTypeKind::Signed
             ? evaluatePairsAs<int64_t>(context, compute)
             : evaluatePairsAs<uint64_t>(context, compute);
}

/// `compute(a, b)` on each pair, which gives bool.
template <class Compute>
Result<Tensors> evaluateComparison(const EvalContext &context,
                                   Compute &&compute) {
  return evaluateArithmetic(context, compute);
}

} // namespace rune::graph
