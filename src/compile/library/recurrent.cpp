// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Networks that run along a sequence.
//
// source  docs/ops.md: lstm, gru, rnn
#include "compile/library/reals.h"

using namespace rune::library;

namespace {

/// The function that an attribute names, and its two numbers.
struct Activation {
  const Attribute &name;
  double alpha, beta;

  template <class A> A operator()(A x) const {
    if (isText(name, "tanh"))
      return math::tanh(x);
    if (isText(name, "relu"))
      return x < 0 ? A(0) : x;
    if (isText(name, "sigmoid"))
      return A(1) / (A(1) + math::exp(-x));
    return static_cast<A>(other(static_cast<double>(x)));
  }

private:
  double other(double x) const {
    if (isText(name, "affine"))
      return alpha * x + beta;
    if (isText(name, "leaky_relu"))
      return x < 0 ? alpha * x : x;
    if (isText(name, "thresholded_relu"))
      return x > alpha || isNan(x) ? x : 0;
    if (isText(name, "scaled_tanh"))
      return alpha * math::tanh(beta * x);
    if (isText(name, "hard_sigmoid"))
      return isNan(x) ? x : clamped(alpha * x + beta, 0, 1);
    if (isText(name, "elu"))
      return x < 0 ? alpha * math::expm1(x) : x;
    if (isText(name, "softsign"))
      return x / (1 + magnitude(x));
    return (x > 0 ? x : 0) + math::log1p(math::exp(-magnitude(x)));
  }
};

/// NaN stays NaN; 0 is no limit.
template <class A> A limited(A x, A limit) {
  return limit > 0 && !isNan(x) ? (x < -limit  ? -limit
                                   : x > limit ? limit
                                               : x)
                                : x;
}

/// Where the rows of a sequence stand.
struct Sequence {
  bool stepsFirst;
  int64_t steps, batch, channels, hidden;

