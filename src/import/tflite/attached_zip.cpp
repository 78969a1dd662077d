// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/tflite/attached_zip.h"

#include <algorithm>
#include <zlib.h>

namespace rune::import {
namespace {

constexpr uint32_t endMark = 0x06054b50, entryMark = 0x02014b50,
                   localMark = 0x04034b50;
constexpr size_t endBytes = 22, entryBytes = 46, localBytes = 30;
/// What stands behind the directory may be a comment of so many bytes.
constexpr size_t maxComment = 0xFFFF;
constexpr uint32_t isElsewhere = 0xFFFFFFFF; // in fields of 64 bits
constexpr uint16_t encrypted = 1;

Diagnostic damaged(std::string_view what) {
  return error("import.bad-archive",
               "the archive behind the model is damaged: {}", what);
}

uint16_t u16(ByteSpan bytes, size_t at) {
  return loadUnaligned<uint16_t>(bytes.data() + at);
}
uint32_t u32(ByteSpan bytes, size_t at) {
  return loadUnaligned<uint32_t>(bytes.data() + at);
}

/// Where the end of the directory stands: the last such mark whose comment
/// reaches to the end of the file.
std::optional<size_t> findEnd(ByteSpan file) {
  if (file.size() < endBytes)
    return std::nullopt;
  size_t last = file.size() - endBytes;
  size_t first = last > maxComment ? last - maxComment : 0;
  for (size_t at = last + 1; at-- > first;)
    if (u32(file, at) == endMark &&
        at + endBytes + u16(file, at + 20) == file.size())
      return at;
  return std::nullopt;
}

/// The directory, and what offsets in it count from: the beginning of the file,
/// or of the archive.
struct Directory {
  ByteSpan entries;
  uint64_t base = 0;
  size_t count = 0;
};

Result<Directory> directoryAt(ByteSpan file, size_t end) {
  uint16_t disk = u16(file, end + 4), count = u16(file, end + 10);
  uint32_t bytes = u32(file, end + 12), offset = u32(file, end + 16);
  if (disk != 0 || u16(file, end + 6) != 0 || u16(file, end + 8) != count ||
      bytes == isElsewhere || offset == isElsewhere || count == 0xFFFF)
    return error("import.bad-archive",
                 "the archive behind the model is split, or larger than 4 GB");
  if (count > maxZipMembers)
    return error("import.bad-archive",
                 "the archive behind the model has {} members, at most {} are "
                 "allowed",
                 count, maxZipMembers);
  if (bytes > end || offset > end - bytes)
    return damaged("its directory lies outside of the file");
  size_t start = end - bytes;
  return Directory{file.subspan(start, bytes), start - offset, count};
}

/// One entry of the directory; it moves behind it.
Result<ZipMember> entryAt(const Directory &directory, size_t &at) {
  ByteSpan bytes = directory.entries;
  if (bytes.size() - at < entryBytes || u32(bytes, at) != entryMark)
    return damaged("an entry of its directory is cut short");
  size_t name = u16(bytes, at + 28);
  size_t whole = entryBytes + name + u16(bytes, at + 30) + u16(bytes, at + 32);
  if (bytes.size() - at < whole)
    return damaged("an entry of its directory is cut short");
  ZipMember member;
  member.name = std::string(asText(bytes.subspan(at + entryBytes, name)));
  member.method = u16(bytes, at + 10);
  member.crc = u32(bytes, at + 16);
  member.packedBytes = u32(bytes, at + 20);
  member.bytes = u32(bytes, at + 24);
  member.header = directory.base + u32(bytes, at + 42);
  bool isWide = member.packedBytes == isElsewhere ||
                member.bytes == isElsewhere ||
                u32(bytes, at + 42) == isElsewhere;
  if (isWide || (u16(bytes, at + 8) & encrypted) != 0)
    return error("import.bad-archive",
                 "a member of the archive behind the model is encrypted, or "
                 "larger than 4 GB");
  if (name == 0 || name > maxZipNameBytes || !isUtf8(asBytes(member.name)))
    return damaged("the name of a member is no UTF-8, or too long");
  at += whole;
  return member;
}

/// The packed bytes behind the member's own header.
Result<ByteSpan> packedOf(ByteSpan file, const ZipMember &member) {
  if (member.header > file.size() || file.size() - member.header < localBytes ||
      u32(file, member.header) != localMark)
    return damaged("a member lies outside of the file");
  uint64_t start = member.header + localBytes + u16(file, member.header + 26) +
                   u16(file, member.header + 28);
  if (start > file.size() || file.size() - start < member.packedBytes)
    return damaged("a member lies outside of the file");
  return file.subspan(start, member.packedBytes);
}

/// Raw deflate data of a size that is stated.
///
/// source  RFC 1951
Result<std::string> inflated(ByteSpan packed, uint64_t bytes) {
  std::string out(bytes, '\0');
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return damaged("unable to unpack");
  stream.next_in = const_cast<Bytef *>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef *>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  int outcome = inflate(&stream, Z_FINISH);
  bool whole = outcome == Z_STREAM_END && stream.total_out == bytes;
  inflateEnd(&stream);
  if (!whole)
    return damaged("a member has not the size that its directory states");
  return out;
}

} // namespace

Result<std::vector<ZipMember>> zipMembersIn(ByteSpan file) {
  std::vector<ZipMember> members;
  auto end = findEnd(file);
  if (!end)
    return members;
  Directory directory = RUNE_TRY(directoryAt(file, *end));
  size_t at = 0;
  for (size_t i = 0; i < directory.count; ++i)
    members.push_back(RUNE_TRY(entryAt(directory, at)));
  return members;
}

Result<std::string> contentsOf(ByteSpan file, const ZipMember &member) {
  constexpr uint16_t stored = 0, deflated = 8;
  if (member.bytes > maxZipMemberBytes)
    return error("import.bad-archive",
                 "`{}` behind the model has {} bytes, at most {} are allowed",
                 member.name, member.bytes, maxZipMemberBytes);
  ByteSpan packed = RUNE_TRY(packedOf(file, member));
  std::string text;
  if (member.method == stored && packed.size() == member.bytes)
    text = std::string(asText(packed));
  else if (member.method == deflated && packed.size() <= maxZipMemberBytes)
    text = RUNE_TRY(inflated(packed, member.bytes));
  else
    return error("import.bad-archive",
                 "`{}` behind the model is packed in a way that is not known "
                 "(method {}, {} bytes for {})",
                 member.name, member.method, packed.size(), member.bytes);
  uLong crc = crc32(0, reinterpret_cast<const Bytef *>(text.data()),
                    static_cast<uInt>(text.size()));
  if (crc != member.crc)
    return damaged("a member has another checksum than its directory states");
  return text;
}

} // namespace rune::import
