// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/pool.h"

#include <algorithm>

namespace rune::graph {

Window poolWindow(const Node &node) {
  return windowAt(node, node.integers("kernel"));
}

Result<TensorType> inferPool(const InferContext &context) {
  const TensorType &x = context.type(0);
  // max_pool.2 average_pool.2 lp_pool.2: batch, channels and a spatial
  // dimension
  if (x.dims.size() < 3)
    return context.fail(2, "x is {}, needs 3 or more dimensions", x.str());
  Layout layout(context);
  Dims kernel(context.node.integers("kernel").size());
  for (size_t i = 0; i < kernel.size(); ++i) {
    int64_t size = context.node.integers("kernel")[i];
    kernel[i] = size < 0 ? Dim(0) : Dim(size);
  }
  Window window = RUNE_TRY(windowOf(context, layout, kernel));
  Dims places = RUNE_TRY(placesOf(context, layout, window));
  // max_pool.6 average_pool.6 lp_pool.6: flags are 0 or 1
  for (const Attribute &attribute : context.node.attributes)
    if (const auto *flag = std::get_if<int64_t>(&attribute.value);
        flag && *flag >> 1 != 0)
      return context.fail(6, "`{}` is {}, must be 0 or 1", attribute.name,
                          *flag);
  TensorType result = x;
  std::ranges::copy(places, result.dims.begin() +
                                static_cast<std::ptrdiff_t>(layout.spatial));
  return result;
}

} // namespace rune::graph
