// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that compute each element from one element. Floats of 16 bits are
// computed in float and rounded once.
#pragma once

#include "graph/ops/common.h"

#include <algorithm>

namespace rune::graph {

/// Constraint 1 of those that take floats only.
Result<Types> inferFloats(const InferContext &context);
/// Constraint 1 of those that take floats and signed integers.
Result<Types> inferSigned(const InferContext &context);

/// Calls `body(from, to)` for pieces of [0, count) between looks at the clock.
///
/// errors  `evaluate.deadline`
template <class F> Result<> eachPiece(Budget &budget, int64_t count, F &&body) {
  constexpr int64_t piece = 1 << 14;
  for (int64_t from = 0; from < count; from += piece) {
    int64_t to = std::min(count, from + piece);
    if (!budget.spend(static_cast<uint64_t>(to - from)))
      return budget.expired();
    body(from, to);
  }
  return {};
}

template <class T, class F>
Result<Tensors> evaluateUnaryAs(const EvalContext &context, F &&compute) {
  Tensor result = RUNE_TRY(context.allocate());
  Elements<T> in(context.input(0).data);
  T *out = elementsOf<T>(result);
  RUNE_TRY(eachPiece(context.budget, static_cast<int64_t>(result.count()),
                     [&](int64_t from, int64_t to) {
                       for (int64_t i = from; i < to; ++i)
                         out[i] = narrow<T>(compute(widen(in[i])));
                     }));
  return single(std::move(result));
}

/// `compute` on each element, in the wide type.
template <class F>
Result<Tensors> evaluateFloats(const EvalContext &context, F &&compute) {
  return withFloat(context.results[0].dtype, [&]<class T>(Type<T>) {
    return evaluateUnaryAs<T>(context, compute);
  });
}

template <class F>
Result<Tensors> evaluateSigned(const EvalContext &context, F &&compute) {
  return withNumeric(context.results[0].dtype,
                     [&]<class T>(Type<T>) -> Result<Tensors> {
                       if constexpr (std::is_unsigned_v<T>)
                         RUNE_CHECK(false, "no unsigned integers");
                       else
                         return evaluateUnaryAs<T>(context, compute);
                     });
}

} // namespace rune::graph
