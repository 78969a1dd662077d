// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Long short-term memory of f32 with the usual functions: what the inputs of
// many steps give is one product, made before; each step adds the product of
// what the last one left. Both read packed panels of weights.
//
// source  docs/ops.md: lstm
#include "compile/library/fast/blocking.h"
#include "compile/library/fast/fused.h"
#include "compile/library/fast/math_f32.h"
#include "compile/library/fast/product_row.h"
#include "compile/library/fast/product_tile.h"

#pragma clang fp contract(on)

using namespace rune::library;

namespace {

enum { inputX, inputWeights, inputRecurrent, inputBias, inputH, inputC };
enum { attributeLayout = 12, attributeReverse };
enum { inputGate, outputGate, forgetGate, cellGate, gateCount };

template <int vectorBytes> class Lstm {
public:
  Lstm(const Fused &fused, uint8_t *scratch) : call_(*fused.call) {
    const View &x = call_.in[inputX];
    timeFirst_ = isText(call_.attributes[attributeLayout], "TNC");
    reverse_ = call_.attributes[attributeReverse].integer != 0;
    shape_ = {x.sizes[timeFirst_ ? 0 : 1], x.sizes[timeFirst_ ? 1 : 0],
              call_.in[inputRecurrent].sizes[1], width};
    auto *packed = static_cast<const float *>(fused.packed);
    projection_ = {packed, x.sizes[2]};
    recurrence_ = {packed + shape_.columns() * (1 + x.sizes[2]), shape_.hidden};
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
        advance(sums_ + (step - from) * shape_.batch * shape_.columns(),
                place(step));
      }
    }
    if (wants(1))
      copy(h_, states, elements<float>(call_.out[1]));
    if (wants(2))
      copy(c_, states, elements<float>(call_.out[2]));
  }

private:
  static constexpr TileShape tile = productF32(vectorBytes);
  static constexpr int64_t width = tile.columns();

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
    const float *x = elements<float>(call_.in[inputX]);
    int64_t rows = count * shape_.batch;
    for (int64_t i = 0; i < rows; i += tile.rows) {
      const float *left[tile.rows];
      int64_t some = atMost(tile.rows, rows - i);
      for (int64_t r = 0; r < some; ++r)
        left[r] = x + row(place(from + (i + r) / shape_.batch),
                          (i + r) % shape_.batch) *
                          projection_.inner;
      multiplySome(left, some, projection_, nullptr,
                   sums_ + i * shape_.columns());
    }
  }

  /// z = x · panels, from the bias on or from `start`.
  void multiplySome(const float *const *x, int64_t rows, const Panels &panels,
                    const float *start, float *z) const {
    float sums[tile.rows * width];
    for (int64_t column = 0; column < shape_.columns(); column += width) {
      const float *panel = panels.first + column * (1 + panels.inner);
      TileInput in{x, rows, 1, panels.inner, panel + width, width, panel, 0};
      if (start) {
        in.start = start + column;
        in.startStep = shape_.columns();
      }
      multiplyRows<tile.lanes, tile.rows, tile.vectors>(rows, in, 0, sums);
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t c = 0; c < width; ++c)
          z[r * shape_.columns() + column + c] = sums[r * width + c];
    }
  }

  void recur(float *sums) const {
    if (shape_.batch == 1)
      return eachPanels<vectorBytes>(
          0, shape_.columns(), [&]<int count>(int64_t column, Count<count>) {
            float *z = sums + column;
            multiplyRow<vectorBytes, count>(h_, recurrence_, column, z, width,
                                            z);
          });
    for (int64_t n = 0; n < shape_.batch; n += tile.rows) {
      const float *left[tile.rows];
      int64_t some = atMost(tile.rows, shape_.batch - n);
      for (int64_t r = 0; r < some; ++r)
        left[r] = h_ + (n + r) * shape_.hidden;
      float *z = sums + n * shape_.columns();
      multiplySome(left, some, recurrence_, z, z);
    }
  }

  void advance(float *sums, int64_t at) {
    recur(sums);
    for (int64_t n = 0; n < shape_.batch; ++n) {
      float *h = h_ + n * shape_.hidden;
      gates(sums + n * shape_.columns(), h, c_ + n * shape_.hidden);
      if (wants(0))
        copy(h, shape_.hidden,
             elements<float>(call_.out[0]) + row(at, n) * shape_.hidden);
    }
  }

  void gates(const float *z, float *h, float *c) const {
    int64_t hidden = shape_.hidden;
#pragma clang loop vectorize(assume_safety) vectorize_width(tile.lanes)
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
  Panels projection_, recurrence_;
  bool timeFirst_, reverse_;
  float *h_, *c_, *sums_;
};

template <int vectorBytes> int32_t lstm(const Fused &fused) {
  return eachTask(fused, 1, [&](int64_t, uint8_t *scratch) {
    Lstm<vectorBytes>(fused, scratch).run();
  });
}

} // namespace

RUNE_FAST(LstmF32_16) { return lstm<16>(fused); }
RUNE_FAST(LstmF32_32) { return lstm<32>(fused); }
RUNE_FAST(LstmF32_64) { return lstm<64>(fused); }
