// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/text/number.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <string>

namespace rune::wasm::text {

namespace {

constexpr Number notANumber{0, NumberFault::NotANumber};
constexpr Number outOfRange{0, NumberFault::OutOfRange};

bool isDigit(char c, bool hex) {
  return (c >= '0' && c <= '9') ||
         (hex && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')));
}

uint64_t digitValue(char c) {
  return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/// The digits at the start of `text`, without underscores; they leave `text`.
/// Empty where there is none, or an underscore stands alone.
std::string takeDigits(std::string_view &text, bool hex) {
  std::string digits;
  size_t at = 0;
  bool digitBefore = false;
  for (; at < text.size(); ++at) {
    if (isDigit(text[at], hex)) {
      digits += text[at];
      digitBefore = true;
    } else if (text[at] == '_' && digitBefore) {
      digitBefore = false;
    } else {
      break;
    }
  }
  if (!digitBefore)
    return {};
  text.remove_prefix(at);
  return digits;
}

bool takeHexPrefix(std::string_view &text) {
  if (!text.starts_with("0x"))
    return false;
  text.remove_prefix(2);
  return true;
}

/// The sign at the start; it leaves `text`.
std::optional<char> takeSign(std::string_view &text) {
  if (text.empty() || (text[0] != '+' && text[0] != '-'))
    return std::nullopt;
  char sign = text[0];
  text.remove_prefix(1);
  return sign;
}

uint64_t maxOf(unsigned width) {
  return width == 64 ? UINT64_MAX : (uint64_t{1} << width) - 1;
}

struct FloatFormat {
  unsigned significand;
  uint64_t infinity;
  uint64_t sign;
};
FloatFormat formatOf(unsigned width) {
  return width == 32 ? FloatFormat{23, 0x7F800000, uint64_t{1} << 31}
                     : FloatFormat{52, 0x7FF0000000000000, uint64_t{1} << 63};
}

/// `nan` or `nan:0x…`, without its sign.
Number parseNan(std::string_view text, const FloatFormat &format) {
  if (text == "nan")
    return {format.infinity | uint64_t{1} << (format.significand - 1)};
  if (!text.starts_with("nan:0x"))
    return notANumber;
  Number payload = parseUnsigned(text.substr(4));
  if (payload.fault != NumberFault::None)
    return payload;
  if (payload.bits == 0 || payload.bits >> format.significand != 0)
    return outOfRange;
  return {format.infinity | payload.bits};
}

/// The number in the spelling of the C library, or empty.
std::string plainFloat(std::string_view text) {
  bool hex = takeHexPrefix(text);
  std::string plain = hex ? "0x" : "";
  std::string whole = takeDigits(text, hex);
  if (whole.empty())
    return {};
  plain += whole;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    plain += '.';
    if (!text.empty() && (isDigit(text[0], hex) || text[0] == '_')) {
      std::string fraction = takeDigits(text, hex);
      if (fraction.empty())
        return {};
      plain += fraction;
    }
  }
  if (!text.empty() && (text[0] | 0x20) == (hex ? 'p' : 'e')) {
    plain += text[0];
    text.remove_prefix(1);
    if (auto sign = takeSign(text))
      plain += *sign;
    std::string exponent = takeDigits(text, false);
    if (exponent.empty())
      return {};
    plain += exponent;
  }
  return text.empty() ? plain : std::string();
}

/// The C library rounds decimal and hexadecimal numbers to nearest, ties to
/// even.
Number roundFloat(const std::string &plain, unsigned width) {
  if (width == 32) {
    float value = std::strtof(plain.c_str(), nullptr);
    return std::isinf(value) ? outOfRange
                             : Number{std::bit_cast<uint32_t>(value)};
  }
  double value = std::strtod(plain.c_str(), nullptr);
  return std::isinf(value) ? outOfRange
                           : Number{std::bit_cast<uint64_t>(value)};
}

} // namespace

Number parseUnsigned(std::string_view text, unsigned width) {
  bool hex = takeHexPrefix(text);
  std::string digits = takeDigits(text, hex);
  if (digits.empty() || !text.empty())
    return notANumber;
  uint64_t value = 0;
  for (char digit : digits)
    if (__builtin_mul_overflow(value, hex ? 16 : 10, &value) ||
        __builtin_add_overflow(value, digitValue(digit), &value))
      return outOfRange;
  return value > maxOf(width) ? outOfRange : Number{value};
}

Number parseInteger(std::string_view text, unsigned width) {
  auto sign = takeSign(text);
  Number number = parseUnsigned(text, width);
  if (number.fault != NumberFault::None || sign != '-')
    return number;
  if (number.bits > uint64_t{1} << (width - 1))
    return outOfRange;
  return {(0 - number.bits) & maxOf(width)};
}

Number parseFloat(std::string_view text, unsigned width) {
  FloatFormat format = formatOf(width);
  auto sign = takeSign(text);
  Number number;
  if (text == "inf") {
    number.bits = format.infinity;
  } else if (text.starts_with("nan")) {
    number = parseNan(text, format);
  } else {
    std::string plain = plainFloat(text);
    number = plain.empty() ? notANumber : roundFloat(plain, width);
  }
  if (number.fault == NumberFault::None && sign == '-')
    number.bits |= format.sign;
  return number;
}

} // namespace rune::wasm::text
