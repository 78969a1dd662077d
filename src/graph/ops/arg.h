// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where the extreme element along one axis stands.
#pragma once

#include "graph/ops/common.h"

namespace rune::graph {

/// Constraints 1 to 3.
Result<Types> inferArg(const InferContext &context);
void completeArg(const InferContext &context,
                 std::vector<Attribute> &attributes);
std::vector<AttributeSpec> argSpecs();

/// Constraint 4, then the index whose element `wins(x, best)`. NaN wins.
template <class Wins>
Result<Tensors> evaluateArg(const EvalContext &context, Wins &&wins) {
  Tensor result = RUNE_TRY(context.allocate());
  if (result.count() == 0)
    return single(std::move(result));
  std::span<const int64_t> sizes = context.input(0).sizes;
  auto axis = static_cast<size_t>(context.node.integer("axis"));
  // arg_max.4 arg_min.4: an element to choose
  if (sizes[axis] == 0)
    return context.fail(4, "no element along axis {}", axis);
  int64_t inner = rowMajorStrides(sizes)[axis];
  bool last = context.node.integer("last") != 0;
  auto *out = elementsOf<int64_t>(result);
  auto count = static_cast<int64_t>(result.count());
  RUNE_TRY(withNumbers(context.dtype(0), [&]<class N>(Type<N>) -> Result<> {
    Numbers<N> x(context.input(0));
    RunBuffer<N> numbers;
    for (int64_t i = 0; i < count; ++i) {
      if (!context.budget.spend(static_cast<uint64_t>(sizes[axis])))
        return context.budget.expired();
      ElementRun line{i / inner * inner * sizes[axis] + i % inner, inner,
                      sizes[axis]};
      N best = x[line.start];
      int64_t place = 0;
      for (int64_t done = 0; done < line.count; done += runLength) {
        ElementRun piece = line.piece(done);
        x.read(piece, numbers.data());
        for (int64_t k = done == 0 ? 1 : 0; k < piece.count; ++k) {
          N next = numbers[static_cast<size_t>(k)];
          bool equal = next == best || (isNan(next) && isNan(best));
          if (equal ? last
                    : !isNan(best) && (isNan(next) || wins(next, best))) {
            best = next;
            place = done + k;
          }
        }
      }
      out[i] = place;
    }
    return {};
  }));
  return single(std::move(result));
}

} // namespace rune::graph
