// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A band of a channels-last picture of 8 bits, taken to 16 with its zero point
// subtracted and its padding filled in: so each tap of a window is a constant
// away from the first, and its elements need no more work however often they
// are read. A band is as high as fits the nearest cache; who works on one makes
// it in a scratch of its own.
#pragma once

#include "compile/library/fast/fused.h"
#include "compile/library/fast/vector.h"
#include "compile/library/fast/window_shape.h"
#include "compile/library/window.h"

#include <type_traits>

namespace rune::library {

/// Of a convolution of two spatial dimensions; a place of the copy has all
/// channels.
inline WindowShape windowShape(const Call &call, const Window &window) {
  const View &x = call.in[0], &y = call.out[0];
  return {y.sizes[1],
          y.sizes[2],
          window.kernel[0],
          window.kernel[1],
          integerAt(window.strides, 0),
          integerAt(window.strides, 1),
          integerAt(window.dilations, 0),
          integerAt(window.dilations, 1),
          x.sizes[3]};
}

/// `count` elements less their zero point.
template <class X>
[[gnu::always_inline]] inline void widen(const X *from, int64_t count,
                                         int16_t zero, int16_t *to) {
  int64_t i = 0;
  auto step = [&]<int n>(std::integral_constant<int, n>) {
    storeVector(to + i,
                __builtin_convertvector(loadVector<Vector<X, n>>(from + i),
                                        Vector<int16_t, n>) -
                    zero);
    i += n;
  };
  while (i + 16 <= count)
    step(std::integral_constant<int, 16>{});
  if (i + 8 <= count)
    step(std::integral_constant<int, 8>{});
#pragma clang loop vectorize(disable) unroll(disable)
  for (; i < count; ++i)
    to[i] = static_cast<int16_t>(from[i] - zero);
}

inline void fillZeros(int16_t *to, int64_t count) {
  int64_t i = 0;
  for (; i + 8 <= count; i += 8)
    storeVector(to + i, Vector<int16_t, 8>(0));
#pragma clang loop vectorize(disable) unroll(disable)
  for (; i < count; ++i)
    to[i] = 0;
}

/// Where a band is taken from.
template <class X> struct Picture {
  /// The first of the channels that are taken, at the first place.
  const X *first;
  int64_t rows, width;
  /// Elements from one place to the next, and those of them that are taken.
  int64_t step, taken;
  int16_t zero;

  /// in      `top`: the row of the picture where the copy begins, negative in
  ///         the padding; `left`: places of padding
  void copy(const WindowShape &shape, int64_t top, int64_t left, int64_t count,
            int16_t *to) const {
    int64_t all = shape.width(), channels = shape.channels;
    int64_t inside = atMost(width, all - left);
    inside = inside < 0 ? 0 : inside;
    left = atMost(left, all);
    for (int64_t r = 0; r < count; ++r, to += shape.pitch()) {
      int64_t row = top + r;
      if (row < 0 || row >= rows) {
        fillZeros(to, shape.pitch());
        continue;
      }
      fillZeros(to, left * channels);
      places(first + row * width * step, inside, channels,
             to + left * channels);
      fillZeros(to + (left + inside) * channels,
                (all - left - inside) * channels);
    }
  }

private:
  void places(const X *from, int64_t count, int64_t channels,
              int16_t *to) const {
    if (taken == step && taken == channels)
      return widen(from, count * step, zero, to);
    for (int64_t i = 0; i < count; ++i, from += step, to += channels) {
      widen(from, taken, zero, to);
      if (taken < channels)
        fillZeros(to + taken, channels - taken);
    }
  }
};

/// The places of the result that a task works on: some of its rows.
struct Band {
  int64_t image, firstRow, rows;

  Band(const WindowShape &shape, int64_t number) {
    int64_t most = shape.bandRows(), bands = ceilDiv(shape.outRows, most);
    image = number / bands;
    firstRow = number % bands * most;
    rows = atMost(most, shape.outRows - firstRow);
  }
};

/// Calls `body(band, scratch)` for all numbers of bands, as many in a task as
/// are worth one.
///
/// in      `products`: of all of them
template <class F>
int32_t eachBand(const Fused &fused, int64_t bands, int64_t products,
                 const F &body) {
  int64_t tasks = atMost(bands, products / leastProducts + 1);
  return eachTask(fused, tasks, [&](int64_t task, uint8_t *scratch) {
    for (int64_t i = task * bands / tasks; i < (task + 1) * bands / tasks; ++i)
      body(i, scratch);
  });
}

/// Where the windows of some places of a band begin in its copy.
struct BandPlaces {
  const WindowShape &shape;
  int64_t row = 0, column = 0;

  const int16_t *next(const int16_t *copy) {
    const int16_t *at = copy + row * shape.strideRows * shape.pitch() +
                        column * shape.strideWidth * shape.channels;
    if (++column == shape.outWidth)
      column = 0, ++row;
    return at;
  }
};

} // namespace rune::library
