// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Windows that slide over the spatial dimensions: what the kernels of
// convolutions and pools share.
//
// source  docs/ops.md, "Windows"
#pragma once

#include "compile/library/walk.h"

namespace rune::library {

/// Where batch, channels and spatial dimensions stand in a tensor.
struct Image {
  const int64_t *sizes;
  int32_t spatialRank, spatial, channel;
  Strides strides;

  Image(const View &view, const Attribute &layout)
      : sizes(view.sizes), spatialRank(view.rank - 2), strides(rowMajor(view)) {
    bool last = isText(layout, "NXC");
    spatial = last ? 1 : 2;
    channel = last ? view.rank - 1 : 1;
  }
  int64_t batch() const { return sizes[0]; }
  int64_t channels() const { return sizes[channel]; }
  const int64_t *spatialSizes() const { return sizes + spatial; }
  int64_t size(int32_t d) const { return sizes[spatial + d]; }
  int64_t stride(int32_t d) const { return strides.of[spatial + d]; }
};

/// One window at one place.
struct Window {
  const Attribute &strides, &dilations, &pads;
  int64_t kernel[maxRank];
  int32_t rank;

  int64_t begin(int32_t d) const { return integerAt(pads, d); }
  int64_t end(int32_t d) const { return integerAt(pads, rank + d); }
  int64_t start(int32_t d, int64_t place) const {
    return place * integerAt(strides, d) - begin(d);
  }

  /// Calls `body(offset in x, place in the kernel, offset in `other`)` for each
  /// tap inside x, in row-major order; `other` are strides by position.
  template <class F>
  void eachTap(const Image &x, const int64_t *place, const Strides &other,
               F body) const {
    int64_t first[maxRank], count[maxRank];
    int64_t at[maxRank] = {}, offset = 0, tap = 0, byPosition = 0;
    int64_t tapSteps[maxRank], tapStep = 1;
    for (int32_t d = rank; d-- > 0;) {
      tapSteps[d] = tapStep;
      tapStep *= kernel[d];
      int64_t dilation = integerAt(dilations, d);
      int64_t low = begin(d) < 0 ? -begin(d) : 0;
      int64_t high = x.size(d) + (end(d) < 0 ? end(d) : 0);
      int64_t from = start(d, place[d]);
      first[d] = from >= low ? 0 : (low - from + dilation - 1) / dilation;
      int64_t last = from >= high ? 0 : (high - from + dilation - 1) / dilation;
      count[d] = (last < kernel[d] ? last : kernel[d]) - first[d];
      if (count[d] <= 0)
        return;
      int64_t position = from + first[d] * dilation;
      offset += position * x.stride(d);
      byPosition += position * other.of[d];
      tap += first[d] * tapSteps[d];
    }
    for (;;) {
      body(offset, tap, byPosition);
      int32_t d = rank;
      for (; d-- > 0;) {
        int64_t dilation = integerAt(dilations, d);
        if (++at[d] < count[d]) {
          offset += dilation * x.stride(d);
          byPosition += dilation * other.of[d];
          tap += tapSteps[d];
          break;
        }
        at[d] = 0;
        offset -= (count[d] - 1) * dilation * x.stride(d);
        byPosition -= (count[d] - 1) * dilation * other.of[d];
        tap -= (count[d] - 1) * tapSteps[d];
      }
      if (d < 0)
        return;
    }
  }
  /// Taps inside x and its padding: `ceil` may reach beyond both.
  double paddedCount(const Image &x, const int64_t *place) const {
    double count = 1;
    for (int32_t d = 0; d < rank; ++d) {
      int64_t room = x.size(d) + end(d) - start(d, place[d]);
      int64_t dilation = integerAt(dilations, d);
      int64_t taps = (room + dilation - 1) / dilation;
      taps = taps < 0 ? 0 : taps > kernel[d] ? kernel[d] : taps;
      count *= static_cast<double>(taps);
    }
    return count;
  }
  int64_t taps() const {
    int64_t all = 1;
    for (int32_t d = 0; d < rank; ++d)
      all *= kernel[d];
    return all;
  }
};

/// The attributes of conv, conv_integer and of both the other way round, by
/// position.
namespace conv {
enum { accumulator, dilations, groups, layout, pads, strides };
}

/// The window of a convolution, whose sizes are those of the weights.
inline Window convWindow(const Call &call) {
  Window window{call.attributes[conv::strides],
                call.attributes[conv::dilations],
                call.attributes[conv::pads],
                {},
                call.in[0].rank - 2};
  for (int32_t d = 0; d < window.rank; ++d)
    window.kernel[d] = call.in[1].sizes[2 + d];
  return window;
}

inline bool isEmpty(const View &view) { return countOf(view) == 0; }

/// Calls `body(place, offset in y)` for each place of a window in y, whose
/// batches and channels the offset leaves at 0.
template <class F> int32_t eachPlace(const Call &call, const Image &y, F body) {
  Odometer<1> place(y.spatialSizes(), y.spatialRank);
  Strides strides;
  for (int32_t d = 0; d < y.spatialRank; ++d)
    strides.of[d] = y.stride(d);
  do {
    if (mustStop(call))
      return stopped;
    if (int32_t status = body(place.at(), place.offset[0]))
      return status;
  } while (place.advance({strides}));
  return 0;
}

} // namespace rune::library
