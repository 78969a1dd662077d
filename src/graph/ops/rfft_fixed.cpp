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
#include "graph/ops/fixed_fourier.h"

namespace rune::graph {

namespace {

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
  if (!isFixedLength(length))
    return context.fail(2,
                        "the last dimension of {} must be a power of two, {} "
                        "to {}",
                        x.str(), leastFixedLength, mostFixedLength);
  bins = Dim(length / 2 + 1);
  return Types{result};
}

/// The spectrum of the real numbers out of that of their pairs.
template <class T> class Spectrum {
public:
  static constexpr int64_t moreIn = 0, moreOut = 2;
  static int64_t lengthOf(const TensorView &x, const Tensor &) {
    return x.sizes.back();
  }

  explicit Spectrum(int64_t length)
      : transform_(length, false), work_(static_cast<size_t>(length / 2)) {}

  /// in  `x` has 2n numbers from `from` on, `y` has place for 2n + 2
  void run(const Elements<T> &x, int64_t from, T *y) {
    transform_.run(
        [&](int64_t place) -> Complex {
          return {x[from + 2 * place], x[from + 2 * place + 1]};
        },
        work_.data());
    split(y);
  }

private:
  using Complex = FixedComplex<T>;

  void split(T *y) const {
    int64_t pairs = transform_.pairs();
    Complex zero = work_[0].dividedBy(2);
    put(y, 0, int64_t{zero.re} + zero.im, 0);
    put(y, pairs, int64_t{zero.re} - zero.im, 0);
    for (int64_t k = 1; k <= pairs / 2; ++k) {
      Complex low = work_[static_cast<size_t>(k)].dividedBy(2);
      Complex high =
          work_[static_cast<size_t>(pairs - k)].conjugate().dividedBy(2);
      Complex sum = low + high;
      Complex turned = (low - high) * transform_.splitter(k);
      put(y, k, (int64_t{sum.re} + turned.re) >> 1,
          (int64_t{sum.im} + turned.im) >> 1);
      put(y, pairs - k, (int64_t{sum.re} - turned.re) >> 1,
          (int64_t{turned.im} - sum.im) >> 1);
    }
  }
  static void put(T *y, int64_t bin, int64_t re, int64_t im) {
    y[2 * bin] = Fixed<T>::wrapped(re);
    y[2 * bin + 1] = Fixed<T>::wrapped(im);
  }

  FixedTransform<T> transform_;
  std::vector<Complex> work_;
};

} // namespace

OpDefinition defineRfftFixed() {
  return {{1, 1}, {1, 1}, {}, infer, evaluateLines<Spectrum>};
}

} // namespace rune::graph
