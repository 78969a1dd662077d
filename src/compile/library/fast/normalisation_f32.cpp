// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layer and group normalisation of f32. A mean is taken twice, the second time
// of what is left after the first: so it is as good as one of f64 where numbers
// are large beside their differences. Where f32 overflows, f64 takes over.
#include "compile/library/fast/blocking.h"
#include "compile/library/fast/flat.h"
#include "compile/library/fast/folds_f32.h"
#include "compile/library/math.h"

#pragma clang fp contract(on)

using namespace rune::library;

namespace {

/// y = ((x - middle) - rest) · inverse.
struct Normal {
  float middle;
  float rest;
  float inverse;
};

Normal normalOf(double middle, double rest, double variance, double epsilon) {
  return {static_cast<float>(middle), static_cast<float>(rest),
          static_cast<float>(1 / math::sqrt(variance + epsilon))};
}

bool isOrdinary(float x) { return magnitude(x) < 0x1p120f; }

Normal wideNormal(const float *x, int64_t count, bool centered,
                  double epsilon) {
  double sum = 0, squares = 0, all = static_cast<double>(count);
  for (int64_t i = 0; i < count; ++i)
    sum += x[i];
  double mean = centered ? sum / all : 0;
  for (int64_t i = 0; i < count; ++i)
    squares += (x[i] - mean) * (x[i] - mean);
  return normalOf(mean, mean - static_cast<double>(static_cast<float>(mean)),
                  squares / all, epsilon);
}

template <int lanes>
Normal normalOf(const float *x, int64_t count, bool centered, double epsilon) {
  double all = static_cast<double>(count);
  float sum = centered ? sumOf<lanes>(x, count) : 0;
  float middle = static_cast<float>(sum / all);
  Deviations left = deviationsOf<lanes>(x, count, middle);
  if (!isOrdinary(sum) || !isOrdinary(left.squares))
    return wideNormal(x, count, centered, epsilon);
  double rest = centered ? left.sum / all : 0;
  return normalOf(middle, rest, left.squares / all - rest * rest, epsilon);
}

template <int lanes> int32_t layerNormalization(const Fused &fused) {
  enum { axis, centeredAttribute, epsilonAttribute };
  const Call &call = *fused.call;
  const View &x = call.in[0];
  bool centered = call.attributes[centeredAttribute].integer != 0;
  double epsilon = call.attributes[epsilonAttribute].number;
  int64_t length = 1;
  for (auto d = static_cast<int32_t>(call.attributes[axis].integer); d < x.rank;
       ++d)
    length *= x.sizes[d];
  const float *in = elements<float>(x);
  const float *scale = has(call, 1) ? elements<float>(call.in[1]) : nullptr;
  const float *bias = has(call, 2) ? elements<float>(call.in[2]) : nullptr;
  int64_t count = countOf(x) / length;
  int64_t most = length < rowBlock ? rowBlock / length : 1;
  using V = F32s<lanes>;
  return eachTask(
      fused, ceilDiv(count, most), [&](int64_t task, uint8_t *scratch) {
        auto *values = reinterpret_cast<float *>(scratch);
        int64_t first = task * most, now = atMost(most, count - first);
        for (int64_t k = 0; k < now; ++k) {
          const float *row = in + (first + k) * length;
          float *to = values + k * length;
          Normal n = normalOf<lanes>(row, length, centered, epsilon);
          eachVector<lanes>(
              length,
              [&](int64_t i, int) {
                V v =
                    ((loadVector<V>(row + i) - n.middle) - n.rest) * n.inverse;
                if (scale)
                  v *= loadVector<V>(scale + i);
                if (bias)
                  v += loadVector<V>(bias + i);
                storeVector<V>(to + i, v);
              },
              [&](int64_t i) {
                float v = ((row[i] - n.middle) - n.rest) * n.inverse;
                if (scale)
                  v *= scale[i];
                to[i] = bias ? v + bias[i] : v;
              });
        }
        finishFlat(fused, values, first * length, now * length);
      });
}

/// Each channel of a group with its own scale and bias: neighbours in memory.
template <int lanes> class ChannelsFirst {
public:
  explicit ChannelsFirst(const Fused &fused) : fused_(fused) {
    const Call &call = *fused.call;
    const View &x = call.in[0];
    channels_ = x.sizes[1];
    int64_t groups = call.attributes[1].integer;
    each_ = groups == 0 ? 1 : channels_ / groups;
    plane_ = countOf(x) / x.sizes[0] / channels_;
    perGroup_[0] = countOf(call.in[1]) != channels_;
    perGroup_[1] = countOf(call.in[2]) != channels_;
  }

  int32_t run() {
    const Call &call = *fused_.call;
    const float *in = elements<float>(call.in[0]);
    int64_t length = each_ * plane_;
    return eachTask(fused_, countOf(call.in[0]) / length,
                    [&](int64_t task, uint8_t *scratch) {
                      const float *x = in + task * length;
                      Normal n = normalOf<lanes>(x, length, true,
                                                 call.attributes[0].number);
                      int64_t channel = task * each_ % channels_;
                      for (int64_t c = 0; c < each_; ++c)
                        plane(n, x + c * plane_, channel + c,
                              task * length + c * plane_,
                              reinterpret_cast<float *>(scratch));
                    });
  }

private:
  using V = F32s<lanes>;

  void plane(const Normal &n, const float *x, int64_t channel, int64_t at,
             float *values) {
    const Call &call = *fused_.call;
    float scale =
        elements<float>(call.in[1])[perGroup_[0] ? channel / each_ : channel];
    float bias =
        elements<float>(call.in[2])[perGroup_[1] ? channel / each_ : channel];
    float factor = n.inverse * scale;
    for (int64_t from = 0; from < plane_; from += rowBlock) {
      int64_t count = atMost(rowBlock, plane_ - from);
      eachVector<lanes>(
          count,
          [&](int64_t i, int) {
            V v = (loadVector<V>(x + from + i) - n.middle) - n.rest;
            storeVector<V>(values + i, v * factor + bias);
          },
          [&](int64_t i) {
            values[i] = ((x[from + i] - n.middle) - n.rest) * factor + bias;
          });
      finishFlat(fused_, values, at + from, count);
    }
  }

  const Fused &fused_;
  int64_t channels_, each_, plane_;
  bool perGroup_[2];
};

/// The channels of a group are neighbours in each row.
template <int lanes> class ChannelsLast {
public:
  explicit ChannelsLast(const Fused &fused) : fused_(fused) {
    const Call &call = *fused.call;
    const View &x = call.in[0];
    channels_ = x.sizes[x.rank - 1];
    int64_t groups = call.attributes[1].integer;
    each_ = groups == 0 ? 1 : channels_ / groups;
    rows_ = countOf(x) / x.sizes[0] / channels_;
    perGroup_[0] = countOf(call.in[1]) != channels_;
    perGroup_[1] = countOf(call.in[2]) != channels_;
  }

  int32_t run() {
    const View &x = fused_.call->in[0];
    return eachTask(fused_, x.sizes[0], [&](int64_t n, uint8_t *scratch) {
      auto *parts = reinterpret_cast<float *>(scratch);
      float *middle = parts, *rest = parts + channels_,
            *factor = parts + 2 * channels_, *bias = parts + 3 * channels_;
      const float *image = elements<float>(x) + n * rows_ * channels_;
      sumRows<lanes>(image, channels_, rows_, channels_, 1, middle);
      shareMeans(middle);
      deviations(image, middle, rest, factor);
      finishGroups(image, middle, rest, factor, bias);
      float *values = parts + 4 * channels_;
      int64_t most = channels_ < rowBlock ? rowBlock / channels_ : 1;
      for (int64_t r = 0; r < rows_; r += most) {
        int64_t now = atMost(most, rows_ - r);
        for (int64_t i = 0; i < now; ++i)
          normalise(image + (r + i) * channels_, parts, values + i * channels_);
        fused_.finish(values, channels_, n * rows_ + r, now, 0, channels_,
                      fused_.operands);
      }
    });
  }

private:
  using V = F32s<lanes>;

  /// From the sums of channels to the mean of their group.
  void shareMeans(float *sums) {
    for (int64_t first = 0; first < channels_; first += each_) {
      double sum = 0;
      for (int64_t c = first; c < first + each_; ++c)
        sum += sums[c];
      auto mean = static_cast<float>(sum / static_cast<double>(each_ * rows_));
      for (int64_t c = first; c < first + each_; ++c)
        sums[c] = mean;
    }
  }

  void deviations(const float *x, const float *middle, float *sums,
                  float *squares) {
    for (int64_t c = 0; c < channels_; ++c)
      sums[c] = squares[c] = 0;
    for (int64_t r = 0; r < rows_; ++r, x += channels_)
      eachVector<lanes>(
          channels_,
          [&](int64_t c, int) {
            V d = loadVector<V>(x + c) - loadVector<V>(middle + c);
            storeVector<V>(sums + c, loadVector<V>(sums + c) + d);
            storeVector<V>(squares + c, loadVector<V>(squares + c) + d * d);
          },
          [&](int64_t c) {
            float d = x[c] - middle[c];
            sums[c] += d;
            squares[c] += d * d;
          });
  }

  /// Sums and squares become what is left of the mean and the factor.
  void finishGroups(const float *x, float *middle, float *rest, float *factor,
                    float *bias) {
    const Call &call = *fused_.call;
    double epsilon = call.attributes[0].number;
    auto all = static_cast<double>(each_ * rows_);
    for (int64_t first = 0; first < channels_; first += each_) {
      double sum = 0, squares = 0;
      for (int64_t c = first; c < first + each_; ++c)
        sum += rest[c], squares += factor[c];
      sum /= all;
      Normal n =
          normalOf(middle[first], sum, squares / all - sum * sum, epsilon);
      if (!(squares < 0x1p120))
        n = wideGroup(x + first, epsilon);
      for (int64_t c = first; c < first + each_; ++c) {
        middle[c] = n.middle;
        rest[c] = n.rest;
        factor[c] = n.inverse * parameter(1, c);
        bias[c] = parameter(2, c);
      }
    }
  }

  float parameter(int input, int64_t channel) const {
    return elements<float>(
        fused_.call
            ->in[input])[perGroup_[input - 1] ? channel / each_ : channel];
  }

  Normal wideGroup(const float *x, double epsilon) const {
    auto all = static_cast<double>(each_ * rows_);
    auto visit = [&](auto body) {
      for (int64_t r = 0; r < rows_; ++r)
        for (int64_t c = 0; c < each_; ++c)
          body(static_cast<double>(x[r * channels_ + c]));
    };
    double sum = 0, squares = 0;
    visit([&](double v) { sum += v; });
    double mean = sum / all;
    visit([&](double v) { squares += (v - mean) * (v - mean); });
    return normalOf(mean, mean - static_cast<double>(static_cast<float>(mean)),
                    squares / all, epsilon);
  }

  void normalise(const float *x, const float *parts, float *to) const {
    const float *rest = parts + channels_, *factor = parts + 2 * channels_,
                *bias = parts + 3 * channels_;
    eachVector<lanes>(
        channels_,
        [&](int64_t c, int) {
          V v = (loadVector<V>(x + c) - loadVector<V>(parts + c)) -
                loadVector<V>(rest + c);
          storeVector<V>(to + c, v * loadVector<V>(factor + c) +
                                     loadVector<V>(bias + c));
        },
        [&](int64_t c) {
          to[c] = ((x[c] - parts[c]) - rest[c]) * factor[c] + bias[c];
        });
  }

  const Fused &fused_;
  int64_t channels_, each_, rows_;
  bool perGroup_[2];
};

template <int lanes> int32_t groupNormalization(const Fused &fused) {
  return isText(fused.call->attributes[2], "NXC")
             ? ChannelsLast<lanes>(fused).run()
             : ChannelsFirst<lanes>(fused).run();
}

} // namespace

RUNE_FAST(LayerNormalizationF32_16) { return layerNormalization<4>(fused); }
RUNE_FAST(LayerNormalizationF32_32) { return layerNormalization<8>(fused); }
RUNE_FAST(LayerNormalizationF32_64) { return layerNormalization<16>(fused); }
RUNE_FAST(GroupNormalizationF32_16) { return groupNormalization<4>(fused); }
RUNE_FAST(GroupNormalizationF32_32) { return groupNormalization<8>(fused); }
RUNE_FAST(GroupNormalizationF32_64) { return groupNormalization<16>(fused); }
