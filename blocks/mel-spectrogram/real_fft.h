// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The power spectrum of n real numbers, n a power of two: they are taken as n/2
// complex ones, transformed in place by radix 2 (decimation in time), and
// untangled. All tables are computed once, in double.
//
// source  Press et al., Numerical Recipes, §12.3 "FFT of Single Real Function"
#pragma once

#include "block_kit.h"

#include <bit>
#include <cmath>
#include <numbers>

namespace rune::mel {

struct Complex {
  float re, im;
};

class RealFft {
public:
  /// Tables for `size` real numbers, a power of two from 4 on.
  ///
  /// errors  `out-of-memory`
  static kit::Or<RealFft> make(uint32_t size) {
    RealFft fft;
    uint32_t half = size / 2;
    fft.turns_ = BLOCK_TRY(kit::keepRoom<Complex>(half));
    fft.places_ = BLOCK_TRY(kit::keepRoom<uint32_t>(half));
    fft.values_ = BLOCK_TRY(kit::keepRoom<Complex>(half));
    for (uint32_t k = 0; k < half; ++k) {
      double angle = -2 * std::numbers::pi * k / size;
      fft.turns_[k] = {static_cast<float>(std::cos(angle)),
                       static_cast<float>(std::sin(angle))};
    }
    // Doubling the table: behind i, i + width has one bit more in front.
    for (uint32_t width = 1; width < half; width *= 2)
      for (uint32_t i = 0; i < width; ++i)
        fft.places_[width + i] = fft.places_[i] + half / 2 / width;
    return fft;
  }

  uint32_t size() const { return 2 * static_cast<uint32_t>(values_.size()); }

  /// |X[k]|² for k = 0 to size / 2, of the signal `at(0)`, `at(1)` … with zeros
  /// behind its `length` numbers.
  template <class At>
  void power(uint32_t length, At at, std::span<float> power) {
    for (uint32_t i = 0; i < values_.size(); ++i) {
      uint32_t first = 2 * i;
      values_[places_[i]] = {first < length ? at(first) : 0,
                             first + 1 < length ? at(first + 1) : 0};
    }
    transform();
    untangle(power);
  }

private:
  void transform() {
    auto count = static_cast<uint32_t>(values_.size());
    Complex *values = values_.data();
    for (uint32_t i = 0; i < count; i += 2) {
      Complex a = values[i], b = values[i + 1];
      values[i] = {a.re + b.re, a.im + b.im};
      values[i + 1] = {a.re - b.re, a.im - b.im};
    }
    // `turns_` go round in 2 · count steps, a pass of `half` in 2 · half.
    for (uint32_t half = 2, step = count / 2; half < count;
         half *= 2, step /= 2)
      for (uint32_t j = 0; j < half; ++j) {
        Complex turn = turns_[j * step];
        for (Complex *a = values + j, *end = values + count; a < end;
             a += 2 * half)
          butterfly(a, a + half, turn);
      }
  }

  static void butterfly(Complex *a, Complex *b, Complex turn) {
    float re = b->re * turn.re - b->im * turn.im;
    float im = b->re * turn.im + b->im * turn.re;
    *b = {a->re - re, a->im - im};
    *a = {a->re + re, a->im + im};
  }

  /// X[k] = E + W·O and X[n - k] = conj(E - W·O), E and O the spectra of the
  /// even and the odd numbers.
  void untangle(std::span<float> power) const {
    auto count = static_cast<uint32_t>(values_.size());
    float even = values_[0].re, odd = values_[0].im;
    power[0] = (even + odd) * (even + odd);
    power[count] = (even - odd) * (even - odd);
    for (uint32_t k = 1; k <= count / 2; ++k) {
      Complex a = values_[k], b = values_[count - k], turn = turns_[k];
      float evenRe = (a.re + b.re) / 2, evenIm = (a.im - b.im) / 2;
      float oddRe = (a.im + b.im) / 2, oddIm = (b.re - a.re) / 2;
      float re = oddRe * turn.re - oddIm * turn.im;
      float im = oddRe * turn.im + oddIm * turn.re;
      power[k] = square(evenRe + re) + square(evenIm + im);
      power[count - k] = square(evenRe - re) + square(evenIm - im);
    }
  }
  static float square(float x) { return x * x; }

  std::span<Complex> turns_;   ///< e^(-2πik/size), k < size / 2
  std::span<uint32_t> places_; ///< where number i goes: its bits reversed
  std::span<Complex> values_;
};

} // namespace rune::mel
