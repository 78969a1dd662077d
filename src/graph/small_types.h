// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elements of the small kinds (floats of 8 and 4 bits, integers of 4 and 2) as
// numbers, and numbers as such elements. They are kept, moved and converted,
// never computed in; an element travels as one byte.
//
// source  OCP 8-bit Floating Point Specification (E4M3, E5M2), OCP Microscaling
//         Formats (E2M1, E8M0); arXiv:2206.02915 (the FNUZ kinds); ONNX
//         Cast-24, tables of the float 8 kinds
#pragma once

#include "graph/numeric.h"

#include <array>
#include <limits>
#include <span>
#include <utility>

namespace rune::graph {

/// How a number becomes a power of two (f8e8m0fnu).
enum class PowerRounding : uint8_t { Up, Down, Nearest };
PowerRounding powerRoundingNamed(std::string_view name);

/// The number in the low bits of `bits`; exact.
float smallFloat(DType dtype, uint8_t bits);
int8_t smallInteger(DType dtype, uint8_t bits);

/// The nearest element, ties to even. Beyond the range: with `saturate` the
/// largest, else infinity or NaN, as far as the type has them; f4e2m1fn has
/// neither and always saturates, its NaN becomes -0. A negative number is NaN
/// as f8e8m0fnu, 0 its smallest power (NaN without `saturate`).
uint8_t roundToSmallFloat(DType dtype, double value, bool saturate,
                          PowerRounding rounding = PowerRounding::Up);

/// The limits of an integer type of up to 32 bits.
struct IntegerLimits {
  int64_t low = 0;
  int64_t high = 0;
};
IntegerLimits integerLimits(DType dtype);

/// Elements of a small kind as numbers: float, or int8_t.
template <class T> class StorageElements {
public:
  StorageElements(DType dtype, ByteSpan data)
      : data_(data.data()), bits_(dtypeBits(dtype)) {
    for (unsigned code = 0; code < 1u << bits_; ++code)
      if constexpr (std::is_same_v<T, float>)
        values_[code] = smallFloat(dtype, static_cast<uint8_t>(code));
      else
        values_[code] = smallInteger(dtype, static_cast<uint8_t>(code));
  }

  T operator[](int64_t index) const {
    int64_t perByte = 8 / bits_;
    unsigned shift = static_cast<unsigned>(index % perByte) * bits_;
    return values_[(data_[index / perByte] >> shift) & ((1u << bits_) - 1)];
  }

private:
  const uint8_t *data_;
  unsigned bits_;
  std::array<T, 256> values_{};
};

/// Packs one element a byte into elements of `bits`; `packed` is all zero
/// before.
void packBytes(unsigned bits, ByteSpan elements, std::span<uint8_t> packed);

/// Calls `f(Type<T>{}, elements)` where `elements[i]` is element i as a `T`;
/// for every type but utf8.
template <class F> auto withElements(DType dtype, ByteSpan data, F &&f) {
  if (dtypeKind(dtype) == DTypeKind::SmallFloat)
    return f(Type<float>{}, StorageElements<float>(dtype, data));
  if (isStorage(dtype))
    return f(Type<int8_t>{}, StorageElements<int8_t>(dtype, data));
  if (dtype == DType::Bool)
    return f(Type<bool>{}, Elements<bool>(data));
  return withNumeric(
      dtype, [&]<class T>(Type<T> type) { return f(type, Elements<T>(data)); });
}

/// Towards zero, saturating; NaN gives 0.
template <class To> To truncated(double x) {
  constexpr double low = static_cast<double>(std::numeric_limits<To>::min());
  // one above the largest: a power of two, so that it is exact
  const double high = std::ldexp(1.0, std::numeric_limits<To>::digits);
  if (std::isnan(x))
    return 0;
  if (x <= low)
    return std::numeric_limits<To>::min();
  return x >= high ? std::numeric_limits<To>::max() : static_cast<To>(x);
}

/// An integer as a double that any narrower float rounds as the integer itself:
/// what does not fit is kept as one sticky bit.
template <class From> double sticky(From x) {
  constexpr int spare = 64 - std::numeric_limits<double>::digits;
  bool negative = x < 0;
  auto size = static_cast<uint64_t>(x);
  if (negative)
    size = 0 - size;
  if (size >> std::numeric_limits<double>::digits == 0)
    return static_cast<double>(x);
  uint64_t rest = size & ((uint64_t{1} << spare) - 1);
  double value = std::ldexp(
      static_cast<double>((size >> spare) | (rest != 0 ? 1 : 0)), spare);
  return negative ? -value : value;
}

/// How numbers are converted to elements of one type.
struct Conversion {
  bool saturate = false;
  PowerRounding powers = PowerRounding::Up;
};

/// `x` as an element of a small kind. Floats become integers to nearest, ties
/// to even (64 bits of them).
template <class From> uint8_t convertToSmall(DType to, From x, Conversion how) {
  if (dtypeKind(to) == DTypeKind::SmallFloat) {
    double value = 0;
    if constexpr (std::is_integral_v<From> && !std::is_same_v<From, bool>)
      value = sticky(x);
    else
      value = static_cast<double>(widen(x));
    return roundToSmallFloat(to, value, how.saturate, how.powers);
  }
  auto [low, high] = integerLimits(to);
  if constexpr (isFloatElement<From>) {
    auto whole =
        truncated<int64_t>(std::nearbyint(static_cast<double>(widen(x))));
    if (how.saturate)
      whole = whole < low ? low : whole > high ? high : whole;
    return static_cast<uint8_t>(whole);
  } else if constexpr (std::is_same_v<From, bool>) {
    return x ? 1 : 0;
  } else {
    if (how.saturate && std::cmp_less(x, low))
      return static_cast<uint8_t>(low);
    if (how.saturate && std::cmp_greater(x, high))
      return static_cast<uint8_t>(high);
    return static_cast<uint8_t>(x);
  }
}

} // namespace rune::graph
