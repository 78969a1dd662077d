// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// rfft_fixed(x): the spectrum of real numbers over the last dimension, in fixed
// point, 1/n of the sum. Every rounding is part of the result: n/2 complex
// numbers, made of even and odd elements, are transformed by decimation in time
// in steps of four (the last of two if need be), each of which first divides by
// its radix; then the spectrum of the pairs is taken apart.
//
// source  Kiss FFT, fixed point, as TensorFlow Lite Micro's signal library
//         calls it; Sorensen et al. 1987, "Real-valued fast Fourier transform
//         algorithms"
#include "graph/ops/common.h"

#include <limits>
#include <numbers>

namespace rune::graph {

namespace {

constexpr int64_t leastLength = 4;
constexpr int64_t mostLength = int64_t{1} << 20;

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0);
  // rfft_fixed.1: 16 or 32 bits, with signs
  if (x.dtype != DType::I16 && x.dtype != DType::I32)
    return context.fail(1, "needs i16 or i32, got {}", x.str());
  // rfft_fixed.2: a power of two
  if (x.dims.empty())
    return context.fail(2, "needs a last dimension, got {}", x.str());
  TensorType result = x;
  result.dims.push_back(Dim(2));
  Dim &bins = result.dims[x.dims.size() - 1];
  if (!bins.isFixed()) {
    bins = Dim();
    return Types{result};
  }
  int64_t length = bins.size();
  if (length < leastLength || length > mostLength ||
      (length & (length - 1)) != 0)
    return context.fail(2,
                        "the last dimension of {} must be a power of two, {} "
                        "to {}",
                        x.str(), leastLength, mostLength);
  bins = Dim(length / 2 + 1);
  return Types{result};
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

template <class T> struct Complex {
  T re = 0, im = 0;

  static Complex ofAngle(double angle) {
    return {Fixed<T>::ofReal(std::cos(angle)),
            Fixed<T>::ofReal(std::sin(angle))};
  }
  Complex dividedBy(int64_t radix) const {
    int64_t part = Fixed<T>::one / radix;
    return {Fixed<T>::rounded(re * part), Fixed<T>::rounded(im * part)};
  }
  friend Complex operator+(Complex a, Complex b) {
    return {Fixed<T>::wrapped(int64_t{a.re} + b.re),
            Fixed<T>::wrapped(int64_t{a.im} + b.im)};
  }
  friend Complex operator-(Complex a, Complex b) {
    return {Fixed<T>::wrapped(int64_t{a.re} - b.re),
            Fixed<T>::wrapped(int64_t{a.im} - b.im)};
  }
  friend Complex operator*(Complex a, Complex b) {
    return {Fixed<T>::rounded(int64_t{a.re} * b.re - int64_t{a.im} * b.im),
            Fixed<T>::rounded(int64_t{a.re} * b.im + int64_t{a.im} * b.re)};
  }
  /// a · -i
  Complex turned() const { return {im, Fixed<T>::wrapped(-int64_t{re})}; }
};

/// The factors for one length, and the steps.
template <class T> class Transform {
public:
  explicit Transform(int64_t length) : pairs_(length / 2) {
    constexpr double pi = std::numbers::pi;
    auto pairs = static_cast<double>(pairs_);
    for (int64_t i = 0; i < pairs_; ++i)
      factors_.push_back(
          Complex<T>::ofAngle(-2 * pi * static_cast<double>(i) / pairs));
    for (int64_t i = 1; i <= pairs_ / 2; ++i)
      splitters_.push_back(
          Complex<T>::ofAngle(-pi * (static_cast<double>(i) / pairs + 0.5)));
    work_.resize(static_cast<size_t>(pairs_));
  }
  static uint64_t bytesFor(int64_t length) {
    return static_cast<uint64_t>(length / 2) * 3 * sizeof(Complex<T>);
  }

  /// in  `x` has 2n numbers from `from` on, `y` has place for 2n + 2
  void run(const Elements<T> &x, int64_t from, T *y) {
    transform(x, from, work_.data(), pairs_, 1);
    split(y);
  }

private:
  /// `count` of the pairs, every `stride`-th.
  void transform(const Elements<T> &x, int64_t from, Complex<T> *out,
                 int64_t count, int64_t stride) {
    int64_t radix = count % 4 == 0 ? 4 : 2, part = count / radix;
    for (int64_t q = 0; q < radix; ++q) {
      int64_t at = from + 2 * q * stride;
      if (part == 1)
        out[q] = {x[at], x[at + 1]};
      else
        transform(x, at, out + q * part, part, stride * radix);
    }
    for (int64_t k = 0; k < part; ++k)
      radix == 4 ? meetFour(out + k, part, k * stride)
                 : meetTwo(out + k, part, k * stride);
  }

  const Complex<T> &factor(int64_t index) const {
    return factors_[static_cast<size_t>(index)];
  }
  void meetTwo(Complex<T> *at, int64_t part, int64_t turn) const {
    Complex<T> even = at[0].dividedBy(2);
    Complex<T> odd = at[part].dividedBy(2) * factor(turn);
    at[part] = even - odd;
    at[0] = even + odd;
  }
  void meetFour(Complex<T> *at, int64_t part, int64_t turn) const {
    Complex<T> a = at[0].dividedBy(4);
    Complex<T> b = at[part].dividedBy(4) * factor(turn);
    Complex<T> c = at[2 * part].dividedBy(4) * factor(2 * turn);
    Complex<T> d = at[3 * part].dividedBy(4) * factor(3 * turn);
    Complex<T> even = a + c, across = a - c, odd = b + d;
    Complex<T> side = (b - d).turned();
    at[0] = even + odd;
    at[part] = across + side;
    at[2 * part] = even - odd;
    at[3 * part] = across - side;
  }

  /// The spectrum of the real numbers out of that of their pairs.
  void split(T *y) const {
    Complex<T> zero = work_[0].dividedBy(2);
    put(y, 0, int64_t{zero.re} + zero.im, 0);
    put(y, pairs_, int64_t{zero.re} - zero.im, 0);
    for (int64_t k = 1; k <= pairs_ / 2; ++k) {
      Complex<T> low = work_[static_cast<size_t>(k)].dividedBy(2);
      Complex<T> high = work_[static_cast<size_t>(pairs_ - k)];
      high =
          Complex<T>{high.re, Fixed<T>::wrapped(-int64_t{high.im})}.dividedBy(
              2);
      Complex<T> sum = low + high;
      Complex<T> turned = (low - high) * splitters_[static_cast<size_t>(k - 1)];
      put(y, k, (int64_t{sum.re} + turned.re) >> 1,
          (int64_t{sum.im} + turned.im) >> 1);
      put(y, pairs_ - k, (int64_t{sum.re} - turned.re) >> 1,
          (int64_t{turned.im} - sum.im) >> 1);
    }
  }
  static void put(T *y, int64_t bin, int64_t re, int64_t im) {
    y[2 * bin] = Fixed<T>::wrapped(re);
    y[2 * bin + 1] = Fixed<T>::wrapped(im);
  }

  int64_t pairs_;
  std::vector<Complex<T>> factors_, splitters_, work_;
};

template <class T>
Result<> transformAll(const EvalContext &context, Tensor &result) {
  const TensorView &x = context.input(0);
  int64_t length = x.sizes.back(), rows = 1;
  for (size_t i = 0; i + 1 < x.sizes.size(); ++i)
    rows *= x.sizes[i];
  if (rows == 0)
    return {};
  Elements<T> in(x.data);
  Transform<T> transform(length);
  T *out = elementsOf<T>(result);
  for (int64_t row = 0; row < rows; ++row, out += length + 2) {
    if (!context.budget.spend(static_cast<uint64_t>(8 * length)))
      return context.budget.expired();
    transform.run(in, row * length, out);
  }
  return {};
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  uint64_t scratch =
      Transform<int32_t>::bytesFor(context.input(0).sizes.back());
  RUNE_TRY(context.budget.reserve(scratch));
  auto done = context.dtype(0) == DType::I16
                  ? transformAll<int16_t>(context, result)
                  : transformAll<int32_t>(context, result);
  context.budget.release(scratch);
  RUNE_TRY(std::move(done));
  return single(std::move(result));
}

} // namespace

OpDefinition defineRfftFixed() { return {{1, 1}, {1, 1}, {}, infer, evaluate}; }

} // namespace rune::graph
