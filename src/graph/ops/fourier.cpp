// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/fourier.h"

#include <bit>
#include <numbers>

namespace rune::graph {
namespace {

bool isPower(int64_t n) { return (n & (n - 1)) == 0; }

int64_t innerLength(int64_t length) {
  return isPower(length) ? length
                         : static_cast<int64_t>(std::bit_ceil(
                               static_cast<uint64_t>(2 * length - 1)));
}

/// Without the checks for infinities that std::complex makes.
Complex times(Complex a, Complex b) {
  return {a.real() * b.real() - a.imag() * b.imag(),
          a.real() * b.imag() + a.imag() * b.real()};
}

/// e^(-2πi·k/n)
Complex root(int64_t k, int64_t n) {
  double angle =
      -2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(n);
  return {std::cos(angle), std::sin(angle)};
}

/// In place, not scaled; `factors` are the first half of the roots of 1.
///
/// errors  `evaluate.deadline`
Result<> transform(Budget &budget, std::vector<Complex> &x,
                   const std::vector<Complex> &factors) {
  size_t n = x.size();
  for (size_t i = 1, j = 0; i < n; ++i) {
    size_t bit = n >> 1;
    for (; j & bit; bit >>= 1)
      j ^= bit;
    j ^= bit;
    if (i < j)
      std::swap(x[i], x[j]);
  }
  for (size_t half = 1; half < n; half *= 2) {
    if (!budget.spend(n))
      return budget.expired();
    for (size_t start = 0; start < n; start += 2 * half)
      for (size_t k = 0; k < half; ++k) {
        Complex even = x[start + k];
        Complex odd = times(x[start + k + half], factors[k * (n / (2 * half))]);
        x[start + k] = even + odd;
        x[start + k + half] = even - odd;
      }
  }
  return {};
}

} // namespace

Fourier::Fourier(int64_t length, bool inverse)
    : length_(length), inverse_(inverse), inner_(innerLength(length)),
      data_(static_cast<size_t>(length)) {
  factors_.reserve(static_cast<size_t>(inner_ / 2));
  for (int64_t k = 0; k < inner_ / 2; ++k)
    factors_.push_back(root(k, inner_));
  if (!isPower(length))
    chirp();
}

uint64_t Fourier::bytesFor(int64_t length) {
  auto inner = static_cast<uint64_t>(innerLength(length));
  return (inner * 5 / 2 + 2 * static_cast<uint64_t>(length)) * sizeof(Complex);
}

/// e^(-πi·k²/n) for all k, and their conjugates, which `run` transforms once.
void Fourier::chirp() {
  filter_.resize(static_cast<size_t>(inner_));
  chirps_.reserve(static_cast<size_t>(length_));
  for (int64_t k = 0; k < length_; ++k) {
    // k² modulo 2n, so that the angle stays small
    auto square = static_cast<int64_t>(static_cast<unsigned __int128>(k) * k %
                                       static_cast<uint64_t>(2 * length_));
    Complex factor = root(square, 2 * length_);
    chirps_.push_back(factor);
    filter_[static_cast<size_t>(k)] = std::conj(factor);
    if (k > 0)
      filter_[static_cast<size_t>(inner_ - k)] = std::conj(factor);
  }
}

Result<> Fourier::run(Budget &budget) {
  // the inverse is the conjugate of the transform of the conjugate
  if (inverse_)
    for (Complex &x : data_)
      x = std::conj(x);
  if (chirps_.empty()) {
    RUNE_TRY(transform(budget, data_, factors_));
  } else {
    if (!isReady_)
      RUNE_TRY(transform(budget, filter_, factors_));
    isReady_ = true;
    std::vector<Complex> work(static_cast<size_t>(inner_));
    for (size_t k = 0; k < data_.size(); ++k)
      work[k] = times(data_[k], chirps_[k]);
    RUNE_TRY(transform(budget, work, factors_));
    for (size_t k = 0; k < work.size(); ++k)
      work[k] = std::conj(times(work[k], filter_[k]));
    RUNE_TRY(transform(budget, work, factors_));
    for (size_t k = 0; k < data_.size(); ++k)
      data_[k] =
          times(std::conj(work[k]) / static_cast<double>(inner_), chirps_[k]);
  }
  if (inverse_)
    for (Complex &x : data_)
      x = std::conj(x) / static_cast<double>(length_);
  return {};
}

Result<uint64_t> reserveFourier(Budget &budget, int64_t length) {
  constexpr int64_t most = int64_t{1} << 40;
  uint64_t bytes = length > most ? UINT64_MAX : Fourier::bytesFor(length);
  RUNE_TRY(budget.reserve(bytes));
  return bytes;
}

} // namespace rune::graph
