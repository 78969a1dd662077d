// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/bytes.h"

namespace rune {

Result<ByteSpan> ByteReader::take(uint64_t count) {
  if (count > remaining())
    return error("bytes.unexpected-end",
                 "unexpected end at offset {}: {} bytes needed, {} left",
                 offset(), count, remaining());
  ByteSpan taken = bytes_.subspan(at_, count);
  at_ += count;
  return taken;
}

Result<std::string_view> ByteReader::text() {
  uint64_t start = at_;
  auto size = u32();
  auto bytes = size ? take(*size) : Result<ByteSpan>(std::move(size).error());
  if (!bytes) {
    at_ = start;
    return std::move(bytes).error();
  }
  if (!isUtf8(*bytes)) {
    at_ = start;
    return error("bytes.not-utf8", "text at offset {} is not UTF-8", offset());
  }
  return asText(*bytes);
}

/// Length of the code point that starts at `at`; 0 if it is malformed.
static size_t codePointLength(ByteSpan bytes, size_t at) {
  auto in = [&](size_t index, uint8_t low, uint8_t high) {
    return at + index < bytes.size() && bytes[at + index] >= low &&
           bytes[at + index] <= high;
  };
  uint8_t lead = bytes[at];
  if (lead < 0x80)
    return 1;
  if (lead >= 0xC2 && lead <= 0xDF)
    return in(1, 0x80, 0xBF) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    uint8_t low = lead == 0xE0 ? 0xA0 : 0x80, high = lead == 0xED ? 0x9F : 0xBF;
    return in(1, low, high) && in(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    uint8_t low = lead == 0xF0 ? 0x90 : 0x80, high = lead == 0xF4 ? 0x8F : 0xBF;
    return in(1, low, high) && in(2, 0x80, 0xBF) && in(3, 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

bool isUtf8(ByteSpan bytes) {
  for (size_t at = 0; at < bytes.size();) {
    size_t length = codePointLength(bytes, at);
    if (length == 0)
      return false;
    at += length;
  }
  return true;
}

} // namespace rune
