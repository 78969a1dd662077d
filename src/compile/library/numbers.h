// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Element types in C++, the arithmetic of graph/numeric.h without the library
// functions it may call: kernels call nothing.
//
// source  docs/ops.md, "Rounding"; IEEE 754-2019 §3.6, §4.3.1
#pragma once

#include "compile/library/call.h"

#include <limits>
#include <type_traits>

namespace rune::library {

struct F16 {
  uint16_t bits;
};
struct BF16 {
  uint16_t bits;
};

template <class T>
constexpr bool isHalf = std::is_same_v<T, F16> || std::is_same_v<T, BF16>;
template <class T>
constexpr bool isFloat = isHalf<T> || std::is_floating_point_v<T>;
template <class T> using Wide = std::conditional_t<isHalf<T>, float, T>;
template <class W>
using Bits = std::conditional_t<sizeof(W) == 8, uint64_t, uint32_t>;

template <class W> Bits<W> bitsOf(W x) {
  return __builtin_bit_cast(Bits<W>, x);
}
inline float floatOf(uint32_t bits) { return __builtin_bit_cast(float, bits); }
inline double doubleOf(uint64_t bits) {
  return __builtin_bit_cast(double, bits);
}

template <class W> bool isNan(W x) {
  if constexpr (std::is_floating_point_v<W>)
    return x != x;
  else
    return false;
}
template <class W> W magnitude(W x) {
  if constexpr (std::is_same_v<W, float>)
    return floatOf(bitsOf(x) & 0x7fffffffu);
  else if constexpr (std::is_same_v<W, double>)
    return doubleOf(bitsOf(x) & ~(uint64_t{1} << 63));
  else
    return x < 0 ? static_cast<W>(0 - static_cast<uint64_t>(x)) : x;
}
template <class W> bool isNegative(W x) {
  return (bitsOf(x) >> (sizeof(W) * 8 - 1)) != 0;
}
template <class W> W withSign(W x, W sign) {
  W size = magnitude(x);
  return isNegative(sign) ? -size : size;
}

inline float widen(F16 x) {
  uint32_t sign = static_cast<uint32_t>(x.bits & 0x8000) << 16;
  uint32_t exponent = (x.bits >> 10) & 0x1f, fraction = x.bits & 0x3ff;
  if (exponent == 0) { // a multiple of 2^-24, which is exact
    float size = static_cast<float>(fraction) * 0x1p-24f;
    return sign ? -size : size;
  }
  uint32_t wide = exponent == 0x1f ? 0xff : exponent + (127 - 15);
  return floatOf(sign | wide << 23 | fraction << 13);
}
inline float widen(BF16 x) {
  return floatOf(static_cast<uint32_t>(x.bits) << 16);
}
template <class T> T widen(T x) { return x; }

/// A float of `exponentBits` and `fractionBits`, rounded once from a double.
template <int exponentBits, int fractionBits> uint16_t roundHalf(double x) {
  constexpr int bias = (1 << (exponentBits - 1)) - 1;
  constexpr uint64_t infinity = ((uint64_t{1} << exponentBits) - 1)
                                << fractionBits;
  uint64_t bits = bitsOf(x);
  auto sign = static_cast<uint16_t>(bits >> 63 << 15);
  bits &= ~(uint64_t{1} << 63);
  if (bits > uint64_t{0x7ff} << 52)
    return static_cast<uint16_t>(
        sign | infinity | uint64_t{1} << (fractionBits - 1) |
        (bits & ((uint64_t{1} << 52) - 1)) >> (52 - fractionBits));
  int exponent = static_cast<int>(bits >> 52) - 1023;
  if (exponent > bias)
    return static_cast<uint16_t>(sign | infinity);
  uint64_t fraction = (bits & ((uint64_t{1} << 52) - 1)) | uint64_t{1} << 52;
  int drop = 52 - fractionBits;
  uint64_t base = 0;
  if (exponent < 1 - bias)
    drop += 1 - bias - exponent; // subnormal: steps of the smallest binade
  else
    base = static_cast<uint64_t>(exponent + bias - 1) << fractionBits;
  if (drop > 53 || bits >> 52 == 0) // below half the smallest
    return sign;
  uint64_t kept = fraction >> drop,
           rest = fraction & ((uint64_t{1} << drop) - 1);
  uint64_t half = uint64_t{1} << (drop - 1);
  if (rest > half || (rest == half && (kept & 1)))
    ++kept;
  uint64_t number = base + kept;
  return static_cast<uint16_t>(sign | (number < infinity ? number : infinity));
}

/// One rounding for floats, wrapping for integers.
template <class T, class From> T narrow(From x) {
  if constexpr (std::is_same_v<T, F16>)
    return {roundHalf<5, 10>(static_cast<double>(x))};
  else if constexpr (std::is_same_v<T, BF16>)
    return {roundHalf<8, 7>(static_cast<double>(x))};
  else
    return static_cast<T>(x);
}

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

/// The smallest and the largest; infinities for floats.
template <class W> constexpr W lowest() {
  if constexpr (std::is_floating_point_v<W>)
    return -std::numeric_limits<W>::infinity();
  else
    return std::numeric_limits<W>::min();
}
template <class W> constexpr W highest() {
  if constexpr (std::is_floating_point_v<W>)
    return std::numeric_limits<W>::infinity();
  else
    return std::numeric_limits<W>::max();
}

template <class T> struct Tag {
  using type = T;
};

/// A case of a type: a function of its own in the bitcode. The compiler brings
/// into a model only the case of the call's type (compile/specialise_calls.h).
#define RUNE_CASE [[clang::noinline]]

template <class F> int32_t withFloat(Type type, F f) {
  switch (type) {
  case Type::F64:
    RUNE_CASE return f(Tag<double>{});
  case Type::F16:
    RUNE_CASE return f(Tag<F16>{});
  case Type::BF16:
    RUNE_CASE return f(Tag<BF16>{});
  default:
    RUNE_CASE return f(Tag<float>{});
  }
}
template <class F> int32_t withInteger(Type type, F f) {
  switch (type) {
  case Type::I8:
    RUNE_CASE return f(Tag<int8_t>{});
  case Type::I16:
    RUNE_CASE return f(Tag<int16_t>{});
  case Type::I32:
    RUNE_CASE return f(Tag<int32_t>{});
  case Type::U8:
    RUNE_CASE return f(Tag<uint8_t>{});
  case Type::U16:
    RUNE_CASE return f(Tag<uint16_t>{});
  case Type::U32:
    RUNE_CASE return f(Tag<uint32_t>{});
  case Type::U64:
    RUNE_CASE return f(Tag<uint64_t>{});
  default:
    RUNE_CASE return f(Tag<int64_t>{});
  }
}
/// i8, u8, i16 or u16: what is quantised.
template <class F> int32_t withSmallInteger(Type type, F f) {
  switch (type) {
  case Type::I8:
    RUNE_CASE return f(Tag<int8_t>{});
  case Type::U8:
    RUNE_CASE return f(Tag<uint8_t>{});
  case Type::I16:
    RUNE_CASE return f(Tag<int16_t>{});
  default:
    RUNE_CASE return f(Tag<uint16_t>{});
  }
}

/// Of an element with bytes of its own.
inline int64_t bytesOf(Type type) {
  switch (type) {
  case Type::F64:
  case Type::I64:
  case Type::U64:
    return 8;
  case Type::F32:
  case Type::I32:
  case Type::U32:
    return 4;
  case Type::F16:
  case Type::BF16:
  case Type::I16:
  case Type::U16:
    return 2;
  default:
    return 1;
  }
}

inline bool isSigned(Type type) {
  return type >= Type::I8 && type <= Type::I64;
}
inline bool isFloatType(Type type) { return type <= Type::BF16; }
template <class F> int32_t withNumeric(Type type, F f) {
  return isFloatType(type) ? withFloat(type, f) : withInteger(type, f);
}

/// With the element type and the type its sums are kept in: `accumulator` is
/// the attribute; integers are kept in 64 bits and wrap at the end.
template <class F>
int32_t withAccumulator(Type type, const Attribute &accumulator, F f) {
  if (isFloatType(type))
    return withFloat(type, [&]<class T>(Tag<T> element) {
      if constexpr (std::is_same_v<T, double>)
        return f(element, Tag<double>{});
      else if (isText(accumulator, "f64"))
        RUNE_CASE return f(element, Tag<double>{});
      else
        RUNE_CASE return f(element, Tag<float>{});
    });
  return withInteger(type, [&]<class T>(Tag<T> element) {
    return f(element,
             Tag<std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>{});
  });
}

} // namespace rune::library
