// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Local response normalisation of f32 over channels-last images, with the
// exponent that all known models have: v^0.75 = √v · √√v.
#include "compile/library/fast/blocking.h"
#include "compile/library/fast/folds_f32.h"
#include "compile/library/fast/fused.h"

#pragma clang fp contract(on)

using namespace rune::library;

namespace {

enum { alpha, beta, bias, layout, size };

template <int lanes> class Response {
public:
  explicit Response(const Fused &fused)
      : fused_(fused), channels_(fused.columns) {
    const Attribute *a = fused.call->attributes;
    width_ = a[size].integer;
    before_ = (width_ - 1) / 2;
    factor_ = static_cast<float>(a[alpha].number / static_cast<double>(width_));
    bias_ = static_cast<float>(a[bias].number);
  }

  int32_t run() {
    const float *x = elements<float>(fused_.call->in[0]);
    int64_t most = channels_ < rowBlock ? rowBlock / channels_ : 1;
    return eachTask(
        fused_, ceilDiv(fused_.rows, most),
        [&](int64_t task, uint8_t *scratch) {
          // squares with zeros around them, then the results
          auto *squares = reinterpret_cast<float *>(scratch);
          float *values = squares + channels_ + width_;
          int64_t first = task * most, rows = atMost(most, fused_.rows - first);
          for (int64_t i = 0; i < width_ + channels_; ++i)
            squares[i] = 0;
          for (int64_t i = 0; i < rows; ++i)
            row(x + (first + i) * channels_, squares, values + i * channels_);
          fused_.finish(values, channels_, first, rows, 0, channels_,
                        fused_.operands);
        });
  }

private:
  using V = F32s<lanes>;

  void row(const float *x, float *squares, float *to) const {
    float *own = squares + before_;
    eachVector<lanes>(
        channels_,
        [&](int64_t c, int) {
          V v = loadVector<V>(x + c);
          storeVector<V>(own + c, v * v);
        },
        [&](int64_t c) { own[c] = x[c] * x[c]; });
    eachVector<lanes>(
        channels_,
        [&](int64_t c, int) {
          V sum = {};
          for (int64_t k = 0; k < width_; ++k)
            sum += loadVector<V>(squares + c + k);
          sum = sum * factor_ + bias_;
          V root = __builtin_elementwise_sqrt(sum);
          V power = root * __builtin_elementwise_sqrt(root);
          storeVector<V>(to + c, loadVector<V>(x + c) / power);
        },
        [&](int64_t c) {
          float sum = 0;
          for (int64_t k = 0; k < width_; ++k)
            sum += squares[c + k];
          float root = __builtin_sqrtf(sum * factor_ + bias_);
          to[c] = x[c] / (root * __builtin_sqrtf(root));
        });
  }

  const Fused &fused_;
  int64_t channels_, width_, before_;
  float factor_, bias_;
};

} // namespace

RUNE_FAST(LocalResponseNormalizationF32_16) { return Response<4>(fused).run(); }
RUNE_FAST(LocalResponseNormalizationF32_32) { return Response<8>(fused).run(); }
RUNE_FAST(LocalResponseNormalizationF32_64) {
  return Response<16>(fused).run();
}
