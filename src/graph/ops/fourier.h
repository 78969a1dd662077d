// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The discrete Fourier transform of any length in f64: of a power of two by
// halving, of others as a convolution of such a length (Bluestein).
//
// source  Cooley and Tukey 1965; Bluestein 1970, "A linear filtering approach
// to
//         the computation of the discrete Fourier transform"
#pragma once

#include "graph/budget.h"

#include <complex>

namespace rune::graph {

using Complex = std::complex<double>;

class Fourier {
public:
  /// in  length ≥ 1
  Fourier(int64_t length, bool inverse);
  /// Bytes that one object holds.
  static uint64_t bytesFor(int64_t length);

  /// Where the input goes and the result stands: `length` numbers. The inverse
  /// is divided by the length.
  std::vector<Complex> &data() { return data_; }
  /// errors  `evaluate.deadline`
  Result<> run(Budget &budget);

private:
  void chirp();

  int64_t length_;
  bool inverse_;
  /// The power of two that is computed.
  int64_t inner_;
  /// `filter_` is transformed.
  bool isReady_ = false;
  std::vector<Complex> data_, factors_, chirps_, filter_;
};

/// Reserves what a transform of `length` needs; to be released.
Result<uint64_t> reserveFourier(Budget &budget, int64_t length);

} // namespace rune::graph
