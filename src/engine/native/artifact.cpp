// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/native/artifact.h"

#include "engine/native/context.h"
#include "engine/sources.h"

#include <algorithm>

namespace rune::engine::native {

namespace {

constexpr std::string_view magic = "RuneCode";
constexpr uint64_t pageAlignment = 4096;
/// More code than any module within the compiler's limits becomes.
constexpr uint64_t codeMost = uint64_t{1} << 30;
constexpr uint32_t makerMost = 1000;

Diagnostic bad(std::string_view why) {
  return error("engine.bad-code", "no machine code of ours: {}", why);
}

Result<> readOffsets(ByteReader &reader, uint32_t count, uint64_t codeBytes,
                     bool mayBeNowhere, std::vector<uint32_t> &offsets) {
  if (reader.remaining() / sizeof(uint32_t) < count)
    return bad("it ends within its tables");
  offsets.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t offset = RUNE_TRY(reader.u32());
    if (offset >= codeBytes && !(mayBeNowhere && offset == nowhere))
      return bad("an offset leaves the code");
    offsets.push_back(offset);
  }
  return {};
}

Result<> readRanges(ByteReader &reader, uint32_t count,
                    std::vector<CodeRange> &ranges) {
  if (reader.remaining() / sizeof(CodeRange) < count)
    return bad("it ends within its tables");
  ranges.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t begin = RUNE_TRY(reader.u32());
    uint32_t function = RUNE_TRY(reader.u32());
    if (i > 0 && begin <= ranges.back().begin)
      return bad("its ranges do not ascend");
    ranges.push_back({begin, function});
  }
  return {};
}

struct Counts {
  uint32_t functions;
  uint32_t types;
  uint32_t ranges;
  uint64_t codeBytes;
};

Result<Counts> readCounts(ByteReader &reader, Artifact &artifact) {
  Counts counts = {RUNE_TRY(reader.u32()), RUNE_TRY(reader.u32()),
                   RUNE_TRY(reader.u32()), RUNE_TRY(reader.u64())};
  if (counts.codeBytes > codeMost)
    return bad("its code is too big");
  uint32_t makerBytes = RUNE_TRY(reader.u32());
  if (makerBytes > makerMost)
    return bad("its maker has no name");
  artifact.maker = asText(RUNE_TRY(reader.take(makerBytes)));
  return counts;
}

Result<> readKind(ByteReader &reader, Artifact &artifact) {
  ByteSpan start = RUNE_TRY(reader.take(magic.size()));
  if (asText(start) != magic)
    return bad("it does not begin with `RuneCode`");
  uint32_t format = RUNE_TRY(reader.u32());
  if (format != artifactFormat)
    return bad("it is of another format");
  artifact.target.family = static_cast<machine::Family>(RUNE_TRY(reader.u8()));
  artifact.target.level = RUNE_TRY(reader.u8());
  uint8_t bounds = RUNE_TRY(reader.u8());
  uint8_t fuel = RUNE_TRY(reader.u8());
  if (artifact.target.str().empty() || bounds > 1 || fuel > 1)
    return bad("it is for a machine we do not know");
  artifact.bounds = static_cast<Bounds>(bounds);
  artifact.fuel = fuel != 0;
  ByteSpan hash = RUNE_TRY(reader.take(artifact.module.bytes.size()));
  std::copy(hash.begin(), hash.end(), artifact.module.bytes.begin());
  uint32_t value = RUNE_TRY(reader.u32());
  uint32_t helpers = RUNE_TRY(reader.u32());
  if (value != slotBytes || helpers != helperCount)
    return bad("it was made for another engine");
  return {};
}

} // namespace

Bytes writeArtifact(const Artifact &artifact) {
  ByteWriter writer;
  writer.raw(asBytes(magic));
  writer.u32(artifactFormat);
  writer.u8(static_cast<uint8_t>(artifact.target.family));
  writer.u8(artifact.target.level);
  writer.u8(static_cast<uint8_t>(artifact.bounds));
  writer.u8(artifact.fuel);
  writer.raw(artifact.module.bytes);
  writer.u32(slotBytes);
  writer.u32(helperCount);
  writer.u32(static_cast<uint32_t>(artifact.functions.size()));
  writer.u32(static_cast<uint32_t>(artifact.entries.size()));
  writer.u32(static_cast<uint32_t>(artifact.ranges.size()));
  writer.u64(artifact.code.size());
  writer.text(artifact.maker);
  for (uint32_t offset : artifact.functions)
    writer.u32(offset);
  for (uint32_t offset : artifact.entries)
    writer.u32(offset);
  for (const CodeRange &range : artifact.ranges) {
    writer.u32(range.begin);
    writer.u32(range.function);
  }
  writer.zeros(alignTo(writer.size(), pageAlignment) - writer.size());
  writer.raw(artifact.code);
  return writer.take();
}

Result<Artifact> readArtifact(ByteSpan bytes) {
  ByteReader reader(bytes);
  Artifact artifact;
  RUNE_TRY(readKind(reader, artifact));
  Counts counts = RUNE_TRY(readCounts(reader, artifact));
  uint64_t codeBytes = counts.codeBytes;
  RUNE_TRY(readOffsets(reader, counts.functions, codeBytes, false,
                       artifact.functions));
  RUNE_TRY(
      readOffsets(reader, counts.types, codeBytes, true, artifact.entries));
  RUNE_TRY(readRanges(reader, counts.ranges, artifact.ranges));
  uint64_t padding = alignTo(reader.offset(), pageAlignment) - reader.offset();
  RUNE_TRY(reader.take(padding));
  if (reader.remaining() != codeBytes)
    return bad("its code has another size than it says");
  artifact.code = RUNE_TRY(reader.take(codeBytes));
  return artifact;
}

Result<uint64_t> artifactSize(ByteSpan bytes) {
  ByteReader reader(bytes);
  Artifact artifact;
  RUNE_TRY(readKind(reader, artifact));
  Counts counts = RUNE_TRY(readCounts(reader, artifact));
  uint64_t tables =
      sizeof(uint32_t) *
      (uint64_t{counts.functions} + counts.types + 2 * uint64_t{counts.ranges});
  return alignTo(reader.offset() + tables, pageAlignment) + counts.codeBytes;
}

std::string_view engineId() { return "engine-" RUNE_ENGINE_SOURCES; }

bool isForThisEngine(std::string_view maker) {
  return maker.substr(0, maker.find(' ')) == engineId();
}

std::optional<uint32_t> functionAt(const std::vector<CodeRange> &ranges,
                                   uint64_t offset) {
  auto after = std::upper_bound(
      ranges.begin(), ranges.end(), offset,
      [](uint64_t at, const CodeRange &range) { return at < range.begin; });
  if (after == ranges.begin())
    return {};
  uint32_t function = std::prev(after)->function;
  return function == nowhere ? std::nullopt : std::optional(function);
}

} // namespace rune::engine::native
