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

} // namespace rune::graph
