// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// New sizes for dimensions: the nearest element, or one between neighbours.
//
// source  docs/ops.md: resize_nearest, resize_linear
#include "compile/library/math.h"
#include "compile/library/resize_axis.h"
#include "compile/library/walk.h"

using namespace rune::library;

namespace {

int64_t nearest(const Axis &axis, int64_t at, const Attribute &mode) {
  if (!axis.isResized)
    return at;
  float place = axis.place(at);
  if (isText(mode, "floor"))
    place = math::floor(place);
  else if (isText(mode, "ceil"))
    place = math::ceil(place);
  else if (isText(mode, "round_prefer_floor"))
    place = math::ceil(place - 0.5F);
  else
    place = math::floor(place + 0.5F);
  return clamp(static_cast<int64_t>(place), 0, axis.size - 1);
}

/// Sums of integers carry 20 bits after the point.
template <class T, class W> T finished(W sum) {
  if constexpr (std::is_integral_v<W>) {
    constexpr int64_t half = int64_t{1} << 19;
    int64_t rounded = (sum > 0 ? sum + half : sum - half) / (unit * unit);
    return static_cast<T>(clamp(rounded, std::numeric_limits<T>::min(),
                                std::numeric_limits<T>::max()));
  } else {
    return narrow<T>(sum);
  }
}

template <class T, class W>
int32_t resize(const Call &call, const Attribute &axes, const Attribute &mode) {
  const View &y = call.out[0];
  const T *in = elements<T>(call.in[0]);
  T *out = elements<T>(y);
  Strides strides = rowMajor(call.in[0]), none = {};
  Odometer<1> place(y.sizes, y.rank);
  do {
    if (mustStop(call))
      return stopped;
    // the axes that are resized, at most 8: so many bits choose a corner
    Neighbours<W> near[8];
    int64_t steps[8], fixed = 0;
    int32_t count = 0;
    for (int32_t d = 0; d < y.rank; ++d) {
      Axis axis = axisOf(call, axes, mode, d);
      if (axis.isResized) {
        steps[count] = strides.of[d];
        near[count++] = neighboursOf<W>(axis, place.at()[d]);
      } else {
        fixed += place.at()[d] * strides.of[d];
      }
    }
    W sum = 0;
    for (uint32_t corner = 0; corner < 1u << count; ++corner) {
      W weight = 1;
      int64_t at = fixed;
      for (int32_t k = 0; k < count; ++k) {
        bool upper = (corner >> (count - 1 - k) & 1) != 0;
        weight *= upper ? near[k].upperWeight : near[k].lowerWeight;
        at += (upper ? near[k].upper : near[k].lower) * steps[k];
      }
      if (weight != 0)
        sum += W(widen(in[at])) * weight;
    }
    *out++ = finished<T>(sum);
  } while (place.advance({none}));
  return 0;
}

} // namespace

RUNE_KERNEL(ResizeNearest) {
  enum { axes, transformation, nearestMode };
  const Attribute *a = call.attributes;
  const View &x = call.in[0], &y = call.out[0];
  if (countOf(y) == 0)
    return 0;
  Strides strides = rowMajor(x), none = {};
  return withWidth(y.type, [&]<class T>(Tag<T>) -> int32_t {
    const T *in = elements<T>(x);
    T *out = elements<T>(y);
    Odometer<1> place(y.sizes, y.rank);
    do {
      if (mustStop(call))
        return stopped;
      int64_t from = 0;
      for (int32_t d = 0; d < y.rank; ++d)
        from +=
            strides.of[d] * nearest(axisOf(call, a[axes], a[transformation], d),
                                    place.at()[d], a[nearestMode]);
      *out++ = in[from];
    } while (place.advance({none}));
    return 0;
  });
}

RUNE_KERNEL(ResizeLinear) {
  enum { axes, transformation };
  const Attribute *a = call.attributes;
  if (countOf(call.out[0]) == 0)
    return 0;
  if (!isFloatType(call.in[0].type))
    return withSmallInteger(call.in[0].type, [&]<class T>(Tag<T>) {
      return resize<T, int64_t>(call, a[axes], a[transformation]);
    });
  return withFloat(call.in[0].type, [&]<class T>(Tag<T>) {
    return resize<T, Wide<T>>(call, a[axes], a[transformation]);
  });
}
