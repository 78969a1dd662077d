// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ONNX's resize in full: cubic, antialias, regions, and any element moved.
//
// source  docs/ops.md: resize
#include "compile/library/reals.h"

using namespace rune::library;

namespace {

enum {
  antialias,
  aspect,
  axesAttribute,
  coordinates,
  cubicCoefficient,
  excludeOutside,
  extrapolation,
  modeAttribute,
  nearestMode
};
enum { X, Scales, Sizes, Roi };

/// One axis while it is resized; index `number` in the attribute `axes`.
struct Axis {
  const Call &call;
  int32_t axis;
  int64_t size, newSize;
  double scale = 1, begin = 0, end = 1;

  Axis(const Call &call, int64_t number)
      : call(call), axis(static_cast<int32_t>(
                        integerAt(call.attributes[axesAttribute], number))),
        size(call.in[X].sizes[axis]), newSize(call.out[0].sizes[axis]) {
    const Attribute &policy = call.attributes[aspect];
    int64_t axes = call.attributes[axesAttribute].count;
    if (isText(call.attributes[coordinates], "tf_crop_and_resize")) {
      begin = real(Roi, number);
      end = real(Roi, axes + number);
    }
    scale = scaleOf(number);
    if (has(call, Scales) || isText(policy, "stretch"))
      return;
    bool smallest = isText(policy, "not_larger");
    for (int64_t i = 0; i < axes; ++i) {
      double other = scaleOf(i);
      scale = smallest ? (other < scale ? other : scale)
                       : (scale < other ? other : scale);
    }
  }

  template <class R> R placeOf(int64_t at) const {
    const Attribute &mode = call.attributes[coordinates];
    R q = static_cast<R>(at), by = static_cast<R>(scale);
    R old = static_cast<R>(size);
    R fresh = static_cast<R>(scale * static_cast<double>(size));
    if (isText(mode, "align_corners"))
      return fresh == 1 ? R(0) : q * (old - 1) / (fresh - 1);
    if (isText(mode, "asymmetric"))
      return q / by;
    if (isText(mode, "tf_half_pixel_for_nn"))
      return (q + R(0.5)) / by;
    if (isText(mode, "pytorch_half_pixel") && fresh == 1)
      return R(-0.5);
    if (isText(mode, "half_pixel_symmetric")) {
      R adjustment = static_cast<R>(newSize) / fresh;
      return old / 2 * (1 - adjustment) + (q + R(0.5)) / by - R(0.5);
    }
    if (isText(mode, "tf_crop_and_resize")) {
      R from = static_cast<R>(begin), to = static_cast<R>(end);
      if (fresh == 1)
        return (to - from) * (old - 1) / 2 + from * (old - 1);
      return q * (to - from) * (old - 1) / (fresh - 1) + from * (old - 1);
    }
    return (q + R(0.5)) / by - R(0.5);
  }

  bool isOutside(double place) const {
    return isText(call.attributes[coordinates], "tf_crop_and_resize") &&
           !(place >= 0 && place <= static_cast<double>(size - 1));
  }

