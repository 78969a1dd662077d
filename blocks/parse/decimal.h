// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Decimal digits to the nearest binary floating-point number, ties to even.
// wasm has no instruction for it, and the C library's strtod brings in stdio
// and 128-bit arithmetic; this is 2 KB.
//
// Few digits with a small exponent are one exact division or product. Anything
// else is a division of two big integers, which leaves nothing to estimate:
// digits * 10^e = q * 2^E, q from 1 to 2, of which we take 64 bits.
//
// source  W. D. Clinger, "How to Read Floating Point Numbers Accurately", 1990
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <type_traits>

namespace rune::decimal {

/// Digits beyond this many cannot change the result but by being there: a
/// number halfway between two doubles has no more than 767.
constexpr int mostDigits = 800;

/// digits * 10^exponent; trailing zeros of the digits are taken off.
struct Decimal {
  char digits[mostDigits];
  int count = 0;
  int exponent = 0;
};

/// A natural number, least significant limb first.
class Natural {
public:
  /// this = this * factor + carry
  void multiplyAdd(uint32_t factor, uint32_t carry) {
    uint64_t left = carry;
    for (int i = 0; i < size_; ++i) {
      left += uint64_t{limbs_[i]} * factor;
      limbs_[i] = static_cast<uint32_t>(left);
      left >>= 32;
    }
    if (left)
      limbs_[size_++] = static_cast<uint32_t>(left);
  }
  void multiplyByPowerOfTen(int exponent) {
    for (; exponent >= 9; exponent -= 9)
      multiplyAdd(1000000000, 0);
    for (; exponent > 0; --exponent)
      multiplyAdd(10, 0);
  }
  void shiftLeft(int bits) {
    for (; bits >= 31; bits -= 31)
      multiplyAdd(1u << 31, 0);
    multiplyAdd(1u << bits, 0);
  }
  int bits() const {
    return size_ ? 32 * size_ - std::countl_zero(limbs_[size_ - 1]) : 0;
  }
  bool isZero() const { return size_ == 0; }
  bool operator<(const Natural &other) const {
    if (size_ != other.size_)
      return size_ < other.size_;
    for (int i = size_ - 1; i >= 0; --i)
      if (limbs_[i] != other.limbs_[i])
        return limbs_[i] < other.limbs_[i];
    return false;
  }
  /// Needs other <= this.
  void subtract(const Natural &other) {
    uint64_t borrow = 0;
    for (int i = 0; i < size_; ++i) {
      uint64_t take = borrow + (i < other.size_ ? other.limbs_[i] : 0);
      borrow = limbs_[i] < take;
      limbs_[i] = static_cast<uint32_t>(limbs_[i] - take);
    }
    while (size_ > 0 && limbs_[size_ - 1] == 0)
      --size_;
  }

private:
  // 10^1145 has 3804 bits, and a numerator is shifted to one bit more.
  uint32_t limbs_[128] = {};
  int size_ = 0;
};

/// The sizes of a format: bits of significand, least exponent, exponent bits.
template <class T> struct Format;
template <> struct Format<float> {
  using Bits = uint32_t;
  static constexpr int precision = 24, least = -126, largest = 127;
};
template <> struct Format<double> {
  using Bits = uint64_t;
  static constexpr int precision = 53, least = -1022, largest = 1023;
};

/// m / 2^63 * 2^exponent to the nearest, m from 2^63; `sticky` if m is cut off.
template <class T> T rounded(uint64_t m, int exponent, bool sticky) {
  using F = Format<T>;
  if (exponent > F::largest)
    return std::numeric_limits<T>::infinity();
  int drop = 64 - F::precision;
  if (exponent < F::least)
    drop += F::least - exponent;
  if (drop > 64)
    return 0;
  uint64_t kept = drop == 64 ? 0 : m >> drop;
  uint64_t half = uint64_t{1} << (drop - 1), rest = m & (half - 1);
  if ((m & half) && (rest || sticky || (kept & 1)))
    ++kept;
  // A carry out of the significand runs into the exponent, as it should.
  using Bits = typename F::Bits;
  Bits bits = static_cast<Bits>(kept);
  if (exponent >= F::least)
    bits += static_cast<Bits>(exponent - F::least) << (F::precision - 1);
  return std::bit_cast<T>(bits);
}

template <class T> T divided(const Decimal &from) {
  Natural top, bottom;
  for (int i = 0; i < from.count; ++i)
    top.multiplyAdd(10, from.digits[i] - '0');
  bottom.multiplyAdd(1, 1);
  (from.exponent < 0 ? bottom : top)
      .multiplyByPowerOfTen(from.exponent < 0 ? -from.exponent : from.exponent);
  int exponent = top.bits() - bottom.bits();
  (exponent < 0 ? top : bottom).shiftLeft(exponent < 0 ? -exponent : exponent);
  if (top < bottom) {
    --exponent;
    top.shiftLeft(1);
  }
  uint64_t m = 0;
  for (int i = 0; i < 64; ++i) {
    m <<= 1;
    if (!(top < bottom)) {
      m |= 1;
      top.subtract(bottom);
    }
    top.shiftLeft(1);
  }
  return rounded<T>(m, exponent, !top.isZero());
}

/// The number of at most 15 digits times 10^±22, in one rounding; NaN if it is
/// not one of these.
inline double quick(const Decimal &from) {
  if (from.count > 15 || from.exponent > 22 || from.exponent < -22)
    return std::numeric_limits<double>::quiet_NaN();
  double digits = 0, power = 1; // both exact: below 2^53, and 10^22
  for (int i = 0; i < from.count; ++i)
    digits = digits * 10 + (from.digits[i] - '0');
  for (int i = from.exponent < 0 ? -from.exponent : from.exponent; i > 0; --i)
    power *= 10;
  return from.exponent < 0 ? digits / power : digits * power;
}

/// True if rounding `number`, itself rounded, to f32 may differ from rounding
/// what it was rounded from: it stands halfway, or f32 is less precise there.
inline bool isDelicate(double number) {
  constexpr uint64_t cutOff = (uint64_t{1} << 29) - 1, half = uint64_t{1} << 28;
  return (std::bit_cast<uint64_t>(number) & cutOff) == half ||
         number < 0x1p-125;
}

template <class T> T nearest(const Decimal &from) {
  if (from.count == 0 || from.count + from.exponent < -400)
    return 0;
  if (from.count + from.exponent > 400)
    return std::numeric_limits<T>::infinity();
  double number = quick(from);
  if (number == number && (std::is_same_v<T, double> || !isDelicate(number)))
    return static_cast<T>(number);
  return divided<T>(from);
}

/// Reads digits with a point and an exponent, all of the text, without a sign.
///
/// result  false when it is something else
inline bool read(std::string_view text, Decimal &into) {
  constexpr int farAway = 100000;
  bool anyDigit = false, behindPoint = false, more = false;
  size_t at = 0;
  for (; at < text.size(); ++at) {
    char c = text[at];
    if (c == '.' && !behindPoint) {
      behindPoint = true;
      continue;
    }
    if (c < '0' || c > '9')
      break;
    anyDigit = true;
    bool keep = into.count > 0 || c != '0';
    if (keep && into.count < mostDigits)
      into.digits[into.count++] = c;
    else if (keep) {
      more |= c != '0';
      into.exponent += into.exponent < farAway;
    }
    if (behindPoint)
      into.exponent -= into.exponent > -farAway;
  }
  if (!anyDigit)
    return false;
  if (more) // what was cut off only has to be seen to be there
    into.digits[mostDigits - 1] |= 1;
  if (at < text.size()) {
    if (text[at] != 'e' && text[at] != 'E')
      return false;
    ++at;
    bool negative = at < text.size() && text[at] == '-';
    if (at < text.size() && (text[at] == '-' || text[at] == '+'))
      ++at;
    if (at == text.size())
      return false;
    int exponent = 0;
    for (; at < text.size(); ++at) {
      if (text[at] < '0' || text[at] > '9')
        return false;
      if (exponent < farAway)
        exponent = exponent * 10 + (text[at] - '0');
    }
    into.exponent += negative ? -exponent : exponent;
  }
  for (; into.count > 0 && into.digits[into.count - 1] == '0'; --into.count)
    ++into.exponent;
  return true;
}

} // namespace rune::decimal
