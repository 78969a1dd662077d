// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bytes from outside, read without ever leaving them, and bytes we write.
// Everything is little endian.
#pragma once

#include "base/result.h"

#include <concepts>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace rune {

using ByteSpan = std::span<const uint8_t>;
using Bytes = std::vector<uint8_t>;

inline ByteSpan asBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
}
inline std::string_view asText(ByteSpan bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

/// The number that stands unaligned at `at`; the caller has checked bounds.
template <class T>
  requires std::is_trivially_copyable_v<T>
T loadUnaligned(const uint8_t *at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}
template <class T>
  requires std::is_trivially_copyable_v<T>
void storeUnaligned(uint8_t *at, T value) {
  std::memcpy(at, &value, sizeof value);
}

/// Rounds up to a multiple of `alignment`, a power of two.
constexpr uint64_t alignTo(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) & ~(alignment - 1);
}

/// Reads forward through bytes of a stranger. After an error the reader stands
/// where the faulty item began.
class ByteReader {
public:
  explicit ByteReader(ByteSpan bytes, uint64_t origin = 0)
      : bytes_(bytes), origin_(origin) {}

  /// Offset of the next byte, counted from the start of the outermost input.
  uint64_t offset() const { return origin_ + at_; }
  uint64_t remaining() const { return bytes_.size() - at_; }
  bool atEnd() const { return remaining() == 0; }

  /// errors  `bytes.unexpected-end`
  Result<uint8_t> u8() { return number<uint8_t>(); }
  Result<uint16_t> u16() { return number<uint16_t>(); }
  Result<uint32_t> u32() { return number<uint32_t>(); }
  Result<uint64_t> u64() { return number<uint64_t>(); }
  Result<ByteSpan> take(uint64_t count);
  /// A u32 length, then that many bytes of UTF-8.
  ///
  /// errors  `bytes.unexpected-end`, `bytes.not-utf8`
  Result<std::string_view> text();

private:
  template <class T> Result<T> number() {
    ByteSpan here = RUNE_TRY(take(sizeof(T)));
    return loadUnaligned<T>(here.data());
  }

  ByteSpan bytes_;
  uint64_t at_ = 0;
  uint64_t origin_;
};

/// Appends what ByteReader reads.
class ByteWriter {
public:
  void u8(uint8_t value) { bytes_.push_back(value); }
  void u16(uint16_t value) { number(value); }
  void u32(uint32_t value) { number(value); }
  void u64(uint64_t value) { number(value); }
  void raw(ByteSpan bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  void text(std::string_view text) {
    u32(static_cast<uint32_t>(text.size()));
    raw(asBytes(text));
  }
  void zeros(uint64_t count) { bytes_.resize(bytes_.size() + count); }

  uint64_t size() const { return bytes_.size(); }
  ByteSpan bytes() const { return bytes_; }
  Bytes take() { return std::move(bytes_); }

private:
  template <class T> void number(T value) {
    bytes_.resize(bytes_.size() + sizeof value);
    storeUnaligned(bytes_.data() + bytes_.size() - sizeof value, value);
  }

  Bytes bytes_;
};

/// True if `bytes` are well-formed UTF-8 (no surrogates, no overlong forms).
///
/// source  Unicode 15, table 3-7
bool isUtf8(ByteSpan bytes);

} // namespace rune
