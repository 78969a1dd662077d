// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What quantize and dequantize share: scales and zero points for all of x, for
// each index along an axis, or for each block along it.
#pragma once

#include "graph/ops/per_axis.h"
#include "graph/small_types.h"

namespace rune::graph {

/// Constraints 2 to 4: how scale and zero point, inputs 1 and 2, go with x.
///
/// in  `zeroType` is what a zero point must be
Result<> checkParameters(const InferContext &context, DType zeroType);

/// The zero points as numbers, one for each scale; zeros where there are none.
///
/// errors  `evaluate.memory-limit`: paid from the budget, the caller gives 8
///         bytes for each back
Result<std::vector<double>> zeroPoints(const EvalContext &context);

/// Calls `body(parameter, from, to)` for runs of elements of x that share a
/// parameter.
///
/// errors  `evaluate.deadline`
template <class F>
Result<> eachParameter(const EvalContext &context, F &&body) {
  std::span<const int64_t> sizes = context.input(0).sizes;
  int64_t axis = context.node.integer("axis");
  int64_t block = context.node.integer("block");
  auto parameters =
      static_cast<int64_t>(RUNE_TRY(elementCount(context.input(1).sizes)));
  if (block == 0)
    return eachChannel(context.budget, sizes, axis, parameters, body);
  auto at = static_cast<size_t>(axis);
  int64_t outer = 1, along = sizes[at], inner = rowMajorStrides(sizes)[at];
  for (size_t i = 0; i < at; ++i)
    outer *= sizes[i];
  int64_t blocks = context.input(1).sizes[at];
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < along; ++i) {
      if (!context.budget.spend(static_cast<uint64_t>(inner)))
        return context.budget.expired();
      int64_t parameter = (o * blocks + i / block) * inner;
      int64_t from = (o * along + i) * inner;
      for (int64_t k = 0; k < inner; ++k)
        body(parameter + k, from + k, from + k + 1);
    }
  return {};
}

} // namespace rune::graph
