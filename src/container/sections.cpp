// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "container/sections.h"

#include "container/problem.h"

#include <algorithm>

namespace rune::container {

namespace {

constexpr uint8_t customId = 0;
constexpr uint64_t lebBytes = 5;

/// source  WebAssembly core 2.0, 5.5.2
constexpr std::string_view standardNames[] = {
    "custom", "type",  "import",  "function", "table", "memory",     "global",
    "export", "start", "element", "code",     "data",  "data count", "tag"};

Diagnostic notCustom(const SourcePtr &source, uint64_t at, uint8_t id) {
  std::string_view what =
      id < std::size(standardNames) ? standardNames[id] : "unknown";
  return problem("container.malformed", source, at,
                 "{} section (id {}) at offset {}: a rune of format 1 has "
                 "custom sections only",
                 what, id, at);
}

} // namespace

std::optional<SectionKind> Section::kind() const {
  for (const SectionFacts &facts : sectionFacts)
    if (facts.name == name && facts.version == version)
      return facts.kind;
  return std::nullopt;
}

std::optional<uint32_t> readLeb(ByteSpan bytes, uint64_t &at) {
  uint64_t value = 0;
  for (uint64_t i = 0; i < lebBytes && at + i < bytes.size(); ++i) {
    uint8_t byte = bytes[at + i];
    value |= uint64_t{byte & 0x7Fu} << (7 * i);
    if (byte & 0x80)
      continue;
    if (value > UINT32_MAX)
      return std::nullopt;
    at += i + 1;
    return static_cast<uint32_t>(value);
  }
  return std::nullopt;
}

Result<SectionScanner> SectionScanner::start(ByteSpan file,
                                             const SourcePtr &source) {
  constexpr std::string_view magic("\0asm", 4);
  if (file.size() < moduleMagic.size() || asText(file.first(4)) != magic)
    return problem("container.bad-magic", source, 0,
                   "not a WebAssembly module: it should start with "
                   "`\\0asm` and version 1");
  if (!std::ranges::equal(file.first(moduleMagic.size()), moduleMagic))
    return problem("container.bad-magic", source, 4,
                   "a WebAssembly binary of version {:#x}, a rune is a core "
                   "module of version 1",
                   loadUnaligned<uint32_t>(file.data() + 4));
  return SectionScanner(file, source);
}

Result<Section> SectionScanner::next() {
  Section section;
  section.begin = at_;
  auto malformed = [&](std::string_view why) {
    return problem("container.malformed", source_, section.begin,
                   "section at offset {}: {}", section.begin, why);
  };
  if (uint8_t id = file_[at_]; id != customId)
    return notCustom(source_, at_, id);
  uint64_t at = at_ + 1;
  auto size = readLeb(file_, at);
  if (!size)
    return malformed("its length is no LEB128 number of 32 bits");
  if (*size > file_.size() - at)
    return malformed(fmt::format("{} bytes long, but the file has only {} more",
                                 *size, file_.size() - at));
  section.end = at + *size;
  auto nameBytes = readLeb(file_.first(section.end), at);
  if (!nameBytes || *nameBytes > section.end - at)
    return malformed("its name leaves the section");
  ByteSpan name = file_.subspan(at, *nameBytes);
  if (!isUtf8(name))
    return malformed("its name is not UTF-8");
  section.name = asText(name);
  section.body = at + *nameBytes;
  if (section.ours()) {
    if (section.end - section.body < sectionHeadBytes)
      return malformed("no room for version and flags");
    section.version = loadUnaligned<uint16_t>(&file_[section.body]);
    section.flags = loadUnaligned<uint16_t>(&file_[section.body + 2]);
    section.body += sectionHeadBytes;
  }
  at_ = section.end;
  return section;
}

uint64_t sectionFrameBytes(SectionKind kind) {
  return 1 + lebBytes + 1 + factsOf(kind).name.size() + sectionHeadBytes;
}

void beginSection(Bytes &out, SectionKind kind, uint64_t bodyBytes) {
  const SectionFacts &facts = factsOf(kind);
  static_assert(std::ranges::all_of(
      sectionFacts, [](auto &each) { return each.name.size() < 0x80; }));
  uint64_t size = 1 + facts.name.size() + sectionHeadBytes + bodyBytes;
  RUNE_CHECK(size <= UINT32_MAX, "a section longer than its length field");
  ByteWriter frame;
  frame.u8(customId);
  for (uint64_t i = 0; i < lebBytes; ++i)
    frame.u8(static_cast<uint8_t>(((size >> (7 * i)) & 0x7F) |
                                  (i + 1 < lebBytes ? 0x80 : 0)));
  frame.u8(static_cast<uint8_t>(facts.name.size()));
  frame.raw(asBytes(facts.name));
  frame.u16(facts.version);
  frame.u16(flagRequired);
  out.insert(out.end(), frame.bytes().begin(), frame.bytes().end());
}

} // namespace rune::container
