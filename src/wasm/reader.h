// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The primitive values of the binary format (core 2.0, section 5.2), read
// without ever leaving the bytes. Failures carry the words of the
// specification's test suite and the place in the file.
#pragma once

#include "wasm/module.h"

namespace rune::wasm {

class Reader {
public:
  /// in  `origin`: where `bytes` stand in the file
  explicit Reader(ByteSpan bytes, SourcePtr source = nullptr,
                  uint64_t origin = 0, bool isPart = false)
      : bytes_(bytes), source_(std::move(source)), origin_(origin),
        isPart_(isPart) {}

  /// What may be read: features that are off read as before they existed.
  const Features &features() const { return features_; }
  void setFeatures(const Features &features) { features_ = features; }

  /// Offset of the next byte in the file.
  uint64_t offset() const { return origin_ + at_; }
  uint64_t remaining() const { return bytes_.size() - at_; }
  bool atEnd() const { return at_ == bytes_.size(); }

  /// errors  unexpected end
  Result<uint8_t> byte() {
    if (atEnd()) [[unlikely]]
      return unexpectedEnd();
    return bytes_[at_++];
  }
  /// The next byte, left in place.
  ///
  /// errors  unexpected end
  Result<uint8_t> peek() const {
    if (atEnd()) [[unlikely]]
      return unexpectedEnd();
    return bytes_[at_];
  }

  /// One LEB128 number, in at most ⌈bits / 7⌉ bytes.
  ///
  /// errors  unexpected end · integer too large · integer representation too
  ///         long
  /// source  core 2.0, section 5.2.2
  Result<uint32_t> u32();
  Result<uint64_t> u64();
  Result<int32_t> s32();
  Result<int64_t> s33();
  Result<int64_t> s64();
  /// Four or eight bytes, least significant first.
  Result<uint32_t> fixed32();
  Result<uint64_t> fixed64();

  /// errors  length out of bounds
  Result<ByteSpan> take(uint64_t count);
  /// A length, then that many bytes to read on their own.
  ///
  /// errors  length out of bounds
  Result<Reader> part();
  /// errors  length out of bounds · malformed UTF-8 encoding · `wasm.limit`
  Result<std::string> name();
  /// The length of a vector of `what`, each element of one byte at least.
  ///
  /// errors  length out of bounds · `wasm.limit`
  Result<uint32_t> count(uint32_t limit, std::string_view what);

  /// The place of the byte `offset` of the file.
  Location place(uint64_t offset) const {
    return {source_, {offset, offset + 1}};
  }
  Location here() const { return place(offset()); }
  const SourcePtr &source() const { return source_; }
  /// What was taken since the file's offset `begin`.
  ByteSpan since(uint64_t begin) const {
    return bytes_.subspan(begin - origin_, offset() - begin);
  }

private:
  Diagnostic unexpectedEnd() const;
  template <unsigned bits> Result<uint64_t> unsignedLeb();
  template <unsigned bits> Result<int64_t> signedLeb();

  ByteSpan bytes_;
  uint64_t at_ = 0;
  SourcePtr source_;
  uint64_t origin_;
  bool isPart_;
  Features features_;
};

} // namespace rune::wasm
