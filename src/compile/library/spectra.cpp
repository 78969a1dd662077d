// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Discrete Fourier transforms of any length, in double: a power of two by
// radix 2, others as a convolution with a chirp of such a length.
//
// source  docs/ops.md: dft, stft; Cooley and Tukey 1965; Bluestein 1970
#include "compile/library/reals.h"

using namespace rune::library;

namespace {

struct Number {
  double re, im;
};

Number times(Number a, Number b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
Number conjugate(Number a) { return {a.re, -a.im}; }

/// e^(-2πi·k/n)
Number root(int64_t k, int64_t n) {
  double angle = -2 * 3.14159265358979323846 * static_cast<double>(k) /
                 static_cast<double>(n);
  return {math::cos(angle), math::sin(angle)};
}

/// As compile/regions.cpp counts its scratch: 4 · inner + 2 · length numbers.
class Fourier {
public:
  Number *data;

  Fourier(const Call &call, int64_t length, bool inverse)
      : call_(call), length_(length), inverse_(inverse), inner_(length) {
    isPower_ = (length & (length - 1)) == 0;
    if (!isPower_)
      for (inner_ = 1; inner_ < 2 * length - 1;)
        inner_ *= 2;
    Scratch scratch(call);
    data = scratch.take<Number>(length);
    chirps_ = scratch.take<Number>(length);
    factors_ = scratch.take<Number>(inner_);
    filter_ = scratch.take<Number>(inner_);
    work_ = scratch.take<Number>(inner_);
  }

  /// Once, before all runs.
  int32_t prepare() {
    for (int64_t k = 0; k < inner_ / 2; ++k) {
      if ((k & 4095) == 0 && mustStop(call_))
        return stopped;
      factors_[k] = root(k, inner_);
    }
    if (isPower_)
      return 0;
    for (int64_t k = 0; k < inner_; ++k)
      filter_[k] = {0, 0};
    for (int64_t k = 0; k < length_; ++k) {
      if ((k & 4095) == 0 && mustStop(call_))
        return stopped;
      // k² modulo 2n, so that the angle stays small; k is below 2^40
      int64_t square = 0, n = 2 * length_;
      for (int64_t left = k, add = k % n; left != 0; left >>= 1) {
        if (left & 1)
          square = (square + add) % n;
        add = 2 * add % n;
      }
      chirps_[k] = root(square, n);
      filter_[k] = conjugate(chirps_[k]);
      if (k > 0)
        filter_[inner_ - k] = filter_[k];
    }
    return transform(filter_, inner_);
  }

  int32_t run() {
    // the inverse is the conjugate of the transform of the conjugate
    if (inverse_)
      for (int64_t k = 0; k < length_; ++k)
        data[k] = conjugate(data[k]);
    if (int32_t status = isPower_ ? transform(data, length_) : convolve())
      return status;
    if (inverse_)
      for (int64_t k = 0; k < length_; ++k)
        data[k] = {data[k].re / static_cast<double>(length_),
                   -data[k].im / static_cast<double>(length_)};
    return 0;
  }

private:
  int32_t convolve() {
    for (int64_t k = 0; k < inner_; ++k)
      work_[k] = k < length_ ? times(data[k], chirps_[k]) : Number{0, 0};
    if (int32_t status = transform(work_, inner_))
      return status;
    for (int64_t k = 0; k < inner_; ++k)
      work_[k] = conjugate(times(work_[k], filter_[k]));
    if (int32_t status = transform(work_, inner_))
      return status;
    auto n = static_cast<double>(inner_);
    for (int64_t k = 0; k < length_; ++k)
      data[k] = times({work_[k].re / n, -work_[k].im / n}, chirps_[k]);
    return 0;
  }

  /// In place, not scaled.
  int32_t transform(Number *x, int64_t n) {
    for (int64_t i = 1, j = 0; i < n; ++i) {
      int64_t bit = n >> 1;
      for (; j & bit; bit >>= 1)
        j ^= bit;
      j ^= bit;
      if (i < j) {
        Number kept = x[i];
        x[i] = x[j];
        x[j] = kept;
      }
    }
    for (int64_t half = 1; half < n; half *= 2) {
      if (mustStop(call_))
        return stopped;
      for (int64_t start = 0; start < n; start += 2 * half)
        for (int64_t k = 0; k < half; ++k) {
          Number even = x[start + k];
          Number odd =
              times(x[start + k + half], factors_[k * (n / (2 * half))]);
          x[start + k] = {even.re + odd.re, even.im + odd.im};
          x[start + k + half] = {even.re - odd.re, even.im - odd.im};
        }
    }
    return 0;
  }

  const Call &call_;
  int64_t length_;
  bool inverse_, isPower_;
  int64_t inner_;
  Number *chirps_, *factors_, *filter_, *work_;
};

} // namespace

RUNE_KERNEL(Dft) {
  enum { axisAttribute, inverse, onesided };
  const Attribute *a = call.attributes;
  const View &x = call.in[0], &y = call.out[0];
  bool isInverse = a[inverse].integer != 0, isHalf = a[onesided].integer != 0;
  bool toReal = isInverse && isHalf;
  int64_t axis = has(call, 2) ? elements<int64_t>(call.in[2])[0]
                              : a[axisAttribute].integer;
  axis += axis < 0 ? x.rank : 0;
  if (axis < 0 || axis + 1 >= x.rank)
    return 5; // dft.5
  int64_t size = x.sizes[axis], parts = x.sizes[x.rank - 1];
  int64_t length = has(call, 1) ? elements<int64_t>(call.in[1])[0]
                   : toReal     ? 2 * (size - 1)
                                : size;
  int64_t results = y.sizes[axis];
  if (length < 1 || results != (isHalf && !isInverse ? length / 2 + 1 : length))
    return 6; // dft.6
  int64_t inner = 1, lines = 1;
  for (int32_t i = 0; i + 1 < x.rank; ++i)
    if (i != axis)
      (i < axis ? lines : inner) *= x.sizes[i];
  lines *= inner;
  if (lines == 0)
    return 0;
  Fourier fourier(call, length, isInverse);
  if (int32_t status = fourier.prepare())
    return status;
  int64_t bins = toReal ? length / 2 + 1 : length;
  for (int64_t line = 0; line < lines; ++line) {
    auto at = [&](int64_t k, int64_t size) {
      return (line / inner * size + k) * inner + line % inner;
    };
    for (int64_t k = 0; k < bins; ++k) {
      int64_t from = at(k, size) * parts;
      fourier.data[k] = k < size
                            ? Number{loadFloat(x, from),
                                     parts == 2 ? loadFloat(x, from + 1) : 0.0}
                            : Number{0, 0};
    }
    for (int64_t k = bins; k < length; ++k)
      fourier.data[k] = conjugate(fourier.data[length - k]);
    if (int32_t status = fourier.run())
      return status;
    int64_t width = toReal ? 1 : 2;
    for (int64_t k = 0; k < results; ++k) {
      storeFloat(y, at(k, results) * width, fourier.data[k].re);
      if (!toReal)
        storeFloat(y, at(k, results) * width + 1, fourier.data[k].im);
    }
  }
  return 0;
}

RUNE_KERNEL(Stft) {
  const View &x = call.in[0], &y = call.out[0];
  if (countOf(y) == 0)
    return 0;
  int64_t size = x.sizes[1], parts = x.sizes[2];
  int64_t step = elements<int64_t>(call.in[1])[0], length = size;
  if (has(call, 2))
    length = call.in[2].sizes[0];
  if (has(call, 3))
    length = elements<int64_t>(call.in[3])[0];
  enum { onesided };
  int64_t bins = y.sizes[2], frames = y.sizes[1];
  if (step < 1 || length < 1 || length > size ||
      (size - length) / step + 1 != frames ||
      bins !=
          (call.attributes[onesided].integer != 0 ? length / 2 + 1 : length))
    return 4; // stft.4
  if (has(call, 2) && call.in[2].sizes[0] != length)
    return 5; // stft.5
  Fourier fourier(call, length, false);
  if (int32_t status = fourier.prepare())
    return status;
  for (int64_t i = 0; i < x.sizes[0] * frames; ++i) {
    int64_t from = i / frames * size + i % frames * step;
    for (int64_t k = 0; k < length; ++k) {
      double weight = has(call, 2) ? loadFloat(call.in[2], k) : 1.0;
      int64_t place = (from + k) * parts;
      fourier.data[k] = {loadFloat(x, place) * weight,
                         parts == 2 ? loadFloat(x, place + 1) * weight : 0.0};
    }
    if (int32_t status = fourier.run())
      return status;
    for (int64_t k = 0; k < bins; ++k) {
      storeFloat(y, 2 * (i * bins + k), fourier.data[k].re);
      storeFloat(y, 2 * (i * bins + k) + 1, fourier.data[k].im);
    }
  }
  return 0;
}