  /// The element that is taken, and whether it stands outside.
  int64_t nearest(int64_t at, bool &outside) const {
    const Attribute &mode = call.attributes[nearestMode];
    float exact = placeOf<float>(at);
    auto place = static_cast<double>(exact);
    outside = isOutside(place);
    if (isText(mode, "floor") || (isText(mode, "simple") && !(scale < 1)))
      place = math::floor(place);
    else if (isText(mode, "ceil") || isText(mode, "simple"))
      place = math::ceil(place);
    else if (isText(mode, "round_prefer_floor"))
      place = math::ceil(static_cast<double>(exact - 0.5F));
    else
      place = math::floor(static_cast<double>(exact + 0.5F));
    return isNan(place) ? 0 : inside(indexOf(place));
  }
  int64_t inside(int64_t at) const {
    return at < 0 ? 0 : at >= size ? size - 1 : at;
  }

private:
  float real(int32_t input, int64_t at) const {
    return static_cast<float>(loadFloat(call.in[input], at));
  }
  double scaleOf(int64_t number) const {
    if (has(call, Scales))
      return static_cast<double>(real(Scales, number));
    int64_t old =
        call.in[X].sizes[integerAt(call.attributes[axesAttribute], number)];
    return static_cast<double>(elements<int64_t>(call.in[Sizes])[number]) /
           static_cast<double>(old < 1 ? 1 : old);
  }
};

/// The taps of one index of the result along an axis.
struct Taps {
  int64_t first = 0, last = 0, base = 0;
  double place = 0, sum = 0, squeeze = 1;
  bool outside = false;
};

double weightOf(const Call &call, const Taps &taps, int64_t at) {
  double x = (static_cast<double>(at) - taps.place) * taps.squeeze;
  x = magnitude(x);
  if (!isText(call.attributes[modeAttribute], "cubic"))
    return x < 1 ? 1 - x : 0;
  double a = call.attributes[cubicCoefficient].number;
  if (x <= 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

int32_t findTaps(const Axis &axis, int64_t at, Taps &taps) {
  const Call &call = axis.call;
  bool cubic = isText(call.attributes[modeAttribute], "cubic");
  bool exclude = call.attributes[excludeOutside].integer != 0;
  taps.place = axis.placeOf<double>(at);
  taps.outside = axis.isOutside(taps.place);
  if (!(magnitude(taps.place) < 0x1p40))
    taps.place = taps.place > 0 ? static_cast<double>(axis.size) : 0;
  taps.squeeze = call.attributes[antialias].integer != 0 && axis.scale < 1
                     ? axis.scale
                     : 1;
  int64_t reach = indexOf(math::ceil((cubic ? 2 : 1) / taps.squeeze));
  int64_t base = indexOf(math::floor(taps.place));
  taps.first = base - reach + 1;
  taps.last = base + reach;
  if (exclude) {
    taps.first = taps.first < 0 ? 0 : taps.first;
    taps.last = taps.last >= axis.size ? axis.size - 1 : taps.last;
  }
  taps.sum = 0;
  for (int64_t i = taps.first; i <= taps.last; ++i) {
    if ((i & 0xffff) == 0 && mustStop(call))
      return stopped;
    taps.sum += weightOf(call, taps, i);
  }
  return 0;
}

/// Adds up the taps of the axes from `number` on.
double sumTaps(const Call &call, const Strides &strides, const Taps *taps,
               int64_t from) {
  const Attribute &axes = call.attributes[axesAttribute];
  auto count = static_cast<int32_t>(axes.count);
  int64_t at[maxRank];
  double weights[maxRank + 1];
  weights[0] = 1;
  double sum = 0;
  // a depth-first walk: level d has chosen the taps of the axes before d
  int32_t d = 0;
  at[0] = taps[0].first;
  while (d >= 0) {
    if (at[d] > taps[d].last) {
      if (--d >= 0)
        ++at[d];
      continue;
    }
    double weight = weightOf(call, taps[d], at[d]);
    if (taps[d].sum != 0)
      weight /= taps[d].sum;
    if (weight == 0) {
      ++at[d];
      continue;
    }
    weights[d + 1] = weights[d] * weight;
    if (d + 1 < count) {
      ++d;
      at[d] = taps[d].first;
      continue;
    }
    int64_t offset = from;
    for (int32_t i = 0; i < count; ++i) {
      int64_t axis = integerAt(axes, i), size = call.in[X].sizes[axis];
      int64_t place = at[i] < 0 ? 0 : at[i] >= size ? size - 1 : at[i];
      offset += place * strides.of[axis];
    }
    sum += weights[count] * loadReal(call.in[X], offset);
    ++at[d];
  }
  return sum;
}

} // namespace

RUNE_KERNEL(Resize) {
  const View &x = call.in[X], &y = call.out[0];
  const Attribute &axes = call.attributes[axesAttribute];
  Strides strides = rowMajor(x), own = rowMajor(y);
  bool isNearest = isText(call.attributes[modeAttribute], "nearest");
  double beyond = call.attributes[extrapolation].number;
  return withWidth(y.type, [&]<class T>(Tag<T>) -> int32_t {
    for (int64_t to = 0; to < countOf(y); ++to) {
      if (mustStop(call))
        return stopped;
      int64_t from = 0, places[maxRank];
      for (int32_t d = 0; d < y.rank; ++d) {
        places[d] = to / own.of[d] % y.sizes[d];
        from += places[d] * strides.of[d];
      }
      Taps taps[maxRank];
      bool outside = false;
      for (int64_t i = 0; i < axes.count; ++i) {
        Axis axis(call, i);
        int64_t at = places[axis.axis];
        from -= at * strides.of[axis.axis];
        if (isNearest)
          from += axis.nearest(at, taps[i].outside) * strides.of[axis.axis];
        else if (int32_t status = findTaps(axis, at, taps[i]))
          return status;
        outside |= taps[i].outside;
      }
      if (outside)
        storeReal(y, to, beyond);
      else if (isNearest || axes.count == 0)
        elements<T>(y)[to] = elements<T>(x)[from];
      else
        storeReal(y, to, sumTaps(call, strides, taps, from));
    }
    return 0;
  });
}
