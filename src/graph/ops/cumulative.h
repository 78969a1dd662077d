// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What cum_sum and cum_prod share.
#pragma once

#include "graph/ops/common.h"

namespace rune::graph {

/// Constraints 1 to 5.
Result<Types> inferCumulative(const InferContext &context);
void completeCumulative(const InferContext &context,
                        std::vector<Attribute> &attributes);
std::vector<AttributeSpec> cumulativeSpecs();
/// The axis, from the front; nothing while the input is not known.
std::optional<int64_t> cumulativeAxis(const InferContext &context);

/// result[k] = step(… step(start, x[0]) …, x[k]) along the axis; without x[k]
/// where it is exclusive, from the end where it is reversed.
template <class Step>
Result<Tensors> evaluateCumulative(const EvalContext &context, int start,
                                   Step &&step) {
  Tensor result = RUNE_TRY(context.allocate());
  if (result.count() == 0)
    return single(std::move(result));
  auto axis = static_cast<size_t>(*cumulativeAxis(context));
  int64_t size = result.sizes()[axis];
  int64_t inner = rowMajorStrides(result.sizes())[axis];
  auto lines = static_cast<int64_t>(result.count()) / size;
  bool exclusive = context.node.integer("exclusive") != 0;
  bool reverse = context.node.integer("reverse") != 0;
  RUNE_TRY(withNumeric(result.dtype(), [&]<class T>(Type<T>) -> Result<> {
    Elements<T> x(context.input(0).data);
    T *out = elementsOf<T>(result);
    for (int64_t line = 0; line < lines; ++line) {
      if (!context.budget.spend(static_cast<uint64_t>(size)))
        return context.budget.expired();
      int64_t first = line / inner * inner * size + line % inner;
      Wide<T> state = static_cast<Wide<T>>(start);
      for (int64_t k = 0; k < size; ++k) {
        int64_t at = first + (reverse ? size - 1 - k : k) * inner;
        Wide<T> next = step(state, widen(x[at]));
        out[at] = narrow<T>(exclusive ? state : next);
        state = next;
      }
    }
    return {};
  }));
  return single(std::move(result));
}

} // namespace rune::graph
