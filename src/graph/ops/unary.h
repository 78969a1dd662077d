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
Result<> eachPiece(Budget &budget, int64_t count,
                   FunctionRef<void(int64_t from, int64_t to)> body);

/// `compute` on each run of numbers of all elements of input 0, in place.
///
/// errors  `evaluate.memory-limit`, `evaluate.deadline`
template <class N>
Result<Tensors>
evaluateRuns(const EvalContext &context,
             std::type_identity_t<FunctionRef<void(N *, int64_t)>> compute);
extern template Result<Tensors>
evaluateRuns<float>(const EvalContext &, FunctionRef<void(float *, int64_t)>);
extern template Result<Tensors>
evaluateRuns<double>(const EvalContext &, FunctionRef<void(double *, int64_t)>);
extern template Result<Tensors>
evaluateRuns<int64_t>(const EvalContext &,
                      FunctionRef<void(int64_t *, int64_t)>);

template <class N, class F>
Result<Tensors> evaluateUnaryAs(const EvalContext &context, F &&compute) {
  return evaluateRuns<N>(context, [&](N *numbers, int64_t count) {
    for (int64_t i = 0; i < count; ++i)
      numbers[i] = compute(numbers[i]);
  });
}

/// `compute` on each element, in the wide type.
template <class F>
Result<Tensors> evaluateFloats(const EvalContext &context, F &&compute) {
  return context.results[0].dtype == DType::F64
             ? evaluateUnaryAs<double>(context, compute)
             : evaluateUnaryAs<float>(context, compute);
}

template <class F>
Result<Tensors> evaluateSigned(const EvalContext &context, F &&compute) {
  return isFloat(context.results[0].dtype)
             ? evaluateFloats(context, compute)
             : evaluateUnaryAs<int64_t>(context, compute);
}

} // namespace rune::graph
