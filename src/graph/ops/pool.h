// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What max_pool and average_pool share.
#pragma once

#include "graph/ops/window.h"

namespace rune::graph {

/// Constraints 2 to 6 and the type of the pooled tensor.
Result<TensorType> inferPool(const InferContext &context);
Window poolWindow(const Node &node);

/// Calls `body(taps, place, xOffset, yOffset, plane)` for each place of the
/// window, each batch and channel; `plane` numbers the pairs of batch and
/// channel.
///
/// errors  `evaluate.deadline`
template <class F>
Result<> eachPool(const EvalContext &context, const Strides &otherStrides,
                  F &&body) {
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
