// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Windows the other way round: each element of the result collects what reaches
// it.
//
// source  docs/ops.md: conv_transpose, conv_transpose_integer, col2im
#include "compile/library/reals.h"
#include "compile/library/window.h"

using namespace rune::library;

namespace {

using namespace conv;

struct Transposed {
  Image x, y;
  const Attribute *attributes;
  const View &weights;
  int64_t outputsPerGroup, channelsPerGroup;
  Strides w;

  explicit Transposed(const Call &call)
      : x(call.in[0], call.attributes[layout]),
        y(call.out[0], call.attributes[layout]), attributes(call.attributes),
        weights(call.in[1]), outputsPerGroup(weights.sizes[1]),
        channelsPerGroup(x.channels() / call.attributes[groups].integer),
        w(rowMajor(weights)) {}

  /// Calls `body(x offset, weight offset)` for each tap that reaches the place,
  /// in row-major order of the kernel.
  template <class F> void eachReach(const int64_t *place, F body) const {
    int32_t rank = x.spatialRank;
    int64_t tap[maxRank] = {};
    for (int32_t d = 0; d < rank; ++d)
      if (weights.sizes[2 + d] == 0)
        return;
    for (;;) {
      int64_t xAt = 0, wAt = 0;
      bool inside = true;
      for (int32_t d = 0; d < rank; ++d) {
        int64_t stride = integerAt(attributes[strides], d);
        int64_t from = place[d] + integerAt(attributes[pads], d) -
                       tap[d] * integerAt(attributes[dilations], d);
        if (from < 0 || from % stride != 0 || from / stride >= x.size(d)) {
          inside = false;
          break;
        }
        xAt += from / stride * x.stride(d);
        wAt += tap[d] * w.of[2 + d];
      }
      if (inside)
        body(xAt, wAt);
      int32_t d = rank;
      for (; d-- > 0;) {
        if (++tap[d] < weights.sizes[2 + d])
          break;
        tap[d] = 0;
      }
      if (d < 0)
        return;
    }
  }

  /// Calls `begin(o)`, `tap(sum, x offset, weight offset, o)` and `end(y
  /// offset, o, sum)` for each element of the result; channels before taps.
  template <class Begin, class Tap, class End>
  int32_t run(const Call &call, Begin begin, Tap tap, End end) const {
    int64_t outputs = y.channels();
    return eachPlace(call, y, [&](const int64_t *place, int64_t at) -> int32_t {
      for (int64_t n = 0; n < y.batch(); ++n)
        for (int64_t o = 0; o < outputs; ++o) {
          if (mustStop(call))
            return stopped;
          int64_t first = o / outputsPerGroup * channelsPerGroup;
          auto sum = begin(o);
          for (int64_t c = first; c < first + channelsPerGroup; ++c)
            eachReach(place, [&](int64_t xAt, int64_t wAt) {
              tap(sum, n * x.strides.of[0] + c * x.strides.of[x.channel] + xAt,
                  c * w.of[0] + o % outputsPerGroup * w.of[1] + wAt, o);
            });
          end(n * y.strides.of[0] + o * y.strides.of[y.channel] + at, o, sum);
        }
      return 0;
    });
  }
};

} // namespace

RUNE_KERNEL(ConvTranspose) {
  if (isEmpty(call.out[0]))
    return 0;
  Transposed conv(call);
  return withAccumulator(
      call.in[0].type, call.attributes[accumulator],
      [&]<class T, class Sum>(Tag<T>, Tag<Sum>) -> int32_t {
        if constexpr (!isFloat<T>) {
          return 0;
        } else {
          const T *x = elements<T>(call.in[0]);
          const T *weights = elements<T>(call.in[1]);
          const T *bias = has(call, 2) ? elements<T>(call.in[2]) : nullptr;
          T *out = elements<T>(call.out[0]);
          return conv.run(
              call, [](int64_t) { return Sum(0); },
              [&](Sum &sum, int64_t from, int64_t with, int64_t) {
                sum += static_cast<Sum>(widen(x[from])) *
                       static_cast<Sum>(widen(weights[with]));
              },
              [&](int64_t at, int64_t o, Sum sum) {
                if (bias)
                  sum += static_cast<Sum>(widen(bias[o]));
                out[at] = narrow<T>(sum);
              });
        }
      });
}

