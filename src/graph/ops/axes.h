// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Splitting a shape into axes that an operator folds together and the rest.
#pragma once

#include "graph/ops/common.h"
#include "graph/rows.h"

namespace rune::graph {

/// Sizes and strides of the folded axes and of those that are kept.
struct AxisSplit {
  std::vector<int64_t> keptSizes, foldedSizes;
  Strides keptStrides, foldedStrides;
};
AxisSplit splitAxes(std::span<const int64_t> sizes,
                    std::span<const int64_t> axes);

/// Calls `body(offset)` for every element of one fold that starts at `start`.
///
/// errors  `evaluate.deadline`
template <class F>
Result<> eachFolded(Budget &budget, const AxisSplit &split, int64_t start,
                    F &&body) {
  return eachRow<1>(budget, split.foldedSizes, {split.foldedStrides},
                    [&](const Row<1> &row) -> Result<> {
                      for (int64_t i = 0; i < row.count; ++i)
                        body(start + row.start[0] + i * row.step[0]);
                      return {};
                    });
}

} // namespace rune::graph
