// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// irfft_fixed(x): real numbers from the bins 0 to n/2 of their spectrum, in
// fixed point, 1/n of the sum. Every rounding is part of the result: the
// spectrum becomes that of n/2 pairs of numbers, which is transformed back in
// the steps of rfft_fixed, each of which divides. What rfft_fixed took apart
// comes back as 1/n of it, since both divide.
//
// source  Kiss FFT, fixed point, as TensorFlow Lite Micro's signal library
//         calls it
#include "graph/ops/fixed_fourier.h"

namespace rune::graph {
namespace {

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0);
  // irfft_fixed.1: 16 or 32 bits, with signs
  if (x.dtype != DType::I16 && x.dtype != DType::I32)
    return context.fail(1, "needs i16 or i32, got {}", x.str());
  size_t rank = x.dims.size();
  // irfft_fixed.2: pairs behind the bins
  if (rank < 2 || (x.dims.back().isFixed() && x.dims.back() != Dim(2)))
    return context.fail(2, "needs […, bins, 2], got {}", x.str());
  TensorType result = x;
  result.dims.pop_back();
  Dim &dim = result.dims.back();
  if (!dim.isFixed()) {
    dim = Dim();
    return Types{result};
  }
  int64_t length = 2 * (dim.size() - 1);
  // irfft_fixed.3: n/2 + 1 bins of a power of two
  if (!isFixedLength(length))
    return context.fail(3,
                        "{} bins of {} must be n/2 + 1, n a power of two, {} "
                        "to {}",
                        dim.size(), x.str(), leastFixedLength, mostFixedLength);
  dim = Dim(length);
  return Types{result};
}

template <class T> class Inverse {
public:
  static constexpr int64_t moreIn = 2, moreOut = 0;
  static int64_t lengthOf(const TensorView &, const Tensor &result) {
    return result.sizes().back();
  }

  explicit Inverse(int64_t length)
      : transform_(length, true), spectrum_(static_cast<size_t>(length / 2)),
        work_(spectrum_.size()) {}

  /// in  `x` has 2n + 2 numbers from `from` on, `y` has place for 2n
  void run(const Elements<T> &x, int64_t from, T *y) {
    join(x, from);
    transform_.run(
        [&](int64_t place) { return spectrum_[static_cast<size_t>(place)]; },
        work_.data());
    for (const Complex &pair : work_) {
      *y++ = pair.re;
      *y++ = pair.im;
    }
  }

private:
  using Complex = FixedComplex<T>;

  /// The spectrum of the pairs. The parts of the ends that are not real do not
  /// count.
  void join(const Elements<T> &x, int64_t from) {
    int64_t pairs = transform_.pairs();
    auto bin = [&](int64_t k) -> Complex {
      return {x[from + 2 * k], x[from + 2 * k + 1]};
    };
    int64_t first = bin(0).re, last = bin(pairs).re;
    Complex ends{Fixed<T>::wrapped(first + last),
                 Fixed<T>::wrapped(first - last)};
    spectrum_[0] = ends.dividedBy(2);
    for (int64_t k = 1; k <= pairs / 2; ++k) {
      Complex low = bin(k).dividedBy(2);
      Complex high = bin(pairs - k).conjugate().dividedBy(2);
      Complex even = low + high, odd = (low - high) * transform_.splitter(k);
      spectrum_[static_cast<size_t>(k)] = even + odd;
      spectrum_[static_cast<size_t>(pairs - k)] = (even - odd).conjugate();
    }
  }

  FixedTransform<T> transform_;
  std::vector<Complex> spectrum_, work_;
};

} // namespace

OpDefinition defineIrfftFixed() {
  return {{1, 1}, {1, 1}, {}, infer, evaluateLines<Inverse>};
}

} // namespace rune::graph
