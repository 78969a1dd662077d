// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What operators that run bodies share: types that flow into them and out, and
// the tensors that a loop stacks turn by turn.
#pragma once

#include "graph/ops/blocks.h"
#include "graph/ops/common.h"
#include "graph/plan.h"

namespace rune::graph {

/// The stacked tensors of one output of a loop.
class Stack {
public:
  /// Adds the tensor of this turn.
  ///
  /// errors  `evaluate.memory-limit`; nothing if its sizes are those before
  Result<bool> add(const PlanContext &context, const Item &item);
  /// All of them along a new `axis`; `element` says what none have in common.
  Result<Item> finish(const PlanContext &context, const ValueType &element,
                      size_t axis, bool backwards) const;
  /// `[2, 3]`
  std::string sizes() const;

private:
  std::vector<SharedTensor> tensors_;
  std::vector<Paid> paid_;
};

/// The type of stacked elements: `length` of them along `axis`.
ValueType stacked(ValueType element, Dim length, size_t axis);

} // namespace rune::graph
