// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Walking tensors row by row: the inner loop of every elementwise operator is a
// plain loop over the last dimension, the deadline is polled once a row.
#pragma once

#include "graph/budget.h"
#include "graph/dims.h"
#include "graph/function_ref.h"
#include "graph/numbers.h"

#include <array>

namespace rune::graph {

using Strides = std::vector<int64_t>;

/// Strides with which a tensor of `sizes` is read as if it had `wanted`: 0
/// where it is stretched.
Strides stretchedStrides(std::span<const int64_t> sizes,
                         std::span<const int64_t> wanted);

/// Counts through all indices of `sizes`, the last dimension fastest.
class Odometer {
public:
  explicit Odometer(std::span<const int64_t> sizes)
      : sizes_(sizes), at_(sizes.size(), 0) {}

  const std::vector<int64_t> &at() const { return at_; }
  /// False after the last index; then all are 0 again.
  bool advance() {
    for (size_t i = at_.size(); i-- > 0;) {
      if (++at_[i] < sizes_[i])
        return true;
      at_[i] = 0;
    }
    return false;
  }
  /// Sum of index times stride.
  int64_t offset(std::span<const int64_t> strides) const {
    int64_t offset = 0;
    for (size_t i = 0; i < at_.size(); ++i)
      offset += at_[i] * strides[i];
    return offset;
  }

private:
  std::span<const int64_t> sizes_;
  std::vector<int64_t> at_;
};

/// One row of `count` elements of each operand: where it starts, and how far
/// its elements stand apart.
template <size_t operands> struct Row {
  std::array<int64_t, operands> start{};
  std::array<int64_t, operands> step{};
  int64_t count = 1;

  ElementRun run(size_t operand) const {
    return {start[operand], step[operand], count};
  }
};

/// Calls `body` for each row of a tensor of `sizes`; a scalar has one row. For
/// 1 to 4 operands.
///
/// errors  `evaluate.deadline`; what `body` says
template <size_t operands>
Result<> eachRow(
    Budget &budget, std::span<const int64_t> sizes,
    const std::array<Strides, operands> &strides,
    std::type_identity_t<FunctionRef<Result<>(const Row<operands> &)>> body);

} // namespace rune::graph
