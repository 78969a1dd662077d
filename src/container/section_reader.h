// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the body of one section; every error names the section and the offset
// in the file.
#pragma once

#include "base/hash.h"
#include "container/problem.h"
#include "container/sections.h"

#include <algorithm>
#include <string>

namespace rune::container {

class SectionReader {
public:
  SectionReader(ByteSpan body, uint64_t offset, std::string_view section,
                const SourcePtr &source)
      : in_(body, offset), section_(section), source_(source) {}

  /// errors of all: `container.malformed`
  Result<uint8_t> u8() { return placed(in_.u8()); }
  Result<uint32_t> u32() { return placed(in_.u32()); }
  Result<uint64_t> u64() { return placed(in_.u64()); }
  Result<std::string> text() {
    return std::string(RUNE_TRY(placed(in_.text())));
  }
  Result<Sha256> hash() {
    Sha256 value;
    std::ranges::copy(RUNE_TRY(placed(in_.take(value.bytes.size()))),
                      value.bytes.begin());
    return value;
  }
  /// A number of items, each of which takes at least `leastBytes`: more than
  /// the rest of the section can hold is refused before anything is allocated.
  Result<uint32_t> count(uint64_t leastBytes, std::string_view what) {
    uint64_t start = offset();
    uint32_t stated = RUNE_TRY(u32());
    if (stated > in_.remaining() / leastBytes)
      return malformed(start, "{} {} do not fit the {} bytes that follow",
                       stated, what, in_.remaining());
    return stated;
  }
  /// The bytes up to the end of the section.
  ByteSpan rest() { return *in_.take(in_.remaining()); }
  Result<> end() const {
    if (in_.atEnd())
      return {};
    return malformed(offset(), "{} bytes too many", in_.remaining());
  }

  uint64_t offset() const { return in_.offset(); }

  template <class... Args>
  Diagnostic malformed(uint64_t offset, fmt::format_string<Args...> text,
                       Args &&...args) const {
    return problem("container.malformed", source_, offset,
                   "section `{}`, offset {}: {}", section_, offset,
                   fmt::format(text, std::forward<Args>(args)...));
  }

private:
  template <class T> Result<T> placed(Result<T> result) const {
    if (result.ok())
      return result;
    return problem("container.malformed", source_, in_.offset(),
                   "section `{}`: {}", section_, result.error().message);
  }

  ByteReader in_;
  std::string_view section_;
  SourcePtr source_;
};

inline SectionReader readerOf(const Section &section, ByteSpan file,
                              const SourcePtr &source) {
  return {file.subspan(section.body, section.end - section.body), section.body,
          section.name, source};
}

} // namespace rune::container
