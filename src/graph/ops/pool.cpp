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

Result<>
eachPool(const EvalContext &context, const Strides &otherStrides,
         FunctionRef<void(const Taps &taps, const std::vector<int64_t> &place,
                          int64_t xAt, int64_t yAt, int64_t plane)>
             body) {
  Layout layout(context);
  std::span<const int64_t> x = context.input(0).sizes;
  std::vector<int64_t> y = context.results[0].sizes();
  Window window = poolWindow(context.node);
  Strides xStrides = rowMajorStrides(x), yStrides = rowMajorStrides(y);
  TapFinder finder(window, x.subspan(layout.spatial, layout.spatialRank),
                   spatialStrides(x, layout), otherStrides,
                   TapFinder::Other::Position);
  Strides yPlaces = spatialStrides(y, layout);
  Odometer place(
      std::span<const int64_t>(y).subspan(layout.spatial, layout.spatialRank));
  uint64_t scratch = finder.scratchBytes();
  RUNE_TRY(context.budget.reserve(scratch));
  do {
    const Taps &taps = finder.at(place.at());
    int64_t yPlace = place.offset(yPlaces);
    for (int64_t n = 0; n < x[0]; ++n)
      for (int64_t c = 0; c < x[layout.channel]; ++c) {
        if (!context.budget.spend(static_cast<uint64_t>(taps.total())))
          return context.budget.expired();
        body(taps, place.at(), n * xStrides[0] + c * xStrides[layout.channel],
             yPlace + n * yStrides[0] + c * yStrides[layout.channel],
             n * x[layout.channel] + c);
      }
  } while (place.advance());
  context.budget.release(scratch);
  return {};
}

} // namespace rune::graph
