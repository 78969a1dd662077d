// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Parameters of quantisation: one for all of x, or one for each index along an
// axis.
#pragma once

#include "graph/ops/common.h"

#include <algorithm>

namespace rune::graph {

/// True if `type` is a single element, or a vector with an element for each
/// index of x along `axis`.
bool fitsAxis(const TensorType &type, const TensorType &x, int64_t axis);
/// True if `axis` is a dimension of x; 0 is allowed for a scalar.
bool isAxis(int64_t axis, const TensorType &x);

/// Calls `body(channel, from, to)` for runs of elements of one channel.
///
/// in      `channels` of the parameters: 1, or the size along `axis`
/// errors  `evaluate.deadline`
template <class F>
Result<> eachChannel(Budget &budget, std::span<const int64_t> sizes,
                     int64_t axis, int64_t channels, F &&body) {
  int64_t count = 1;
  for (int64_t size : sizes)
    count *= size;
  int64_t inner =
      channels == 1 ? count : rowMajorStrides(sizes)[static_cast<size_t>(axis)];
  if (inner == 1 && channels > 1) { // neighbours are of different channels
    for (int64_t at = 0; at < count; at += channels) {
      if (!budget.spend(static_cast<uint64_t>(channels)))
        return budget.expired();
      for (int64_t channel = 0; channel < channels; ++channel)
        body(channel, at + channel, at + channel + 1);
    }
    return {};
  }
  constexpr int64_t piece = 1 << 14;
  int64_t channel = 0;
  for (int64_t at = 0; at < count;) {
    int64_t end = std::min(at / inner * inner + inner, at + piece);
    if (!budget.spend(static_cast<uint64_t>(end - at)))
      return budget.expired();
    body(channel, at, end);
    at = end;
    if (at % inner == 0 && ++channel == channels)
      channel = 0;
  }
  return {};
}

} // namespace rune::graph
