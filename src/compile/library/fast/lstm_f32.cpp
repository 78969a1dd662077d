// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Long short-term memory of f32 with the usual functions: what the inputs of
// many steps give is one product, made before; each step adds the product of
// what the last one left. Weights are read row by row as they stand, one
// element of a sum is one dot product.
//
// source  docs/ops.md: lstm
#include "compile/library/fast/blocking.h"
#include "compile/library/fast/folds_f32.h"
#include "compile/library/fast/fused.h"
#include "compile/library/fast/math_f32.h"

#pragma clang fp contract(on)

using namespace rune::library;

namespace {

enum { inputX, inputWeights, inputRecurrent, inputBias, inputH, inputC };
enum { attributeLayout = 12, attributeReverse };
enum { inputGate, outputGate, forgetGate, cellGate, gateCount };

/// z[r][k] += x[r] · w[k] for `rows` × `columns` of them.
template <int lanes, int rows, int columns>
void addDots(const float *x, int64_t xStep, const float *w, int64_t inner,
             float *z, int64_t zStep) {
  using V = F32s<lanes>;
  V sums[rows][columns] = {};
  float rest[rows][columns] = {};
  int64_t i = 0;
  for (; i + lanes <= inner; i += lanes)
    for (int r = 0; r < rows; ++r) {
      V v = loadVector<V>(x + r * xStep + i);
      for (int k = 0; k < columns; ++k)
        sums[r][k] += v * loadVector<V>(w + k * inner + i);
    }
  for (; i < inner; ++i)
    for (int r = 0; r < rows; ++r)
      for (int k = 0; k < columns; ++k)
        rest[r][k] += x[r * xStep + i] * w[k * inner + i];
  for (int r = 0; r < rows; ++r)
    for (int k = 0; k < columns; ++k)
      z[r * zStep + k] += sumOfLanes<lanes>(sums[r][k]) + rest[r][k];
}

/// z += x · wᵀ; the columns are a multiple of 4.
template <int lanes>
void addProduct(const float *x, int64_t xStep, int64_t rows, const float *w,
                int64_t inner, int64_t columns, float *z, int64_t zStep) {
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4)
    for (int64_t k = 0; k < columns; k += 2)
      addDots<lanes, 4, 2>(x + r * xStep, xStep, w + k * inner, inner,
                           z + r * zStep + k, zStep);
  for (; r < rows; ++r)
    for (int64_t k = 0; k < columns; k += 4)
      addDots<lanes, 1, 4>(x + r * xStep, xStep, w + k * inner, inner,
                           z + r * zStep + k, zStep);
}

template <int lanes> class Lstm {
public:
  Lstm(const Call &call, uint8_t *scratch) : call_(call) {
    const View &x = call.in[inputX];
    timeFirst_ = isText(call.attributes[attributeLayout], "TNC");
    reverse_ = call.attributes[attributeReverse].integer != 0;
    shape_ = {x.sizes[timeFirst_ ? 0 : 1], x.sizes[timeFirst_ ? 1 : 0],
              call.in[inputRecurrent].sizes[1]};
    channels_ = x.sizes[2];
    h_ = reinterpret_cast<float *>(scratch);
    c_ = h_ + shape_.batch * shape_.hidden;
    sums_ = c_ + shape_.batch * shape_.hidden;
  }

  void run() {
    int64_t states = shape_.batch * shape_.hidden;
    copy(given(inputH), states, h_);
    copy(given(inputC), states, c_);
    for (int64_t from = 0; from < shape_.steps; from += shape_.piece()) {
      int64_t to = atMost(from + shape_.piece(), shape_.steps);
      project(from, to - from);
      for (int64_t step = from; step < to; ++step) {
        if (mustStop(call_))
          return;
        advance(sums_ + (step - from) * width(), place(step));
      }
    }
    if (wants(1))
      copy(h_, states, elements<float>(call_.out[1]));
    if (wants(2))
      copy(c_, states, elements<float>(call_.out[2]));
  }

private:
  int64_t columns() const { return gateCount * shape_.hidden; }
  int64_t width() const { return shape_.batch * columns(); }
  int64_t place(int64_t step) const {
    return reverse_ ? shape_.steps - 1 - step : step;
  }
  bool wants(int32_t output) const {
    return output < call_.outputs && call_.out[output].rank >= 0;
  }
  const float *given(int32_t input) const {
    return has(call_, input) ? elements<float>(call_.in[input]) : nullptr;
  }
  static void copy(const float *from, int64_t count, float *to) {
    for (int64_t i = 0; i < count; ++i)
      to[i] = from ? from[i] : 0;
  }

  /// The row of a step and a batch element in x and y.
  int64_t row(int64_t at, int64_t n) const {
    return timeFirst_ ? at * shape_.batch + n : n * shape_.steps + at;
  }

  /// What the inputs of `count` steps give, with the bias.
  void project(int64_t from, int64_t count) {
    for (int64_t i = 0; i < count * shape_.batch; ++i)
      copy(given(inputBias), columns(), sums_ + i * columns());
    int64_t step = (timeFirst_ ? shape_.batch : 1) * channels_;
    for (int64_t n = 0; n < shape_.batch; ++n)
      addProduct<lanes>(elements<float>(call_.in[inputX]) +
                            row(place(from), n) * channels_,
                        reverse_ ? -step : step, count,
                        elements<float>(call_.in[inputWeights]), channels_,
                        columns(), sums_ + n * columns(), width());
  }

  void advance(float *sums, int64_t at) {
    int64_t hidden = shape_.hidden;
    addProduct<lanes>(h_, hidden, shape_.batch,
                      elements<float>(call_.in[inputRecurrent]), hidden,
                      columns(), sums, columns());
    for (int64_t n = 0; n < shape_.batch; ++n) {
      const float *z = sums + n * columns();
      float *h = h_ + n * hidden;
      gates(z, h, c_ + n * hidden);
      if (wants(0))
        copy(h, hidden, elements<float>(call_.out[0]) + row(at, n) * hidden);
    }
  }

  void gates(const float *z, float *h, float *c) const {
    int64_t hidden = shape_.hidden;
#pragma clang loop vectorize(assume_safety) vectorize_width(lanes)
    for (int64_t u = 0; u < hidden; ++u) {
      float forget = f32::sigmoid(z[forgetGate * hidden + u]);
      float input = f32::sigmoid(z[inputGate * hidden + u]);
      float cell = forget * c[u] + input * f32::tanh(z[cellGate * hidden + u]);
      c[u] = cell;
      h[u] = f32::sigmoid(z[outputGate * hidden + u]) * f32::tanh(cell);
    }
  }

  const Call &call_;
  LstmShape shape_;
  int64_t channels_;
  bool timeFirst_, reverse_;
  float *h_, *c_, *sums_;
};

template <int lanes> int32_t lstm(const Fused &fused) {
  return eachTask(fused, 1, [&](int64_t, uint8_t *scratch) {
    Lstm<lanes>(*fused.call, scratch).run();
  });
}

} // namespace

RUNE_FAST(LstmF32_16) { return lstm<4>(fused); }
RUNE_FAST(LstmF32_32) { return lstm<8>(fused); }
RUNE_FAST(LstmF32_64) { return lstm<16>(fused); }
