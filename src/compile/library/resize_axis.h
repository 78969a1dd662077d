// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One dimension of a resize: where its elements come from.
//
// source  docs/ops.md: resize_nearest, resize_linear
#pragma once

#include "compile/library/walk.h"

namespace rune::library {

/// Of the fixed point: 1 has ten bits behind the point.
constexpr int64_t unit = 1 << 10;

/// One dimension of the result.
struct Axis {
  int64_t size, newSize;
  bool isResized, alignCorners, halfPixel, halfOnly;

  /// Where index `at` stands in x, in float and in this order.
  float place(int64_t at) const {
    auto q = static_cast<float>(at);
    bool aligned = alignCorners && newSize > 1;
    float scale =
        aligned ? static_cast<float>(size - 1) / static_cast<float>(newSize - 1)
                : static_cast<float>(size) / static_cast<float>(newSize);
    if (halfPixel)
      return (q + 0.5F) * scale - 0.5F;
    return (halfOnly ? q + 0.5F : q) * scale;
  }
};

inline Axis axisOf(const Call &call, const Attribute &axes,
                   const Attribute &mode, int32_t d) {
  bool isResized = false;
  for (int64_t i = 0; i < axes.count; ++i)
    isResized |= integerAt(axes, i) == d;
  return {call.in[0].sizes[d],
          call.out[0].sizes[d],
          isResized,
          isText(mode, "align_corners"),
          isText(mode, "half_pixel"),
          isText(mode, "tf_half_pixel_for_nn")};
}

inline int64_t clamp(int64_t x, int64_t low, int64_t high) {
  return x < low ? low : x > high ? high : x;
}

/// Two neighbours, and what each counts.
template <class W> struct Neighbours {
  int64_t lower = 0, upper = 0;
  W lowerWeight = 1, upperWeight = 0;
};

template <class W> Neighbours<W> neighboursOf(const Axis &axis, int64_t at) {
  if constexpr (std::is_integral_v<W>) {
    int64_t d = axis.size, n = axis.newSize;
    int64_t scale = axis.alignCorners && n > 1
                        ? (unit * (d - 1) + (n - 1) / 2) / (n - 1)
                        : (unit * d + n / 2) / n;
    int64_t place = at * scale;
    if (axis.halfPixel)
      place += scale / 2 - unit / 2;
    int64_t lower = clamp(place / unit, 0, d - 1);
    int64_t upper = clamp((place + unit - 1) / unit, 0, d - 1);
    int64_t part = place - unit * lower;
    return {lower, upper, unit - part, part};
  } else {
    float place = axis.place(at), last = static_cast<float>(axis.size - 1);
    place = place < 0 ? 0 : place > last ? last : place;
    auto lower = static_cast<int64_t>(place);
    lower = lower < axis.size - 1 ? lower : axis.size - 1;
    int64_t upper = lower + 1 < axis.size ? lower + 1 : axis.size - 1;
    W part = static_cast<W>(place) - static_cast<W>(lower);
    return {lower, upper, 1 - part, part};
  }
}

} // namespace rune::library
