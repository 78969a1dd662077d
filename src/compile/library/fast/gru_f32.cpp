// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gated recurrent units of f32 with the usual functions. Update and reset gate
// are the first columns of a step's sums, the hidden gate is late: its columns
// begin with a panel of their own, since its product is made after the others
// (of r · h), or stands by itself until r is known (`reset_after`).
//
// source  docs/ops.md: gru
#include "compile/library/fast/math_f32.h"
#include "compile/library/fast/recurrent_f32.h"

#pragma clang fp contract(on)

using namespace rune::library;

namespace {

enum { inputH = 5 };
enum { attributeLayout = 7, attributeResetAfter, attributeReverse };

template <int vectorBytes> class Gru {
public:
  Gru(const Fused &fused, float *scratch)
      : layer_(fused, 2, 1, fused.call->attributes[attributeLayout],
               fused.call->attributes[attributeReverse]),
        shape_(layer_.shape()), h_(scratch),
        more_(h_ + shape_.batch * shape_.hidden),
        sums_(more_ + shape_.batch * shape_.lateColumns()),
        after_(fused.call->attributes[attributeResetAfter].integer != 0) {}

  void run() {
    layer_.start(inputH, h_);
    layer_.eachStep(sums_, [&](float *sums, int64_t at) {
      layer_.add(h_, shape_.hidden, 0, shape_.lateAt(), sums);
      if (after_)
        layer_.multiply(h_, shape_.hidden, shape_.lateAt(), shape_.columns(),
                        more_, shape_.lateColumns());
      else {
        eachElement(sums, &Gru::resetBefore);
        layer_.add(more_, shape_.lateColumns(), shape_.lateAt(),
                   shape_.columns(), sums);
      }
      eachElement(sums, after_ ? &Gru::advanceAfter : &Gru::advance);
      for (int64_t n = 0; n < shape_.batch; ++n)
        layer_.keep(h_ + n * shape_.hidden, at, n);
    });
    layer_.finish(h_, 1);
  }

private:
  template <class F> void eachElement(const float *sums, const F &body) const {
    for (int64_t n = 0; n < shape_.batch; ++n)
      (this->*body)(sums + n * shape_.columns(), h_ + n * shape_.hidden,
                    more_ + n * shape_.lateColumns());
  }

  /// r · h, which the hidden gate's weights meet.
  void resetBefore(const float *z, float *h, float *more) const {
    int64_t hidden = shape_.hidden;
#pragma clang loop vectorize(assume_safety) vectorize_width(vectorBytes / 4)
    for (int64_t u = 0; u < hidden; ++u)
      more[u] = f32::sigmoid(z[hidden + u]) * h[u];
  }
  void advance(const float *z, float *h, float *) const {
    int64_t hidden = shape_.hidden;
    const float *late = z + shape_.lateAt();
#pragma clang loop vectorize(assume_safety) vectorize_width(vectorBytes / 4)
    for (int64_t u = 0; u < hidden; ++u)
      h[u] = mixed(z[u], f32::tanh(late[u]), h[u]);
  }
  void advanceAfter(const float *z, float *h, float *more) const {
    int64_t hidden = shape_.hidden;
    const float *late = z + shape_.lateAt();
#pragma clang loop vectorize(assume_safety) vectorize_width(vectorBytes / 4)
    for (int64_t u = 0; u < hidden; ++u) {
      float reset = f32::sigmoid(z[hidden + u]);
      h[u] = mixed(z[u], f32::tanh(late[u] + reset * more[u]), h[u]);
    }
  }
  [[gnu::always_inline]] static float mixed(float gate, float next, float h) {
    float update = f32::sigmoid(gate);
    return (1 - update) * next + update * h;
  }

  Recurrence<vectorBytes> layer_;
  const RecurrentShape &shape_;
  /// The state; for each batch element r · h, or the late product.
  float *h_, *more_, *sums_;
  bool after_;
};

} // namespace

RUNE_FAST(GruF32_16) { return runRecurrent<Gru<16>>(fused); }
RUNE_FAST(GruF32_32) { return runRecurrent<Gru<32>>(fused); }
RUNE_FAST(GruF32_64) { return runRecurrent<Gru<64>>(fused); }
