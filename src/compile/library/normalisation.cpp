// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that make means and variances normal.
//
// source  docs/ops.md: batch_normalization, layer_normalization,
//         group_normalization, local_response_normalization
#include "compile/library/math.h"
#include "compile/library/window.h"

using namespace rune::library;

namespace {

/// Channels of x: how many, how far apart, and what is behind and before them.
struct Channels {
  int64_t count, inner, outer;

  Channels(const View &x, int32_t channel)
      : count(x.sizes[channel]), inner(1), outer(1) {
    for (int32_t i = 0; i < x.rank; ++i)
      if (i != channel)
        (i < channel ? outer : inner) *= x.sizes[i];
  }
  int64_t each() const { return outer * inner; }
  int64_t at(int64_t c, int64_t k) const {
    return (k / inner * count + c) * inner + k % inner;
  }
};

} // namespace

RUNE_KERNEL(BatchNormalization) {
  enum { epsilon, layout, momentum, training };
  const Attribute *a = call.attributes;
  const View &x = call.in[0];
  bool isTraining = a[training].integer != 0;
  bool wide = false;
  for (int32_t i = 0; i < 5; ++i)
    wide |= call.in[i].type == Type::F64;
  View batch = x;
  int64_t vector[2] = {x.rank == 1 ? x.sizes[0] : 0, 1};
  int32_t channel = isText(a[layout], "NXC") ? x.rank - 1 : 1;
  if (x.rank == 1) { // a batch of one channel
    batch.sizes = vector;
    batch.rank = 2;
    channel = 1;
  }
  Channels channels(batch, channel);
  auto run = [&]<class T, class W>(Tag<T>, Tag<W>) -> int32_t {
    const T *in = elements<T>(x);
    T *out = elements<T>(call.out[0]);
    auto given = [&](int32_t input, int64_t c) {
      return static_cast<W>(loadFloat(call.in[input], c));
    };
    for (int64_t c = 0; c < channels.count; ++c) {
      if (mustStop(call))
        return stopped;
      W mean = given(3, c), variance = given(4, c);
      if (isTraining) {
        auto count = static_cast<W>(channels.each());
        W sum = 0, squares = 0;
        for (int64_t k = 0; k < channels.each(); ++k)
          sum += W(widen(in[channels.at(c, k)]));
        W own = sum / count;
        for (int64_t k = 0; k < channels.each(); ++k) {
          W d = W(widen(in[channels.at(c, k)])) - own;
          squares += d * d;
        }
        W spread = squares / count, keep = static_cast<W>(a[momentum].number);
        storeFloat(call.out[1], c,
                   static_cast<double>(mean * keep + own * (1 - keep)));
        storeFloat(call.out[2], c,
                   static_cast<double>(variance * keep + spread * (1 - keep)));
        mean = own;
        variance = spread;
      }
      W scale = given(1, c), bias = given(2, c);
      W deviation = math::sqrt(variance + static_cast<W>(a[epsilon].number));
      for (int64_t k = 0; k < channels.each(); ++k) {
        int64_t at = channels.at(c, k);
        out[at] =
            narrow<T>((W(widen(in[at])) - mean) / deviation * scale + bias);
      }
    }
    return 0;
  };
  return withFloat(x.type, [&]<class T>(Tag<T> element) {
    if constexpr (std::is_same_v<T, double>)
      return run(element, Tag<double>{});
    else
      return wide ? run(element, Tag<double>{}) : run(element, Tag<float>{});
  });
}

