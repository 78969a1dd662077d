// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elements between elements: what grid_sample, roi_align and deform_conv read.
#pragma once

#include "graph/ops/reals.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace rune::graph {

/// The element at (y, x) of a plane, interpolated between four; what lies
/// outside of the plane counts as 0.
inline double bilinear(const double *plane, int64_t height, int64_t width,
                       double y, double x) {
  // NaN too is outside
  if (!(y > -1 && y < static_cast<double>(height) && x > -1 &&
        x < static_cast<double>(width)))
    return 0;
  auto top = static_cast<int64_t>(std::floor(y));
  auto left = static_cast<int64_t>(std::floor(x));
  double down = y - static_cast<double>(top);
  double right = x - static_cast<double>(left);
  auto element = [&](int64_t i, int64_t j, double weight) {
    bool inside = i >= 0 && i < height && j >= 0 && j < width;
    return inside && weight != 0 ? weight * plane[i * width + j] : 0;
  };
  return element(top, left, (1 - down) * (1 - right)) +
         element(top, left + 1, (1 - down) * right) +
         element(top + 1, left, down * (1 - right)) +
         element(top + 1, left + 1, down * right);
}

} // namespace rune::graph
