// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Long short-term memory of f32 with the usual functions.
//
// source  docs/ops.md: lstm
#include "compile/library/fast/math_f32.h"
#include "compile/library/fast/recurrent_f32.h"

#pragma clang fp contract(on)

using namespace rune::library;

namespace {

enum { inputH = 4, inputC };
enum { attributeLayout = 12, attributeReverse };
enum { inputGate, outputGate, forgetGate, cellGate, gateCount };

template <int vectorBytes> class Lstm {
public:
  Lstm(const Fused &fused, float *scratch)
      : layer_(fused, gateCount, 0, fused.call->attributes[attributeLayout],
               fused.call->attributes[attributeReverse]),
        shape_(layer_.shape()), h_(scratch),
        c_(h_ + shape_.batch * shape_.hidden),
        sums_(c_ + shape_.batch * shape_.hidden) {}

  void run() {
    layer_.start(inputH, h_);
    layer_.start(inputC, c_);
    layer_.eachStep(sums_, [&](float *sums, int64_t at) {
      layer_.add(h_, shape_.hidden, 0, shape_.columns(), sums);
      for (int64_t n = 0; n < shape_.batch; ++n) {
        float *h = h_ + n * shape_.hidden;
        gates(sums + n * shape_.columns(), h, c_ + n * shape_.hidden);
        layer_.keep(h, at, n);
      }
    });
    layer_.finish(h_, 1);
    layer_.finish(c_, 2);
  }

private:
  void gates(const float *z, float *h, float *c) const {
    int64_t hidden = shape_.hidden;
#pragma clang loop vectorize(assume_safety) vectorize_width(vectorBytes / 4)
    for (int64_t u = 0; u < hidden; ++u) {
      float forget = f32::sigmoid(z[forgetGate * hidden + u]);
      float input = f32::sigmoid(z[inputGate * hidden + u]);
      float cell = forget * c[u] + input * f32::tanh(z[cellGate * hidden + u]);
      c[u] = cell;
      h[u] = f32::sigmoid(z[outputGate * hidden + u]) * f32::tanh(cell);
    }
  }

  Recurrence<vectorBytes> layer_;
  const RecurrentShape &shape_;
  float *h_, *c_, *sums_;
};

} // namespace

RUNE_FAST(LstmF32_16) { return runRecurrent<Lstm<16>>(fused); }
RUNE_FAST(LstmF32_32) { return runRecurrent<Lstm<32>>(fused); }
RUNE_FAST(LstmF32_64) { return runRecurrent<Lstm<64>>(fused); }
