// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Recurrent layers of f32 with one function: tanh, sigmoid or relu.
//
// source  docs/ops.md: rnn
#include "compile/library/fast/math_f32.h"
#include "compile/library/fast/recurrent_f32.h"

#pragma clang fp contract(on)

using namespace rune::library;

namespace {

enum { inputH = 5 };
enum { attributeFunction = 1, attributeLayout = 4, attributeReverse };

template <int vectorBytes> class Rnn {
public:
  Rnn(const Fused &fused, float *scratch)
      : layer_(fused, 1, 0, fused.call->attributes[attributeLayout],
               fused.call->attributes[attributeReverse]),
        shape_(layer_.shape()), h_(scratch),
        sums_(h_ + shape_.batch * shape_.hidden) {}

  void run() {
    const Attribute &name = layer_.call().attributes[attributeFunction];
    if (isText(name, "tanh"))
      steps([](float x) { return f32::tanh(x); });
    else if (isText(name, "sigmoid"))
      steps([](float x) { return f32::sigmoid(x); });
    else // NaN stays
      steps([](float x) { return x < 0 ? 0 : x; });
  }

private:
  template <class F> void steps(const F &function) {
    layer_.start(inputH, h_);
    layer_.eachStep(sums_, [&](float *sums, int64_t at) {
      layer_.add(h_, shape_.hidden, 0, shape_.columns(), sums);
      for (int64_t n = 0; n < shape_.batch; ++n) {
        float *h = h_ + n * shape_.hidden;
        const float *z = sums + n * shape_.columns();
        int64_t hidden = shape_.hidden;
#pragma clang loop vectorize(assume_safety) vectorize_width(vectorBytes / 4)
        for (int64_t u = 0; u < hidden; ++u)
          h[u] = function(z[u]);
        layer_.keep(h, at, n);
      }
    });
    layer_.finish(h_, 1);
  }

  Recurrence<vectorBytes> layer_;
  const RecurrentShape &shape_;
  float *h_, *sums_;
};

} // namespace

RUNE_FAST(RnnF32_16) { return runRecurrent<Rnn<16>>(fused); }
RUNE_FAST(RnnF32_32) { return runRecurrent<Rnn<32>>(fused); }
RUNE_FAST(RnnF32_64) { return runRecurrent<Rnn<64>>(fused); }
