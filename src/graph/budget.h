// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What one evaluation may use. Loops tell the budget how much they did; now and
// then it looks at the clock. Results are paid before they are allocated.
#pragma once

#include "graph/evaluate.h"

namespace rune::graph {

class Budget {
public:
  explicit Budget(const EvaluateLimits &limits) : limits_(limits) {}

  /// Counts `work` steps of a loop; false once the deadline has passed.
  bool spend(uint64_t work) {
    work_ += work + 1;
    return work_ < nextLook_ || look();
  }
  /// The error to return when `spend` was false.
  Diagnostic expired() const;

  /// errors  `evaluate.memory-limit`
  Result<> reserve(uint64_t bytes);
  void release(uint64_t bytes) { used_ -= bytes; }

  /// errors  `evaluate.memory-limit`, before anything is allocated
  Result<Tensor> allocate(DType dtype, std::vector<int64_t> sizes);

private:
  bool look();

  static constexpr uint64_t stepsBetweenLooks = 1 << 18;

  EvaluateLimits limits_;
  uint64_t used_ = 0;
  uint64_t work_ = 0;
  uint64_t nextLook_ = 0;
};

} // namespace rune::graph
