// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What add, sub, mul and div share: two operands of one numeric type, stretched
// to one shape. Each is computed in float for the 16-bit floats and rounded
// once.
#pragma once

#include "graph/ops/common.h"
#include "graph/rows.h"

namespace rune::graph {

/// Constraints 1 (numeric, equal element types) and 2 (shapes that broadcast).
Result<Types> inferBroadcast(const InferContext &context);

/// `compute(a, b)` on each pair, in the wide type of the elements.
template <class Compute>
Result<Tensors> evaluateArithmetic(const EvalContext &context,
                                   Compute &&compute) {
  Tensor result = RUNE_TRY(context.allocate());
  const TensorView &left = context.input(0), &right = context.input(1);
  std::array strides{stretchedStrides(left.sizes, result.sizes()),
                     stretchedStrides(right.sizes, result.sizes()),
                     rowMajorStrides(result.sizes())};
  auto done = withNumeric(result.dtype(), [&]<class T>(Type<T>) {
    Elements<T> a(left.data), b(right.data);
    T *out = elementsOf<T>(result);
    return eachRow(context.budget, result.sizes(), strides,
                   [&](const Row<3> &row) -> Result<> {
                     for (int64_t i = 0; i < row.count; ++i)
                       out[row.start[2] + i] = narrow<T>(
                           compute(widen(a[row.start[0] + i * row.step[0]]),
                                   widen(b[row.start[1] + i * row.step[1]])));
                     return {};
                   });
  });
  RUNE_TRY(std::move(done));
  return single(std::move(result));
}

} // namespace rune::graph
