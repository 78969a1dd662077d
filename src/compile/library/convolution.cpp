// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions in any number of dimensions, of floats and of integers.
//
// source  docs/ops.md: conv, conv_integer
#include "compile/library/window.h"

using namespace rune::library;

namespace {

using namespace conv;

struct Convolution {
  Image x, y;
  Window window;
  int64_t inputs, outputs, outputsPerGroup, taps;

  explicit Convolution(const Call &call)
      : x(call.in[0], call.attributes[layout]),
        y(call.out[0], call.attributes[layout]), window(convWindow(call)),
        inputs(call.in[1].sizes[1]), outputs(call.in[1].sizes[0]),
        outputsPerGroup(outputs / call.attributes[groups].integer),
        taps(window.taps()) {}

  /// Calls `store(output offset, o, sum(multiply))` for each output element;
  /// `tap(x offset, weight offset, o)` adds one product.
  template <class Begin, class Tap, class End>
  int32_t run(const Call &call, Begin begin, Tap tap, End end) const {
    return eachPlace(call, y, [&](const int64_t *place, int64_t at) -> int32_t {
      for (int64_t n = 0; n < y.batch(); ++n)
        for (int64_t o = 0; o < outputs; ++o) {
          if (mustStop(call))
            return stopped;
          auto sum = begin(o);
          int64_t from = n * x.strides.of[0] +
                         o / outputsPerGroup * inputs * x.strides.of[x.channel];
          for (int64_t c = 0; c < inputs; ++c)
            window.eachTap(
                x, place, {}, [&](int64_t offset, int64_t k, int64_t) {
                  tap(sum, from + c * x.strides.of[x.channel] + offset,
                      (o * inputs + c) * taps + k, o);
                });
          end(n * y.strides.of[0] + o * y.strides.of[y.channel] + at, o, sum);
        }
      return 0;
    });
  }
};

} // namespace

RUNE_KERNEL(Conv) {
  if (isEmpty(call.out[0]))
    return 0;
  Convolution conv(call);
  return withFloat(call.in[0].type, [&]<class T>(Tag<T>) {
    const T *x = elements<T>(call.in[0]), *weights = elements<T>(call.in[1]);
    const T *bias = has(call, 2) ? elements<T>(call.in[2]) : nullptr;
    T *out = elements<T>(call.out[0]);
    auto run = [&]<class Sum>(Tag<Sum>) {
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
    };
    if constexpr (std::is_same_v<T, double>)
      return run(Tag<double>{});
    else if (isText(call.attributes[accumulator], "f64"))
      RUNE_CASE return run(Tag<double>{});
    else
      RUNE_CASE return run(Tag<float>{});
  });
}

RUNE_KERNEL(ConvInteger) {
  if (isEmpty(call.out[0]))
    return 0;
  Convolution conv(call);
  bool wide = isText(call.attributes[accumulator], "i64");
  auto run = [&]<class X, class W, class Sum>(Tag<X>, Tag<W>, Tag<Sum>) {
    const X *x = elements<X>(call.in[0]);
    const W *weights = elements<W>(call.in[1]);
    const Sum *bias = has(call, 2) ? elements<Sum>(call.in[2]) : nullptr;
    int64_t xZero = has(call, 3) ? elements<X>(call.in[3])[0] : 0;
    const W *zeros = has(call, 4) ? elements<W>(call.in[4]) : nullptr;
    bool several = zeros && countOf(call.in[4]) > 1;
    Sum *out = elements<Sum>(call.out[0]);
    return conv.run(
        call,
        [&](int64_t o) { return bias ? static_cast<int64_t>(bias[o]) : 0; },
        [&](int64_t &sum, int64_t from, int64_t with, int64_t o) {
          int64_t zero = zeros ? zeros[several ? o : 0] : 0;
          sum = addWrapping(sum, (x[from] - xZero) * (weights[with] - zero));
        },
        [&](int64_t at, int64_t, int64_t sum) {
          out[at] = static_cast<Sum>(sum);
        });
  };
  return withSmallInteger(call.in[0].type, [&](auto x) {
    return withSmallInteger(call.in[1].type, [&](auto w) {
      if (wide)
        RUNE_CASE return run(x, w, Tag<int64_t>{});
      RUNE_CASE return run(x, w, Tag<int32_t>{});
    });
  });
}
