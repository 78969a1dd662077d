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

/// `compute(a, b)` on each pair of wide `T`, rounded to `R`.
template <class T, class R, class Compute>
Result<> eachPair(const EvalContext &context, Tensor &result,
                  Compute &&compute) {
  const TensorView &left = context.input(0), &right = context.input(1);
  std::array strides{stretchedStrides(left.sizes, result.sizes()),
                     stretchedStrides(right.sizes, result.sizes()),
                     rowMajorStrides(result.sizes())};
  Elements<T> a(left.data), b(right.data);
  R *out = elementsOf<R>(result);
  return eachRow(context.budget, result.sizes(), strides,
                 [&](const Row<3> &row) -> Result<> {
                   for (int64_t i = 0; i < row.count; ++i)
                     out[row.start[2] + i] = narrow<R>(
                         compute(widen(a[row.start[0] + i * row.step[0]]),
                                 widen(b[row.start[1] + i * row.step[1]])));
                   return {};
                 });
}

/// `compute(a, b)` on each pair, in the wide type of the elements.
template <class Compute>
Result<Tensors> evaluateArithmetic(const EvalContext &context,
                                   Compute &&compute) {
  Tensor result = RUNE_TRY(context.allocate());
  RUNE_TRY(withNumeric(result.dtype(), [&]<class T>(Type<T>) {
    return eachPair<T, T>(context, result, compute);
  }));
  return single(std::move(result));
}

/// `compute(a, b)` on each pair, which gives bool.
template <class Compute>
Result<Tensors> evaluateComparison(const EvalContext &context,
                                   Compute &&compute) {
  Tensor result = RUNE_TRY(context.allocate());
  if (context.dtype(0) == DType::Bool)
    RUNE_TRY(
        (eachPair<uint8_t, uint8_t>(context, result, [&](uint8_t a, uint8_t b) {
          return compute(a != 0, b != 0);
        })));
  else
    RUNE_TRY(withNumeric(context.dtype(0), [&]<class T>(Type<T>) {
      return eachPair<T, uint8_t>(context, result, compute);
    }));
  return single(std::move(result));
}

} // namespace rune::graph