RUNE_KERNEL(LayerNormalization) {
  enum { axis, centered, epsilon, statistics };
  const Attribute *a = call.attributes;
  const View &x = call.in[0], &y = call.out[0];
  int64_t outer = 1, inner = 1;
  for (int32_t i = 0; i < x.rank; ++i)
    (i < a[axis].integer ? outer : inner) *= x.sizes[i];
  bool hasScale = has(call, 1), hasBias = has(call, 2);
  Strides none = {};
  Strides ofScale = hasScale ? stretched(call.in[1], y) : none;
  Strides ofBias = hasBias ? stretched(call.in[2], y) : none;
  const Strides strides[] = {ofScale, ofBias};
  if (countOf(x) == 0 && outer == 0)
    return 0;
  Odometer<2> place(y.sizes, y.rank);
  return withFloat(x.type, [&]<class T>(Tag<T>) -> int32_t {
    const T *in = elements<T>(x);
    auto at = [&](int64_t i) { return static_cast<double>(widen(in[i])); };
    for (int64_t o = 0; o < outer; ++o) {
      if (mustStop(call))
        return stopped;
      double sum = 0, squares = 0;
      for (int64_t i = 0; i < inner; ++i)
        sum += at(o * inner + i);
      double mean = sum / static_cast<double>(inner);
      double middle = a[centered].integer != 0 ? mean : 0;
      for (int64_t i = 0; i < inner; ++i) {
        double d = at(o * inner + i) - middle;
        squares += d * d;
      }
      double inverse = 1 / math::sqrt(squares / static_cast<double>(inner) +
                                      a[epsilon].number);
      for (int64_t i = 0; i < inner; ++i) {
        double v = (at(o * inner + i) - middle) * inverse;
        if (hasScale)
          v *= loadFloat(call.in[1], place.offset[0]);
        if (hasBias)
          v += loadFloat(call.in[2], place.offset[1]);
        storeFloat(y, o * inner + i, v);
        place.advance(strides);
      }
      if (call.outputs > 1 && call.out[1].rank >= 0)
        storeFloat(call.out[1], o, mean);
      if (call.outputs > 2 && call.out[2].rank >= 0)
        storeFloat(call.out[2], o, inverse);
    }
    return 0;
  });
}

RUNE_KERNEL(GroupNormalization) {
  enum { epsilon, groups, layout };
  const Attribute *a = call.attributes;
  const View &x = call.in[0];
  if (isEmpty(x))
    return 0;
  bool last = isText(a[layout], "NXC");
  int64_t batch = x.sizes[0], channels = x.sizes[last ? x.rank - 1 : 1];
  int64_t spatial = countOf(x) / batch / channels;
  int64_t channelStep = last ? 1 : spatial, spatialStep = last ? channels : 1;
  int64_t each = a[groups].integer == 0 ? 1 : channels / a[groups].integer;
  auto count = static_cast<double>(each * spatial);
  bool perChannelScale = countOf(call.in[1]) == channels;
  bool perChannelBias = countOf(call.in[2]) == channels;
  for (int64_t n = 0; n < batch; ++n)
    for (int64_t first = 0; first < channels; first += each) {
      if (mustStop(call))
        return stopped;
      auto visit = [&](auto body) {
        for (int64_t c = first; c < first + each; ++c)
          for (int64_t s = 0; s < spatial; ++s)
            body(n * channels * spatial + c * channelStep + s * spatialStep, c);
      };
      double sum = 0, squares = 0;
      visit([&](int64_t at, int64_t) { sum += loadFloat(x, at); });
      double mean = sum / count;
      visit([&](int64_t at, int64_t) {
        double d = loadFloat(x, at) - mean;
        squares += d * d;
      });
      double deviation = math::sqrt(squares / count + a[epsilon].number);
      visit([&](int64_t at, int64_t c) {
        double scale = loadFloat(call.in[1], perChannelScale ? c : c / each);
        double bias = loadFloat(call.in[2], perChannelBias ? c : c / each);
        storeFloat(call.out[0], at,
                   (loadFloat(x, at) - mean) / deviation * scale + bias);
      });
    }
  return 0;
}

RUNE_KERNEL(LocalResponseNormalization) {
  enum { alpha, beta, bias, layout, size };
  const Attribute *a = call.attributes;
  const View &x = call.in[0];
  int32_t axis = isText(a[layout], "NXC") ? x.rank - 1 : 1;
  int64_t channels = x.sizes[axis], step = rowMajor(x).of[axis];
  int64_t width = a[size].integer, before = (width - 1) / 2,
          after = width - 1 - before;
  double factor = a[alpha].number / static_cast<double>(width);
  return eachPiece(call, countOf(x), [&](int64_t from, int64_t to) {
    for (int64_t at = from; at < to; ++at) {
      int64_t c = at / step % channels;
      int64_t first = c > before ? c - before : 0;
      int64_t end = channels - c > after ? c + after + 1 : channels;
      double squares = 0;
      for (int64_t i = first; i < end; ++i) {
        double v = loadFloat(x, at + (i - c) * step);
        squares += v * v;
      }
      storeFloat(call.out[0], at,
                 loadFloat(x, at) / math::pow(a[bias].number + factor * squares,
                                              a[beta].number));
    }
  });
}
