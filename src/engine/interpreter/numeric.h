// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numeric operators that C++ has not, or leaves undefined (core 2.0, section
// 4.3). Rounding is to nearest, ties to even; the host must not change it.
#pragma once

#include "engine/engine.h"

#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>

namespace rune::engine {

/// A result, or the trap there is instead.
template <class T> struct Checked {
  T value;
  bool trapped = false;
  TrapKind trap = TrapKind::Unreachable;

  static Checked fail(TrapKind kind) { return {T{}, true, kind}; }
};

/// traps  integer divide by zero · integer overflow (least / -1)
template <class T> inline Checked<T> divide(T a, T b) {
  if (b == 0)
    return Checked<T>::fail(TrapKind::IntegerDivideByZero);
  if constexpr (std::is_signed_v<T>)
    if (a == std::numeric_limits<T>::min() && b == -1)
      return Checked<T>::fail(TrapKind::IntegerOverflow);
  return {static_cast<T>(a / b)};
}

/// traps  integer divide by zero
template <class T> inline Checked<T> remainder(T a, T b) {
  if (b == 0)
    return Checked<T>::fail(TrapKind::IntegerDivideByZero);
  if constexpr (std::is_signed_v<T>)
    if (b == -1)
      return {0};
  return {static_cast<T>(a % b)};
}

/// The first value above T's range, exact in every F.
template <class T, class F> constexpr F above() {
  constexpr T half = T{1} << (std::numeric_limits<T>::digits - 1);
  return static_cast<F>(half) * 2;
}

/// traps  invalid conversion to integer (NaN) · integer overflow
template <class T, class F> inline Checked<T> truncateTo(F a) {
  if (std::isnan(a))
    return Checked<T>::fail(TrapKind::InvalidConversion);
  F whole = std::trunc(a);
  if (!(whole >= static_cast<F>(std::numeric_limits<T>::min()) &&
        whole < above<T, F>()))
    return Checked<T>::fail(TrapKind::IntegerOverflow);
  return {static_cast<T>(whole)};
}

template <class T, class F> inline T saturateTo(F a) {
  if (std::isnan(a))
    return 0;
  F whole = std::trunc(a);
  if (whole < static_cast<F>(std::numeric_limits<T>::min()))
    return std::numeric_limits<T>::min();
  if (whole >= above<T, F>())
    return std::numeric_limits<T>::max();
  return static_cast<T>(whole);
}

/// NaN if either is; -0 is below +0.
template <class F> inline F minimum(F a, F b) {
  if (std::isnan(a) || std::isnan(b))
    return a + b;
  if (a == b)
    return std::signbit(a) ? a : b;
  return a < b ? a : b;
}
template <class F> inline F maximum(F a, F b) {
  if (std::isnan(a) || std::isnan(b))
    return a + b;
  if (a == b)
    return std::signbit(a) ? b : a;
  return a > b ? a : b;
}

} // namespace rune::engine
