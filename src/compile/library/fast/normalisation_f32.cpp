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

} // namespace

RUNE_FAST(LayerNormalizationF32_16) { return layerNormalization<4>(fused); }
RUNE_FAST(LayerNormalizationF32_32) { return layerNormalization<8>(fused); }
RUNE_FAST(LayerNormalizationF32_64) { return layerNormalization<16>(fused); }
RUNE_FAST(GroupNormalizationF32_16) { return ChannelsFirst<4>(fused).run(); }
RUNE_FAST(GroupNormalizationF32_32) { return ChannelsFirst<8>(fused).run(); }
RUNE_FAST(GroupNormalizationF32_64) { return ChannelsFirst<16>(fused).run(); }
