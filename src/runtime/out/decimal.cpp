// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where ryu's printer puts the decimal point (its `pretty` format); the digits
// themselves come from std::to_chars, which gives the shortest ones too.
//
// source  ryu 1.0, src/pretty/mod.rs: format32 and format64 differ in their
//         limits
#include "runtime/out/serial.h"

#include <charconv>
#include <cmath>

namespace rune::runtime {

namespace {

/// 0.digits x 10^point, and its sign.
struct Decimal {
  bool negative = false;
  std::string digits;
  int point = 0;
};

/// Numbers with a point in (low, high] are written without an exponent.
struct PlainRange {
  int low;
  int high;
};

template <class T> Decimal decimalOf(T number) {
  char text[64];
  auto end = std::to_chars(text, text + sizeof text, std::abs(number),
                           std::chars_format::scientific)
                 .ptr;
  std::string_view all(text, end);
  size_t exponentAt = all.find('e');
  Decimal decimal{std::signbit(number), {}, 0};
  for (char c : all.substr(0, exponentAt))
    if (c != '.')
      decimal.digits += c;
  std::string_view exponent = all.substr(exponentAt + 1);
  if (exponent.front() == '+')
    exponent.remove_prefix(1);
  std::from_chars(exponent.begin(), exponent.end(), decimal.point);
  decimal.point += 1;
  return decimal;
}

std::string plain(const Decimal &decimal) {
  auto length = static_cast<int>(decimal.digits.size());
  if (decimal.point <= 0)
    return "0." + std::string(-decimal.point, '0') + decimal.digits;
  if (decimal.point >= length)
    return decimal.digits + std::string(decimal.point - length, '0') + ".0";
  return decimal.digits.substr(0, decimal.point) + "." +
         decimal.digits.substr(decimal.point);
}

std::string scientific(const Decimal &decimal) {
  std::string text = decimal.digits.substr(0, 1);
  if (decimal.digits.size() > 1)
    text += "." + decimal.digits.substr(1);
  return text + "e" + std::to_string(decimal.point - 1);
}

template <class T> std::string shortest(T number, PlainRange range) {
  if (!std::isfinite(number))
    return "null";
  if (number == 0)
    return std::signbit(number) ? "-0.0" : "0.0";
  Decimal decimal = decimalOf(number);
  bool isPlain = range.low < decimal.point && decimal.point <= range.high;
  return (decimal.negative ? "-" : "") +
         (isPlain ? plain(decimal) : scientific(decimal));
}

} // namespace

std::string shortestDecimal(float number) { return shortest(number, {-6, 13}); }
std::string shortestDecimal(double number) {
  return shortest(number, {-5, 16});
}

} // namespace rune::runtime
