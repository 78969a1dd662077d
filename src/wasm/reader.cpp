// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/reader.h"

#include "wasm/limits.h"

namespace rune::wasm {

Diagnostic Reader::unexpectedEnd() const {
  return error("wasm.malformed", "unexpected end{}",
               isPart_ ? " of section or function" : "")
      .at(here());
}

template <unsigned bits> Result<uint64_t> Reader::unsignedLeb() {
  uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    if (shift >= bits)
      return error("wasm.malformed", "integer representation too long")
          .at(here());
    uint8_t next = RUNE_TRY(byte());
    uint8_t low = next & 0x7F;
    if (bits - shift < 7 && low >> (bits - shift))
      return error("wasm.malformed", "integer too large").at(here());
    value |= uint64_t{low} << shift;
    if (!(next & 0x80))
      return value;
  }
}

/// True if the bits of the last byte that do not fit equal the sign.
static bool signFits(uint8_t low, unsigned bitsLeft) {
  if (bitsLeft >= 7)
    return true;
  uint8_t mask = (0x7F << (bitsLeft - 1)) & 0x7F;
  return (low & mask) == 0 || (low & mask) == mask;
}

template <unsigned bits> Result<int64_t> Reader::signedLeb() {
  uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    if (shift >= bits)
      return error("wasm.malformed", "integer representation too long")
          .at(here());
    uint8_t next = RUNE_TRY(byte());
    uint8_t low = next & 0x7F;
    if (!signFits(low, bits - shift))
      return error("wasm.malformed", "integer too large").at(here());
    value |= uint64_t{low} << shift;
    if (next & 0x80)
      continue;
    unsigned used = shift + 7;
    if (used < 64 && (low & 0x40))
      value |= ~uint64_t{0} << used;
    return static_cast<int64_t>(value);
  }
}

Result<uint32_t> Reader::u32() {
  if (!atEnd() && bytes_[at_] < 0x80) [[likely]]
    return uint32_t{bytes_[at_++]};
  return static_cast<uint32_t>(RUNE_TRY(unsignedLeb<32>()));
}
Result<uint64_t> Reader::u64() { return unsignedLeb<64>(); }
Result<int32_t> Reader::s32() {
  return static_cast<int32_t>(RUNE_TRY(signedLeb<32>()));
}
Result<int64_t> Reader::s33() { return signedLeb<33>(); }
Result<int64_t> Reader::s64() { return signedLeb<64>(); }

Result<uint32_t> Reader::fixed32() {
  if (remaining() < sizeof(uint32_t))
    return unexpectedEnd();
  return loadUnaligned<uint32_t>(RUNE_TRY(take(sizeof(uint32_t))).data());
}
Result<uint64_t> Reader::fixed64() {
  if (remaining() < sizeof(uint64_t))
    return unexpectedEnd();
  return loadUnaligned<uint64_t>(RUNE_TRY(take(sizeof(uint64_t))).data());
}

Result<ByteSpan> Reader::take(uint64_t count) {
  if (count > remaining())
    return error("wasm.malformed",
                 "length out of bounds: {} bytes announced, {} left", count,
                 remaining())
        .at(here());
  ByteSpan taken = bytes_.subspan(at_, count);
  at_ += count;
  return taken;
}

Result<Reader> Reader::part() {
  uint32_t size = RUNE_TRY(u32());
  uint64_t begin = offset();
  Reader inner(RUNE_TRY(take(size)), source_, begin, true);
  inner.setFeatures(features_);
  return inner;
}

Result<std::string> Reader::name() {
  uint64_t begin = offset();
  uint32_t size = RUNE_TRY(u32());
  ByteSpan text = RUNE_TRY(take(size));
  if (size > limits::nameBytes)
    return error("wasm.limit", "name of {} bytes, at most {} are allowed", size,
                 limits::nameBytes)
        .at(place(begin));
  if (!isUtf8(text))
    return error("wasm.malformed", "malformed UTF-8 encoding").at(place(begin));
  return std::string(asText(text));
}

Result<uint32_t> Reader::count(uint32_t limit, std::string_view what) {
  uint64_t begin = offset();
  uint32_t count = RUNE_TRY(u32());
  if (count > remaining())
    return error("wasm.malformed",
                 "length out of bounds: {} {} announced, {} bytes left", count,
                 what, remaining())
        .at(place(begin));
  if (count > limit)
    return error("wasm.limit", "{} {}, at most {} are allowed", count, what,
                 limit)
        .at(place(begin));
  return count;
}

} // namespace rune::wasm
