// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels that are judged by their error, not by their bits, compute in double:
// elements are widened as they are read and rounded once as they are written.
#pragma once

#include "compile/library/math.h"
#include "compile/library/walk.h"

namespace rune::library {

/// An element of any numeric type, or a bool.
inline double loadReal(const View &view, int64_t at) {
  if (isFloatType(view.type))
    return loadFloat(view, at);
  if (view.type == Type::U64)
    return static_cast<double>(elements<uint64_t>(view)[at]);
  if (view.type == Type::Bool)
    return elements<uint8_t>(view)[at] != 0;
  return static_cast<double>(loadInteger(view, at));
}

/// Floats rounded to nearest; integers too, and kept within their range (NaN
/// gives 0).
inline void storeReal(const View &view, int64_t at, double x) {
  if (isFloatType(view.type))
    return storeFloat(view, at, x);
  if (isNan(x))
    return storeInteger(view, at, 0);
  x = math::roundEven(x);
  bool isWithSign = isSigned(view.type);
  int64_t bits = 8 * bytesOf(view.type);
  double high =
      bits == 64
          ? (isWithSign ? 0x1p63 : 0x1p64)
          : static_cast<double>(int64_t{1} << (bits - (isWithSign ? 1 : 0)));
  double low = isWithSign ? -high : 0;
  if (x <= low)
    return storeInteger(view, at, isWithSign ? static_cast<int64_t>(low) : 0);
  if (x >= high)
    return storeInteger(view, at,
                        !isWithSign  ? -1
                        : bits == 64 ? INT64_MAX
                                     : static_cast<int64_t>(high) - 1);
  storeInteger(view, at,
               x >= 0x1p63 ? static_cast<int64_t>(static_cast<uint64_t>(x))
                           : static_cast<int64_t>(x));
}

/// The scratch of the call, in pieces.
class Scratch {
public:
  explicit Scratch(const Call &call)
      : next_(static_cast<uint8_t *>(call.scratch)) {}
  template <class T> T *take(int64_t count) {
    T *piece = reinterpret_cast<T *>(next_);
    next_ += (count * static_cast<int64_t>(sizeof(T)) + 15) / 16 * 16;
    return piece;
  }

private:
  uint8_t *next_;
};

/// The larger; NaN wins.
inline double largerOf(double a, double b) {
  return isNan(a) || b <= a ? a : b;
}
inline double clamped(double x, double low, double high) {
  return x < low ? low : high < x ? high : x;
}
/// A double as an integer; what is far outside (and NaN) as ±2^40.
inline int64_t indexOf(double x) {
  return !(x > -0x1p40) ? -(int64_t{1} << 40)
         : x >= 0x1p40  ? int64_t{1} << 40
                        : static_cast<int64_t>(x);
}

} // namespace rune::library
