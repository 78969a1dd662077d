// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For rfft_fixed and irfft_fixed: numbers in fixed point, and the transform of
// pairs of real numbers as complex ones, by decimation in time in steps of four
// (the last of two if need be), each of which first divides by its radix. Every
// rounding is part of the result.
//
// source  Kiss FFT, fixed point, as TensorFlow Lite Micro's signal library
//         calls it; Sorensen et al. 1987, "Real-valued fast Fourier transform
//         algorithms"
#pragma once

#include "graph/ops/common.h"

#include <limits>
#include <numbers>

namespace rune::graph {

/// The shortest and the longest line of real numbers.
constexpr int64_t leastFixedLength = 4;
constexpr int64_t mostFixedLength = int64_t{1} << 20;

constexpr bool isFixedLength(int64_t length) {
  return length >= leastFixedLength && length <= mostFixedLength &&
         (length & (length - 1)) == 0;
}

/// Numbers of which `one` stands for 1; what leaves the type wraps.
template <class T> struct Fixed {
  static constexpr int64_t one = std::numeric_limits<T>::max();
  static constexpr int bits = std::numeric_limits<T>::digits;

  static T wrapped(int64_t value) { return static_cast<T>(value); }
  /// A sum of products of two numbers, to nearest, ties up.
  static T rounded(int64_t product) {
    return wrapped((product + (int64_t{1} << (bits - 1))) >> bits);
  }
  static T ofReal(double value) {
    return wrapped(static_cast<int64_t>(
        std::floor(0.5 + static_cast<double>(one) * value)));
  }
};

template <class T> struct FixedComplex {
  T re = 0, im = 0;

  static FixedComplex ofAngle(double angle) {
    return {Fixed<T>::ofReal(std::cos(angle)),
            Fixed<T>::ofReal(std::sin(angle))};
  }
  FixedComplex dividedBy(int64_t radix) const {
    int64_t part = Fixed<T>::one / radix;
    return {Fixed<T>::rounded(re * part), Fixed<T>::rounded(im * part)};
  }
  FixedComplex conjugate() const {
    return {re, Fixed<T>::wrapped(-int64_t{im})};
  }
  friend FixedComplex operator+(FixedComplex a, FixedComplex b) {
    return {Fixed<T>::wrapped(int64_t{a.re} + b.re),
            Fixed<T>::wrapped(int64_t{a.im} + b.im)};
  }
  friend FixedComplex operator-(FixedComplex a, FixedComplex b) {
    return {Fixed<T>::wrapped(int64_t{a.re} - b.re),
            Fixed<T>::wrapped(int64_t{a.im} - b.im)};
  }
  friend FixedComplex operator*(FixedComplex a, FixedComplex b) {
    return {Fixed<T>::rounded(int64_t{a.re} * b.re - int64_t{a.im} * b.im),
            Fixed<T>::rounded(int64_t{a.re} * b.im + int64_t{a.im} * b.re)};
  }
  /// a · -i
  FixedComplex turned() const { return {im, Fixed<T>::wrapped(-int64_t{re})}; }
};

/// The factors for one length, and the steps.
template <class T> class FixedTransform {
public:
  using Complex = FixedComplex<T>;

  /// in  the length of the real numbers, twice that of the complex ones
  FixedTransform(int64_t length, bool inverse)
      : pairs_(length / 2), inverse_(inverse) {
    constexpr double pi = std::numbers::pi;
    auto pairs = static_cast<double>(pairs_);
    double sign = inverse ? 1 : -1;
    for (int64_t i = 0; i < pairs_; ++i)
      factors_.push_back(
          Complex::ofAngle(sign * 2 * pi * static_cast<double>(i) / pairs));
    for (int64_t i = 1; i <= pairs_ / 2; ++i)
      splitters_.push_back(
          Complex::ofAngle(sign * pi * (static_cast<double>(i) / pairs + 0.5)));
  }
  /// With two buffers of pairs beside.
  static uint64_t bytesFor(int64_t length) {
    return static_cast<uint64_t>(length / 2) * 4 * sizeof(Complex);
  }

  int64_t pairs() const { return pairs_; }
  /// e^(∓πi(k/N + 1/2)), for k = 1 … N/2.
  const Complex &splitter(int64_t k) const {
    return splitters_[static_cast<size_t>(k - 1)];
  }

  /// in  `at` gives the pairs by their place; `out` has room for all of them
  template <class At> void run(const At &at, Complex *out) const {
    transform(at, 0, out, pairs_, 1);
  }

private:
  /// `count` of the pairs from `first` on, every `stride`-th.
  template <class At>
  void transform(const At &at, int64_t first, Complex *out, int64_t count,
                 int64_t stride) const {
    int64_t radix = count % 4 == 0 ? 4 : 2, part = count / radix;
    for (int64_t q = 0; q < radix; ++q) {
      int64_t place = first + q * stride;
      if (part == 1)
        out[q] = at(place);
      else
        transform(at, place, out + q * part, part, stride * radix);
    }
    for (int64_t k = 0; k < part; ++k)
      radix == 4 ? meetFour(out + k, part, k * stride)
                 : meetTwo(out + k, part, k * stride);
  }

  const Complex &factor(int64_t index) const {
    return factors_[static_cast<size_t>(index)];
  }
  void meetTwo(Complex *at, int64_t part, int64_t turn) const {
    Complex even = at[0].dividedBy(2);
    Complex odd = at[part].dividedBy(2) * factor(turn);
    at[part] = even - odd;
    at[0] = even + odd;
  }
  void meetFour(Complex *at, int64_t part, int64_t turn) const {
    Complex a = at[0].dividedBy(4);
    Complex b = at[part].dividedBy(4) * factor(turn);
    Complex c = at[2 * part].dividedBy(4) * factor(2 * turn);
    Complex d = at[3 * part].dividedBy(4) * factor(3 * turn);
    Complex even = a + c, across = a - c, odd = b + d;
    Complex side = (b - d).turned();
    at[0] = even + odd;
    at[2 * part] = even - odd;
    at[inverse_ ? 3 * part : part] = across + side;
    at[inverse_ ? part : 3 * part] = across - side;
  }

  int64_t pairs_;
  bool inverse_;
  std::vector<Complex> factors_, splitters_;
};

/// Transforms all lines of the input.
///
/// in  `Line<T>`: made for a length; `run(x, from, y)` transforms one line,
///     which has `moreIn` numbers more than the length, into one that has
///     `moreOut` more
template <template <class> class Line, class T>
Result<> transformLines(const EvalContext &context, int64_t length,
                        Tensor &result) {
  int64_t outStep = length + Line<T>::moreOut;
  int64_t rows = static_cast<int64_t>(result.count()) / outStep;
  if (rows == 0)
    return {};
  Elements<T> in(context.input(0).data);
  Line<T> line(length);
  T *out = elementsOf<T>(result);
  for (int64_t row = 0; row < rows; ++row, out += outStep) {
    if (!context.budget.spend(static_cast<uint64_t>(8 * length)))
      return context.budget.expired();
    line.run(in, row * (length + Line<T>::moreIn), out);
  }
  return {};
}

template <template <class> class Line>
Result<Tensors> evaluateLines(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  int64_t length = Line<int32_t>::lengthOf(context.input(0), result);
  uint64_t scratch = FixedTransform<int32_t>::bytesFor(length);
  RUNE_TRY(context.budget.reserve(scratch));
  auto done = context.dtype(0) == DType::I16
                  ? transformLines<Line, int16_t>(context, length, result)
                  : transformLines<Line, int32_t>(context, length, result);
  context.budget.release(scratch);
  RUNE_TRY(std::move(done));
  return single(std::move(result));
}

} // namespace rune::graph
