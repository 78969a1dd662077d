// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/rows.h"

namespace rune::graph {

Strides stretchedStrides(std::span<const int64_t> sizes,
                         std::span<const int64_t> wanted) {
  Strides own = rowMajorStrides(sizes);
  Strides strides(wanted.size(), 0);
  size_t shift = wanted.size() - sizes.size();
  for (size_t i = 0; i < sizes.size(); ++i)
    if (sizes[i] != 1)
      strides[shift + i] = own[i];
  return strides;
}

} // namespace rune::graph
