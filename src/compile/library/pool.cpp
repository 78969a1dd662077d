// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The largest element, the mean and the norm under each window.
//
// source  docs/ops.md: max_pool, average_pool, lp_pool
#include "compile/library/math.h"
#include "compile/library/window.h"

using namespace rune::library;

namespace {

/// Calls `body(place, x offset, y offset, plane)` for each element of y.
template <class F>
int32_t eachWindow(const Call &call, const Image &x, const Image &y, F body) {
  return eachPlace(call, y, [&](const int64_t *place, int64_t at) -> int32_t {
    for (int64_t n = 0; n < y.batch(); ++n)
      for (int64_t c = 0; c < y.channels(); ++c)
        if (int32_t status =
                body(place, n * x.strides.of[0] + c * x.strides.of[x.channel],
                     n * y.strides.of[0] + c * y.strides.of[y.channel] + at,
                     n * y.channels() + c))
          return status;
    return 0;
  });
}

Window windowOf(const Call &call, const Attribute &kernel,
                const Attribute &strides, const Attribute &dilations,
                const Attribute &pads) {
  Window window{strides, dilations, pads, {}, call.in[0].rank - 2};
  for (int32_t d = 0; d < window.rank; ++d)
    window.kernel[d] = integerAt(kernel, d);
  return window;
}

/// sum / count; of integers the nearest, ties away from zero.
template <class Sum> Sum meanOf(Sum sum, double count) {
  if constexpr (std::is_integral_v<Sum>) {
    if (count >= 0x1p63)
      return 0;
    auto parts = static_cast<Sum>(count);
    Sum whole = sum / parts, rest = sum % parts;
    Sum size = rest < 0 ? 0 - rest : rest;
    if (size < parts - size)
      return whole;
    return sum < 0 ? whole - 1 : whole + 1;
  } else {
    return sum / static_cast<Sum>(count);
  }
}

} // namespace

RUNE_KERNEL(MaxPool) {
  enum { ceil, columnMajor, dilations, kernel, layout, pads, strides };
  if (isEmpty(call.out[0]))
    return 0;
  const Attribute *a = call.attributes;
  Image x(call.in[0], a[layout]), y(call.out[0], a[layout]);
  Window window = windowOf(call, a[kernel], a[strides], a[dilations], a[pads]);
  // how an index counts along the spatial dimensions
  Strides steps;
  int64_t plane = 1;
  bool first = a[columnMajor].integer != 0;
  for (int32_t i = 0; i < x.spatialRank; ++i) {
    int32_t d = first ? i : x.spatialRank - 1 - i;
    steps.of[d] = plane;
    plane *= x.size(d);
  }
  return withNumeric(call.in[0].type, [&]<class T>(Tag<T>) {
    using W = Wide<T>;
    const T *in = elements<T>(call.in[0]);
    T *out = elements<T>(call.out[0]);
    int64_t *indices =
        call.outputs > 1 ? elements<int64_t>(call.out[1]) : nullptr;
    return eachWindow(
        call, x, y,
        [&](const int64_t *place, int64_t from, int64_t to,
            int64_t number) -> int32_t {
          W best = lowest<W>();
          int64_t index = -1;
          window.eachTap(x, place, steps,
                         [&](int64_t offset, int64_t, int64_t position) {
                           W next = widen(in[from + offset]);
                           if (index < 0 ||
                               (!isNan(best) && (next > best || isNan(next)))) {
                             best = next;
                             index = position;
                           }
                         });
          out[to] = narrow<T>(best);
          if (indices)
            indices[to] = index < 0 ? -1 : number * plane + index;
          return 0;
        });
  });
}

RUNE_KERNEL(AveragePool) {
  enum {
    accumulator,
    ceil,
    countIncludePad,
    dilations,
    kernel,
    layout,
    pads,
    strides
  };
  if (isEmpty(call.out[0]))
    return 0;
  const Attribute *a = call.attributes;
  Image x(call.in[0], a[layout]), y(call.out[0], a[layout]);
  Window window = windowOf(call, a[kernel], a[strides], a[dilations], a[pads]);
  bool includePad = a[countIncludePad].integer != 0;
  return withAccumulator(
      call.in[0].type, a[accumulator],
      [&]<class T, class Sum>(Tag<T>, Tag<Sum>) {
        const T *in = elements<T>(call.in[0]);
        T *out = elements<T>(call.out[0]);
        return eachWindow(
            call, x, y,
            [&](const int64_t *place, int64_t from, int64_t to,
                int64_t) -> int32_t {
              Sum sum = 0;
              int64_t taps = 0;
              window.eachTap(
                  x, place, {}, [&](int64_t offset, int64_t, int64_t) {
                    sum = addWrapping(
                        sum, static_cast<Sum>(widen(in[from + offset])));
                    ++taps;
                  });
              double count = includePad ? window.paddedCount(x, place)
                                        : static_cast<double>(taps);
              if (std::is_integral_v<T> && count < 1) // average_pool.8
                return 8;
              out[to] = narrow<T>(meanOf(sum, count));
              return 0;
            });
      });
}

RUNE_KERNEL(LpPool) {
  enum { ceil, dilations, kernel, layout, p, pads, strides };
  if (isEmpty(call.out[0]))
    return 0;
  const Attribute *a = call.attributes;
  Image x(call.in[0], a[layout]), y(call.out[0], a[layout]);
  Window window = windowOf(call, a[kernel], a[strides], a[dilations], a[pads]);
  double power = a[p].number;
  return eachWindow(
      call, x, y,
      [&](const int64_t *place, int64_t from, int64_t to, int64_t) -> int32_t {
        double sum = 0;
        window.eachTap(x, place, {}, [&](int64_t offset, int64_t, int64_t) {
          sum +=
              math::pow(magnitude(loadFloat(call.in[0], from + offset)), power);
        });
        storeFloat(call.out[0], to, math::pow(sum, 1 / power));
        return 0;
      });
}
