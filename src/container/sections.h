// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The frame of a `.rune`: a WebAssembly module of custom sections. Each section
// whose name starts with `rune.` has a head of four bytes, its layout version
// and its flags, so that a reader can tell what it may skip.
//
// source  WebAssembly core 2.0, 5.5.2 (sections) and 5.5.3 (custom sections);
//         docs/format.md, "Sections"
#pragma once

#include "base/bytes.h"
#include "container/limits.h"

#include <array>
#include <optional>
#include <vector>

namespace rune::container {

enum class SectionKind : uint8_t {
#define RUNE_SECTION(enumerator, ...) enumerator,
#include "container/sections.def"
#undef RUNE_SECTION
};

struct SectionFacts {
  SectionKind kind;
  std::string_view name;
  uint16_t version;
  uint64_t least;
  uint64_t most;
  uint64_t maxBytes;
};

constexpr SectionFacts sectionFacts[] = {
#define RUNE_SECTION(enumerator, name, version, least, most, bytes)            \
  {SectionKind::enumerator, name, version, least, most, bytes},
#include "container/sections.def"
#undef RUNE_SECTION
};
constexpr size_t sectionKinds = std::size(sectionFacts);

constexpr const SectionFacts &factsOf(SectionKind kind) {
  return sectionFacts[static_cast<size_t>(kind)];
}

constexpr std::array<uint8_t, 8> moduleMagic = {0, 'a', 's', 'm', 1, 0, 0, 0};
constexpr std::string_view ourPrefix = "rune.";
/// A reader that does not know the section must refuse the file.
constexpr uint16_t flagRequired = 1;
constexpr uint64_t sectionHeadBytes = 4;

/// One custom section as it stands in the file.
struct Section {
  std::string_view name;
  /// From the id byte to the end of the body.
  uint64_t begin = 0;
  uint64_t end = 0;
  /// Behind the name and, in a section of ours, behind the head.
  uint64_t body = 0;
  uint16_t version = 0;
  uint16_t flags = 0;

  bool ours() const { return name.starts_with(ourPrefix); }
  bool required() const { return (flags & flagRequired) != 0; }
  /// What it is to this reader; none for a foreign or unknown section.
  std::optional<SectionKind> kind() const;
};

/// Walks the sections of a module.
class SectionScanner {
public:
  /// errors  `container.bad-magic`
  static Result<SectionScanner> start(ByteSpan file, const SourcePtr &source);

  bool atEnd() const { return at_ == file_.size(); }
  /// errors  `container.malformed`: a length that leaves the file or is no
  ///         LEB128, a name that is not UTF-8, a section that is not custom
  Result<Section> next();

private:
  SectionScanner(ByteSpan file, const SourcePtr &source)
      : file_(file), source_(source), at_(moduleMagic.size()) {}

  ByteSpan file_;
  SourcePtr source_;
  uint64_t at_;
};

/// A LEB128 number of at most 32 bits, in at most 5 bytes.
///
/// errors  none: no number where the bytes end or the encoding is too long
std::optional<uint32_t> readLeb(ByteSpan bytes, uint64_t &at);

/// Appends id, length, name and head; the caller appends `bodyBytes` more. The
/// length is always written in five bytes, so that the place of the body does
/// not depend on it.
void beginSection(Bytes &out, SectionKind kind, uint64_t bodyBytes);
/// Bytes that beginSection appends.
uint64_t sectionFrameBytes(SectionKind kind);

} // namespace rune::container
