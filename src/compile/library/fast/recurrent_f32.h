// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What recurrent layers of f32 share: what the inputs of many steps give is one
// product, made before; each step adds products of what the last one left. Both
// read packed panels of weights.
//
// source  docs/ops.md: lstm, gru, rnn
#pragma once

#include "compile/library/fast/blocking.h"
#include "compile/library/fast/fused.h"
#include "compile/library/fast/product_row.h"
#include "compile/library/fast/product_tile.h"

#pragma clang fp contract(on)

namespace rune::library {

template <int vectorBytes> class Recurrence {
public:
  static constexpr TileShape tile = productF32(vectorBytes);
  static constexpr int64_t width = tile.columns();

  Recurrence(const Fused &fused, int64_t gates, int64_t late,
             const Attribute &layout, const Attribute &reverse)
      : call_(*fused.call) {
    const View &x = call_.in[0];
    timeFirst_ = isText(layout, "TNC");
    reverse_ = reverse.integer != 0;
    shape_ = {x.sizes[timeFirst_ ? 0 : 1],
              x.sizes[timeFirst_ ? 1 : 0],
              call_.in[2].sizes[1],
              width,
              gates,
              late};
    auto *packed = static_cast<const float *>(fused.packed);
    projection_ = {packed, x.sizes[2]};
    recurrence_ = {packed + shape_.columns() * (1 + x.sizes[2]), shape_.hidden};
  }

  const Call &call() const { return call_; }
  const RecurrentShape &shape() const { return shape_; }

  bool wants(int32_t output) const {
    return output < call_.outputs && call_.out[output].rank >= 0;
  }
  /// An initial state; zeros where it is not given.
  void start(int32_t input, float *state) const {
    copy(has(call_, input) ? elements<float>(call_.in[input]) : nullptr,
         shape_.batch * shape_.hidden, state);
  }
  void finish(const float *state, int32_t output) const {
    if (wants(output))
      copy(state, shape_.batch * shape_.hidden,
           elements<float>(call_.out[output]));
  }
  /// One batch element's row of y.
  void keep(const float *h, int64_t at, int64_t n) const {
    if (wants(0))
      copy(h, shape_.hidden,
           elements<float>(call_.out[0]) + row(at, n) * shape_.hidden);
  }

  /// Calls `body(sums, at)` for each step in its order: of each batch element
  /// columns() sums of x and the bias, the step's place in y.
  ///
  /// in      `sums`: of piece() steps
  template <class F> void eachStep(float *sums, const F &body) const {
    for (int64_t from = 0; from < shape_.steps; from += shape_.piece()) {
      int64_t to = atMost(from + shape_.piece(), shape_.steps);
      project(from, to - from, sums);
      for (int64_t step = from; step < to; ++step) {
        if (mustStop(call_))
          return;
        body(sums + (step - from) * shape_.batch * shape_.columns(),
             place(step));
      }
    }
  }

  /// Adds to the columns from `from` to `to`, whole panels, of all batch
  /// elements the product of the recurrent weights.
  ///
  /// in      `x`: shape().hidden elements each, `xStep` apart
  void add(const float *x, int64_t xStep, int64_t from, int64_t to,
           float *sums) const {
    recur(x, xStep, from, to, sums + from, sums + from, shape_.columns());
  }
  /// to = the bias of these columns and that product, rows `step` apart.
  void multiply(const float *x, int64_t xStep, int64_t from, int64_t end,
                float *to, int64_t step) const {
    recur(x, xStep, from, end, nullptr, to, step);
  }

private:
  int64_t place(int64_t step) const {
    return reverse_ ? shape_.steps - 1 - step : step;
  }
  static void copy(const float *from, int64_t count, float *to) {
    for (int64_t i = 0; i < count; ++i)
      to[i] = from ? from[i] : 0;
  }
  /// The row of a step and a batch element in x and y.
  int64_t row(int64_t at, int64_t n) const {
    return timeFirst_ ? at * shape_.batch + n : n * shape_.steps + at;
  }

  void project(int64_t from, int64_t count, float *sums) const {
    const float *x = elements<float>(call_.in[0]);
    int64_t rows = count * shape_.batch;
    for (int64_t i = 0; i < rows; i += tile.rows) {
      const float *left[tile.rows];
      int64_t some = atMost(tile.rows, rows - i);
      for (int64_t r = 0; r < some; ++r)
        left[r] = x + row(place(from + (i + r) / shape_.batch),
                          (i + r) % shape_.batch) *
                          projection_.inner;
      multiplySome(left, some, projection_, 0, shape_.columns(), nullptr,
                   sums + i * shape_.columns(), shape_.columns());
    }
  }

  /// z = x · panels, from the bias on or from `start`.
  static void multiplySome(const float *const *x, int64_t rows,
                           const Panels &panels, int64_t from, int64_t to,
                           const float *start, float *z, int64_t step) {
    float sums[tile.rows * width];
    for (int64_t column = from; column < to; column += width) {
      const float *panel = panels.at(column);
      TileInput in{x, rows, 1, panels.inner, panel + width, width, panel, 0};
      if (start) {
        in.start = start + (column - from);
        in.startStep = step;
      }
      multiplyRows<tile.lanes, tile.rows, tile.vectors>(rows, in, 0, sums);
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t c = 0; c < width; ++c)
          z[r * step + (column - from) + c] = sums[r * width + c];
    }
  }

  void recur(const float *x, int64_t xStep, int64_t from, int64_t to,
             const float *start, float *z, int64_t step) const {
    if (shape_.batch == 1)
      return eachPanels<vectorBytes>(
          from, to, [&]<int count>(int64_t column, Count<count>) {
            multiplyRow<vectorBytes, count>(
                x, recurrence_, column,
                start ? start + (column - from) : recurrence_.at(column),
                start ? width : (1 + recurrence_.inner) * width,
                z + (column - from));
          });
    for (int64_t n = 0; n < shape_.batch; n += tile.rows) {
      const float *left[tile.rows];
      int64_t some = atMost(tile.rows, shape_.batch - n);
      for (int64_t r = 0; r < some; ++r)
        left[r] = x + (n + r) * xStep;
      multiplySome(left, some, recurrence_, from, to,
                   start ? start + n * step : nullptr, z + n * step, step);
    }
  }

  const Call &call_;
  RecurrentShape shape_;
  Panels projection_, recurrence_;
  bool timeFirst_, reverse_;
};

/// Steps follow one another: one task.
template <class Layer> int32_t runRecurrent(const Fused &fused) {
  return eachTask(fused, 1, [&](int64_t, uint8_t *scratch) {
    Layer(fused, reinterpret_cast<float *>(scratch)).run();
  });
}

} // namespace rune::library
