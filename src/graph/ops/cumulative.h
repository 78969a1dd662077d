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
  RUNE_TRY(withNumbers(result.dtype(), [&]<class N>(Type<N>) -> Result<> {
    Numbers<N> x(context.input(0));
    NumberSink<N> out(result);
    RunBuffer<N> numbers;
    for (int64_t line = 0; line < lines; ++line) {
      if (!context.budget.spend(static_cast<uint64_t>(size)))
        return context.budget.expired();
      ElementRun run{line / inner * inner * size + line % inner, inner, size};
      if (reverse)
        run = {run.start + (size - 1) * inner, -inner, size};
      N state = static_cast<N>(start);
      for (int64_t done = 0; done < size; done += runLength) {
        ElementRun piece = run.piece(done);
        x.read(piece, numbers.data());
        for (size_t k = 0; k < static_cast<size_t>(piece.count); ++k) {
          N next = step(state, numbers[k]);
          numbers[k] = exclusive ? state : next;
          state = next;
        }
        out.write(numbers.data(), piece);
      }
    }
    return {};
  }));
  return single(std::move(result));
}

} // namespace rune::graph