  Sequence(const Call &call, const Attribute &layout)
      : stepsFirst(isText(layout, "TNC")),
        steps(call.in[0].sizes[stepsFirst ? 0 : 1]),
        batch(call.in[0].sizes[stepsFirst ? 1 : 0]),
        channels(call.in[0].sizes[2]), hidden(call.in[2].sizes[1]) {}
  int64_t row(int64_t step, int64_t element) const {
    return stepsFirst ? step * batch + element : element * steps + step;
  }
  /// The steps of one batch element; -1 if its length is none.
  int64_t stepsOf(const Call &call, int32_t input, int64_t element) const {
    if (!has(call, input))
      return steps;
    int64_t length = elements<int32_t>(call.in[input])[element];
    return length < 0 || length > steps ? -1 : length;
  }
};

bool wants(const Call &call, int32_t output) {
  return output < call.outputs && call.out[output].rank >= 0;
}

template <class T> void fill(T *values, int64_t count, T value) {
  for (int64_t i = 0; i < count; ++i)
    values[i] = value;
}

enum Gate { InputGate, OutputGate, ForgetGate, CellGate, gateCount };

template <class T> struct LongShortTerm {
  using A = Wide<T>;
  enum Inputs { X, Weights, Recurrent, Bias, H, C, Peephole, Lengths };
  enum Attributes {
    cellActivation,
    cellAlpha,
    cellBeta,
    cellClip,
    clip,
    coupled,
    gateActivation,
    gateAlpha,
    gateBeta,
    hiddenActivation,
    hiddenAlpha,
    hiddenBeta,
    layout,
    reverse
  };

  const Call &call;
  Sequence sizes;
  Activation gate, cell, output;
  A *h, *c, *next;

  explicit LongShortTerm(const Call &call)
      : call(call), sizes(call, call.attributes[layout]),
        gate{call.attributes[gateActivation], call.attributes[gateAlpha].number,
             call.attributes[gateBeta].number},
        cell{call.attributes[cellActivation], call.attributes[cellAlpha].number,
             call.attributes[cellBeta].number},
        output{call.attributes[hiddenActivation],
               call.attributes[hiddenAlpha].number,
               call.attributes[hiddenBeta].number} {
    Scratch scratch(call);
    h = scratch.take<A>(sizes.hidden);
    c = scratch.take<A>(sizes.hidden);
    next = scratch.take<A>(sizes.hidden);
  }

  int32_t run() {
    for (int64_t n = 0; n < sizes.batch; ++n) {
      int64_t steps = sizes.stepsOf(call, Lengths, n);
      if (steps < 0)
        return 5; // lstm.5
      start(h, H, n);
      start(c, C, n);
      for (int64_t i = 0; i < steps; ++i) {
        int64_t row = sizes.row(
            call.attributes[reverse].integer != 0 ? steps - 1 - i : i, n);
        if (int32_t status = step(row))
          return status;
      }
      // what is beyond the length is 0
      for (int64_t i = steps; i < sizes.steps; ++i)
        fill(elements<T>(call.out[0]) + sizes.row(i, n) * sizes.hidden,
             sizes.hidden, narrow<T>(A(0)));
      keep(h, 1, n);
      keep(c, 2, n);
    }
    return 0;
  }

private:
  void start(A *values, int32_t input, int64_t n) {
    for (int64_t i = 0; i < sizes.hidden; ++i)
      values[i] = has(call, input)
                      ? widen(elements<T>(call.in[input])[n * sizes.hidden + i])
                      : A(0);
  }
  void keep(const A *values, int32_t output, int64_t n) {
    if (wants(call, output))
      for (int64_t i = 0; i < sizes.hidden; ++i)
        elements<T>(call.out[output])[n * sizes.hidden + i] =
            narrow<T>(values[i]);
  }
  static A rounded(A x) { return widen(narrow<T>(x)); }

  int32_t step(int64_t row) {
    for (int64_t unit = 0; unit < sizes.hidden; ++unit) {
      if (mustStop(call))
        return stopped;
      next[unit] = updated(row, unit);
    }
    T *y = elements<T>(call.out[0]) + row * sizes.hidden;
    for (int64_t i = 0; i < sizes.hidden; ++i) {
      h[i] = next[i];
      y[i] = narrow<T>(h[i]);
    }
    return 0;
  }

  A sum(Gate which, int64_t row, int64_t unit, int64_t peep, A old) const {
    int64_t at = which * sizes.hidden + unit;
    const T *x = elements<T>(call.in[X]) + row * sizes.channels;
    const T *weights = elements<T>(call.in[Weights]) + at * sizes.channels;
    const T *recurrent = elements<T>(call.in[Recurrent]) + at * sizes.hidden;
    A forward = 0, back = 0;
    for (int64_t i = 0; i < sizes.channels; ++i)
      forward += widen(weights[i]) * widen(x[i]);
    for (int64_t i = 0; i < sizes.hidden; ++i)
      back += widen(recurrent[i]) * h[i];
    A bias = has(call, Bias) ? widen(elements<T>(call.in[Bias])[at]) : A(0);
    A all = (forward + bias) + back;
    if (has(call, Peephole) && which != CellGate)
      all += widen(elements<T>(call.in[Peephole])[peep * sizes.hidden + unit]) *
             old;
    return limited(all, static_cast<A>(call.attributes[clip].number));
  }

  A updated(int64_t row, int64_t unit) {
    A old = c[unit];
    A input = gate(sum(InputGate, row, unit, 0, old));
    A forget = call.attributes[coupled].integer != 0
                   ? A(1) - input
                   : gate(sum(ForgetGate, row, unit, 2, old));
    A fresh = forget * old + input * cell(sum(CellGate, row, unit, 0, old));
    c[unit] = rounded(
        limited(fresh, static_cast<A>(call.attributes[cellClip].number)));
    A out = gate(sum(OutputGate, row, unit, 1, c[unit]));
    return rounded(out * output(c[unit]));
  }
};

} // namespace

RUNE_KERNEL(Lstm) {
  return withFloat(call.in[0].type, [&]<class T>(Tag<T>) {
    return LongShortTerm<T>(call).run();
  });
}

namespace {

enum UnrolledInput {
  UnrolledX,
  UnrolledWeights,
  UnrolledRecurrent,
  UnrolledBias,
  UnrolledRecurrentBias,
  UnrolledState,
  UnrolledLengths
};

/// What rnn and gru share: all in double, rounded at the end.
class Unrolled {
public:
  Unrolled(const Call &call, const Attribute &layout, int64_t gates)
      : call(call), sizes(call, layout), gates_(gates), scratch_(call) {
    h = scratch_.take<double>(sizes.hidden);
    next_ = scratch_.take<double>(sizes.hidden);
    input_ = scratch_.take<double>(gates * sizes.hidden);
    more = scratch_.take<double>(sizes.hidden);
  }

