// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes the primitive values of the binary format.
//
// source  core 3.0, section 5.2
#pragma once

#include "base/bytes.h"

namespace rune::wasm::text {

class Encoder {
public:
  void byte(uint8_t value) { out_.push_back(value); }
  void raw(ByteSpan bytes) {
    out_.insert(out_.end(), bytes.begin(), bytes.end());
  }
  /// LEB128 without and with sign.
  void u(uint64_t value) {
    for (; value > 0x7F; value >>= 7)
      byte(static_cast<uint8_t>(value | 0x80));
    byte(static_cast<uint8_t>(value));
  }
  void s(int64_t value) {
    for (; value < -64 || value > 63; value >>= 7)
      byte(static_cast<uint8_t>(value | 0x80));
    byte(static_cast<uint8_t>(value & 0x7F));
  }
  /// The low `bytes` bytes, least significant first.
  void fixed(uint64_t bits, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i)
      byte(static_cast<uint8_t>(bits >> (8 * i)));
  }
  void name(std::string_view text) {
    u(text.size());
    raw(asBytes(text));
  }
  /// What `other` holds, with its length before it.
  void sized(const Encoder &other) {
    u(other.out_.size());
    raw(other.out_);
  }

  ByteSpan bytes() const { return out_; }
  Bytes take() { return std::move(out_); }

private:
  Bytes out_;
};

/// The elements of one section.
struct SectionEncoder {
  Encoder content;
  uint32_t count = 0;

  Encoder &add() {
    ++count;
    return content;
  }
  bool empty() const { return count == 0; }
};

} // namespace rune::wasm::text
