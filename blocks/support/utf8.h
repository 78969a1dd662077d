// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// UTF-8, read one code point at a time. A block that takes bytes as text checks
// them first: what crosses the interface as text has to be UTF-8.
//
// source  Unicode 15, §3.9, table 3-7
#pragma once

#include <cstdint>
#include <string_view>

namespace rune::kit {

struct CodePoint {
  uint32_t value;
  /// Bytes it takes; 0 when there is no code point here.
  uint32_t length;
};

/// The code point at the start of `text`.
inline CodePoint firstCodePoint(std::string_view text) {
  constexpr uint32_t leastOf[] = {0, 0, 0x80, 0x800, 0x10000};
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  if (text.empty())
    return {0, 0};
  uint32_t first = byte(0);
  if (first < 0x80)
    return {first, 1};
  uint32_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC0 || first > 0xF7 || text.size() < length)
    return {0, 0};
  uint32_t value = first & (0x7Fu >> length);
  for (uint32_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80)
      return {0, 0};
    value = value << 6 | (byte(i) & 0x3F);
  }
  bool surrogate = value >= 0xD800 && value < 0xE000;
  if (value < leastOf[length] || value > 0x10FFFF || surrogate)
    return {0, 0};
  return {value, length};
}

/// Where the first byte stands that is no UTF-8; the size when all is.
inline size_t utf8End(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    uint32_t length = firstCodePoint(text.substr(at)).length;
    if (length == 0)
      return at;
    at += length;
  }
  return at;
}

inline bool isUtf8(std::string_view text) {
  return utf8End(text) == text.size();
}

/// Writes a code point, up to 4 bytes.
///
/// result  behind it
inline char *appendCodePoint(char *at, uint32_t value) {
  if (value < 0x80) {
    *at++ = static_cast<char>(value);
    return at;
  }
  constexpr uint32_t leads[] = {0, 0xC0, 0xE0, 0xF0};
  uint32_t more = value < 0x800 ? 1 : value < 0x10000 ? 2 : 3;
  *at++ = static_cast<char>(leads[more] | value >> (6 * more));
  while (more--)
    *at++ = static_cast<char>(0x80 | (value >> (6 * more) & 0x3F));
  return at;
}

} // namespace rune::kit