RUNE_KERNEL(ConvTransposeInteger) {
  if (isEmpty(call.out[0]))
    return 0;
  Transposed conv(call);
  const View &x = call.in[0], &weights = call.in[1];
  int64_t xZero = has(call, 3) ? loadInteger(call.in[3], 0) : 0;
  bool several = has(call, 4) && countOf(call.in[4]) > 1;
  return conv.run(
      call,
      [&](int64_t o) {
        return has(call, 2) ? loadInteger(call.in[2], o) : int64_t{0};
      },
      [&](int64_t &sum, int64_t from, int64_t with, int64_t o) {
        int64_t zero =
            has(call, 4) ? loadInteger(call.in[4], several ? o : 0) : 0;
        sum = addWrapping(sum, (loadInteger(x, from) - xZero) *
                                   (loadInteger(weights, with) - zero));
      },
      [&](int64_t at, int64_t, int64_t sum) {
        storeInteger(call.out[0], at, sum);
      });
}

namespace {

/// Of integers the sum wraps, of floats it is kept in f32, of f64 in f64.
template <class T>
using ColumnSum = std::conditional_t<std::is_integral_v<T>, uint64_t, Wide<T>>;

} // namespace

RUNE_KERNEL(Col2Im) {
  enum { dilations, pads, strides };
  const View &x = call.in[0], &y = call.out[0];
  if (isEmpty(y) || isEmpty(x))
    return y.type == x.type ? eachPiece(call, countOf(y),
                                        [&](int64_t from, int64_t to) {
                                          for (int64_t i = from; i < to; ++i)
                                            storeReal(y, i, 0);
                                        })
                            : 0;
  int32_t n = y.rank - 2;
  int64_t blocks[maxRank], places[maxRank], all = 1, taps = 1;
  for (int32_t d = 0; d < n; ++d) {
    blocks[d] = elements<int64_t>(call.in[2])[d];
    int64_t room = y.sizes[2 + d] + integerAt(call.attributes[pads], d) +
                   integerAt(call.attributes[pads], n + d) -
                   integerAt(call.attributes[dilations], d) * (blocks[d] - 1) -
                   1;
    places[d] =
        room < 0 ? 0 : room / integerAt(call.attributes[strides], d) + 1;
    all *= places[d];
    taps *= blocks[d];
  }
  if (taps < 1 || x.sizes[1] / taps != y.sizes[1] || all != x.sizes[2])
    return 4; // col2im.4
  int64_t pixels = 1;
  for (int32_t d = 0; d < n; ++d)
    pixels *= y.sizes[2 + d];
  int64_t images = y.sizes[0] * y.sizes[1];
  return withNumeric(x.type, [&]<class T>(Tag<T>) -> int32_t {
    using Sum = ColumnSum<T>;
    const T *in = elements<T>(x);
    T *out = elements<T>(y);
    // each pixel gathers the taps that stand on it, in the order of columns
    for (int64_t image = 0; image < images; ++image)
      for (int64_t pixel = 0; pixel < pixels; ++pixel) {
        if (mustStop(call))
          return stopped;
        int64_t at[maxRank];
        for (int64_t d = n, rest = pixel; d-- > 0;) {
          at[d] = rest % y.sizes[2 + d];
          rest /= y.sizes[2 + d];
        }
        Sum sum = 0;
        for (int64_t tap = 0; tap < taps; ++tap) {
          int64_t place = 0, step = 1, rest = tap;
          bool inside = true;
          for (int32_t d = n; d-- > 0;) {
            int64_t k = rest % blocks[d];
            rest /= blocks[d];
            int64_t stride = integerAt(call.attributes[strides], d);
            int64_t from = at[d] + integerAt(call.attributes[pads], d) -
                           k * integerAt(call.attributes[dilations], d);
            if (from < 0 || from % stride != 0 || from / stride >= places[d]) {
              inside = false;
              break;
            }
            place += from / stride * step;
            step *= places[d];
          }
          if (inside)
            sum =
                addWrapping(sum, static_cast<Sum>(widen(
                                     in[(image * taps + tap) * all + place])));
        }
        out[image * pixels + pixel] = narrow<T>(sum);
      }
    return 0;
  });
}
