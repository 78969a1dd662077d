// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Element types as C++ types, and how numbers become elements: the two 16-bit
// floats exactly and rounded to nearest, ties to even; integers by wrapping.
//
// source  IEEE 754-2019 §3.6 (binary16), §4.3.1 (roundTiesToEven); bfloat16 is
//         the upper half of binary32
#pragma once

#include "base/bytes.h"
#include "base/tensor_type.h"

#include <bit>
#include <cmath>
#include <type_traits>

namespace rune::graph {

struct F16 {
  uint16_t bits = 0;
};
struct BF16 {
  uint16_t bits = 0;
};

float toFloat(F16 value);
float toFloat(BF16 value);
/// From double, so that no path rounds twice: each float is a double. NaN stays
/// NaN (quiet, sign and upper payload kept); beyond the range gives infinity.
F16 roundToF16(double value);
BF16 roundToBF16(double value);

template <class T>
constexpr bool isHalf = std::is_same_v<T, F16> || std::is_same_v<T, BF16>;
template <class T>
constexpr bool isFloatElement = isHalf<T> || std::is_floating_point_v<T>;

/// The type in which single operations on elements of `T` are computed: float
/// for the 16-bit floats, else `T`. One operation in float, rounded once, is
/// correctly rounded (24 ≥ 2·11 + 2 bits).
template <class T> using Wide = std::conditional_t<isHalf<T>, float, T>;

template <class T> Wide<T> widen(T value) {
  if constexpr (isHalf<T>)
    return toFloat(value);
  else
    return value;
}

/// One rounding for floats, wrapping for integers.
template <class T, class From> T narrow(From value) {
  if constexpr (std::is_same_v<T, F16>)
    return roundToF16(value);
  else if constexpr (std::is_same_v<T, BF16>)
    return roundToBF16(value);
  else
    return static_cast<T>(value);
}

/// Wrapping arithmetic on integers, plain on floats.
template <class T> T addWrapping(T a, T b) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  else
    return a + b;
}
template <class T> T subWrapping(T a, T b) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
  else
    return a - b;
}
template <class T> T mulWrapping(T a, T b) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  else
    return a * b;
}
template <class T> bool isNan(T value) {
  if constexpr (std::is_floating_point_v<T>)
    return std::isnan(value);
  else
    return false;
}

/// Elements that may stand unaligned, as files hold them.
template <class T> class Elements {
public:
  explicit Elements(ByteSpan data) : data_(data.data()) {}
  T operator[](int64_t index) const {
    if constexpr (std::is_same_v<T, bool>) // files may hold any byte
      return data_[index] != 0;
    else
      return loadUnaligned<T>(data_ + index * static_cast<int64_t>(sizeof(T)));
  }

private:
  const uint8_t *data_;
};

/// Elements of less than a byte, the first in the lowest bits of the first
/// byte.
template <unsigned Bits> class PackedElements {
public:
  explicit PackedElements(ByteSpan data) : data_(data.data()) {}
  uint8_t operator[](int64_t index) const {
    constexpr int64_t perByte = 8 / Bits;
    return (data_[index / perByte] >> (index % perByte * Bits)) &
           ((1u << Bits) - 1);
  }

private:
  const uint8_t *data_;
};

/// `packed` is all zero before.
template <unsigned Bits>
void packElements(ByteSpan elements, std::span<uint8_t> packed) {
  constexpr size_t perByte = 8 / Bits;
  for (size_t i = 0; i < elements.size(); ++i)
    packed[i / perByte] |= static_cast<uint8_t>(
        (elements[i] & ((1u << Bits) - 1)) << (i % perByte * Bits));
}

template <class T> struct Type {
  using type = T;
};

/// `f(Type<T>{})`, in a function of its own: one function with the loops of all
/// element types takes the compiler more time than all of these.
template <class T, class F> [[gnu::noinline]] auto callAs(F &f) {
  return f(Type<T>{});
}

/// Calls `f(Type<T>{})` with the C++ type of a float element type.
template <class F> auto withFloat(DType dtype, F &&f) {
  switch (dtype) {
  case DType::F64:
    return callAs<double>(f);
  case DType::F16:
    return callAs<F16>(f);
  case DType::BF16:
    return callAs<BF16>(f);
  default:
    RUNE_CHECK(dtype == DType::F32, "a float element type");
    return callAs<float>(f);
  }
}

template <class F> auto withInteger(DType dtype, F &&f) {
  switch (dtype) {
  case DType::I8:
    return callAs<int8_t>(f);
  case DType::I16:
    return callAs<int16_t>(f);
  case DType::I32:
    return callAs<int32_t>(f);
  case DType::I64:
    return callAs<int64_t>(f);
  case DType::U8:
    return callAs<uint8_t>(f);
  case DType::U16:
    return callAs<uint16_t>(f);
  case DType::U32:
    return callAs<uint32_t>(f);
  default:
    RUNE_CHECK(dtype == DType::U64, "an integer element type");
    return callAs<uint64_t>(f);
  }
}

inline bool isNumeric(DType dtype) {
  return isFloat(dtype) || isInteger(dtype);
}

template <class F> auto withNumeric(DType dtype, F &&f) {
  return isFloat(dtype) ? withFloat(dtype, f) : withInteger(dtype, f);
}

} // namespace rune::graph