  /// Calls `prepare()`, then `unit(u)` for each unit of a step.
  template <class Prepare, class Unit>
  int32_t run(bool reverse, Prepare prepare, Unit unit) {
    for (int64_t n = 0; n < sizes.batch; ++n) {
      int64_t steps = sizes.stepsOf(call, UnrolledLengths, n);
      if (steps < 0)
        return 5; // rnn.5 gru.5
      for (int64_t i = 0; i < sizes.hidden; ++i)
        h[i] = has(call, UnrolledState)
                   ? loadFloat(call.in[UnrolledState], n * sizes.hidden + i)
                   : 0;
      for (int64_t i = 0; i < steps; ++i) {
        int64_t at = sizes.row(reverse ? steps - 1 - i : i, n);
        if (int32_t status = multiply(at))
          return status;
        prepare();
        for (int64_t u = 0; u < sizes.hidden; ++u)
          next_[u] = unit(u);
        for (int64_t u = 0; u < sizes.hidden; ++u) {
          h[u] = next_[u];
          storeFloat(call.out[0], at * sizes.hidden + u, h[u]);
        }
      }
      for (int64_t i = steps; i < sizes.steps; ++i)
        for (int64_t u = 0; u < sizes.hidden; ++u)
          storeFloat(call.out[0], sizes.row(i, n) * sizes.hidden + u, 0);
      if (wants(call, 1))
        for (int64_t u = 0; u < sizes.hidden; ++u)
          storeFloat(call.out[1], n * sizes.hidden + u, h[u]);
    }
    return 0;
  }

  double input(int64_t gate, int64_t u) const {
    return input_[gate * sizes.hidden + u];
  }
  double product(int64_t gate, int64_t u, const double *values) const {
    int64_t row = (gate * sizes.hidden + u) * sizes.hidden;
    double sum = 0;
    for (int64_t i = 0; i < sizes.hidden; ++i)
      sum += loadFloat(call.in[UnrolledRecurrent], row + i) * values[i];
    return sum;
  }
  double recurrentBias(int64_t gate, int64_t u) const {
    return has(call, UnrolledRecurrentBias)
               ? loadFloat(call.in[UnrolledRecurrentBias],
                           gate * sizes.hidden + u)
               : 0;
  }

  const Call &call;
  Sequence sizes;
  double *h;
  /// For `prepare`.
  double *more;

private:
  int32_t multiply(int64_t row) {
    for (int64_t i = 0; i < gates_ * sizes.hidden; ++i) {
      if (mustStop(call))
        return stopped;
      double sum =
          has(call, UnrolledBias) ? loadFloat(call.in[UnrolledBias], i) : 0;
      for (int64_t c = 0; c < sizes.channels; ++c)
        sum += loadFloat(call.in[UnrolledWeights], i * sizes.channels + c) *
               loadFloat(call.in[UnrolledX], row * sizes.channels + c);
      input_[i] = sum;
    }
    return 0;
  }

  int64_t gates_;
  Scratch scratch_;
  double *next_, *input_;
};

} // namespace

RUNE_KERNEL(Rnn) {
  enum { clip, activation, alpha, beta, layout, reverse };
  const Attribute *a = call.attributes;
  Unrolled rnn(call, a[layout], 1);
  Activation function{a[activation], a[alpha].number, a[beta].number};
  return rnn.run(
      a[reverse].integer != 0, [] {},
      [&](int64_t u) {
        double sum = rnn.input(0, u) + rnn.product(0, u, rnn.h) +
                     rnn.recurrentBias(0, u);
        return function(limited(sum, a[clip].number));
      });
}

RUNE_KERNEL(Gru) {
  enum {
    clip,
    gateActivation,
    gateAlpha,
    gateBeta,
    hiddenActivation,
    hiddenAlpha,
    hiddenBeta,
    layout,
    resetAfter,
    reverse
  };
  enum { Update, Reset, Hidden, gruGates };
  const Attribute *a = call.attributes;
  Unrolled gru(call, a[layout], gruGates);
  Activation function{a[gateActivation], a[gateAlpha].number,
                      a[gateBeta].number};
  Activation hidden{a[hiddenActivation], a[hiddenAlpha].number,
                    a[hiddenBeta].number};
  double limit = a[clip].number;
  bool after = a[resetAfter].integer != 0;
  auto gate = [&](int64_t which, int64_t u) {
    return function(limited(gru.input(which, u) + gru.product(which, u, gru.h) +
                                gru.recurrentBias(which, u),
                            limit));
  };
  return gru.run(
      a[reverse].integer != 0,
      [&] {
        for (int64_t u = 0; u < gru.sizes.hidden; ++u) {
          double r = gate(Reset, u);
          gru.more[u] = after ? r : r * gru.h[u];
        }
      },
      [&](int64_t u) {
        double back = gru.recurrentBias(Hidden, u);
        if (after)
          back = gru.more[u] * (gru.product(Hidden, u, gru.h) + back);
        else
          back += gru.product(Hidden, u, gru.more);
        double next = hidden(limited(gru.input(Hidden, u) + back, limit));
        double z = gate(Update, u);
        return (1 - z) * next + z * gru.h[u];
      });
}
