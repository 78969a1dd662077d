// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/axes.h"

#include <algorithm>

namespace rune::graph {

AxisSplit splitAxes(std::span<const int64_t> sizes,
                    std::span<const int64_t> axes) {
  AxisSplit split;
  Strides strides = rowMajorStrides(sizes);
  for (size_t i = 0; i < sizes.size(); ++i) {
    bool folded = std::ranges::count(axes, static_cast<int64_t>(i)) > 0;
    (folded ? split.foldedSizes : split.keptSizes).push_back(sizes[i]);
    (folded ? split.foldedStrides : split.keptStrides).push_back(strides[i]);
  }
  return split;
}

Result<> eachFolded(Budget &budget, const AxisSplit &split, int64_t start,
                    FunctionRef<void(const ElementRun &)> body) {
  return eachRow<1>(budget, split.foldedSizes, {split.foldedStrides},
                    [&](const Row<1> &row) -> Result<> {
                      body({start + row.start[0], row.step[0], row.count});
                      return {};
                    });
}

} // namespace rune::graph
