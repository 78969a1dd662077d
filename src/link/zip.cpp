// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "link/zip.h"

#include "base/files.h"

#include <algorithm>
#include <filesystem>
#include <zlib.h>

namespace rune::link {

namespace fs = std::filesystem;

namespace {

Diagnostic unreadable(const fs::path &path, const std::error_code &why) {
  bool missing = why == std::errc::no_such_file_or_directory;
  return error(missing ? "file.not-found" : "file.unreadable",
               "unable to read `{}`: {}", path.string(), why.message());
}

/// The files in and below a folder, by their paths in it, sorted.
Result<std::vector<std::string>> filesOf(const fs::path &folder) {
  std::vector<std::string> names;
  std::error_code why;
  fs::recursive_directory_iterator at(folder, why), end;
  if (why)
    return unreadable(folder, why);
  for (; at != end; at.increment(why)) {
    std::string name = at->path().lexically_relative(folder).generic_string();
    bool isFolder = at->is_directory(why);
    if (isFolder && !at->is_symlink(why))
      continue;
    if (isFolder || !at->is_regular_file(why))
      return error("link.bad-folder", "`{}` in `{}` is {}, not a file", name,
                   folder.string(),
                   isFolder ? "a link to a folder" : "a device or a dead link");
    if (!isUtf8(asBytes(name)) || name.size() > UINT16_MAX)
      return error("link.bad-folder",
                   "the name of a file in `{}` is not UTF-8, or too long",
                   folder.string());
    names.push_back(std::move(name));
    if (names.size() > maxFolderFiles)
      return error("link.bad-folder", "`{}` has more than {} files",
                   folder.string(), maxFolderFiles);
  }
  if (why)
    return unreadable(folder, why);
  std::ranges::sort(names);
  return names;
}

/// A raw deflate stream, without zlib's own head.
Result<Bytes> deflated(ByteSpan bytes) {
  z_stream stream = {};
  constexpr int rawWindow = -15, memory = 9;
  if (::deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, rawWindow, memory,
                     Z_DEFAULT_STRATEGY) != Z_OK)
    return error("machine.memory", "no memory to deflate {} bytes",
                 bytes.size());
  Bytes out(::deflateBound(&stream, bytes.size()));
  stream.next_in = const_cast<Bytef *>(bytes.data()); // zlib only reads there
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  int code = ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  RUNE_CHECK(code == Z_STREAM_END, "deflateBound promised enough room");
  return out;
}

/// What the local header and the directory both say of an entry.
struct Entry {
  std::string name;
  uint32_t crc = 0;
  uint32_t packedBytes = 0;
  uint32_t bytes = 0;
  uint32_t offset = 0;
};

/// APPNOTE 4.4: version needed 2.0, names in UTF-8, deflate, the earliest date.
void writeFacts(ByteWriter &out, const Entry &entry) {
  constexpr uint16_t version = 20, utf8Names = 1 << 11, deflate = 8;
  constexpr uint16_t midnight = 0, firstOfJanuary1980 = (1 << 5) | 1;
  out.u16(version);
  out.u16(utf8Names);
  out.u16(deflate);
  out.u16(midnight);
  out.u16(firstOfJanuary1980);
  out.u32(entry.crc);
  out.u32(entry.packedBytes);
  out.u32(entry.bytes);
  out.u16(static_cast<uint16_t>(entry.name.size()));
  out.u16(0); // no extra field
}

/// 4.3.7 and 4.3.8: local header and data.
Result<Entry> addFile(ByteWriter &out, std::string name, ByteSpan bytes) {
  Bytes packed = RUNE_TRY(deflated(bytes));
  Entry entry{std::move(name),
              static_cast<uint32_t>(
                  ::crc32(0, bytes.data(), static_cast<uInt>(bytes.size()))),
              static_cast<uint32_t>(packed.size()),
              static_cast<uint32_t>(bytes.size()),
              static_cast<uint32_t>(out.size())};
  if (bytes.empty())
    entry.crc = 0; // crc32 takes a null pointer as a question
  out.u32(0x04034b50);
  writeFacts(out, entry);
  out.raw(asBytes(entry.name));
  out.raw(packed);
  return entry;
}

/// 4.3.12 and 4.3.16: the central directory and its end.
void writeDirectory(ByteWriter &out, const std::vector<Entry> &entries) {
  auto begin = static_cast<uint32_t>(out.size());
  for (const Entry &entry : entries) {
    out.u32(0x02014b50);
    out.u16(20); // made by: version 2.0, no system's attributes
    writeFacts(out, entry);
    out.u16(0); // no comment
    out.u16(0); // disk 0
    out.u16(0); // internal attributes
    out.u32(0); // external attributes
    out.u32(entry.offset);
    out.raw(asBytes(entry.name));
  }
  auto size = static_cast<uint32_t>(out.size()) - begin;
  auto count = static_cast<uint16_t>(entries.size());
  out.u32(0x06054b50);
  out.u16(0);
  out.u16(0);
  out.u16(count);
  out.u16(count);
  out.u32(size);
  out.u32(begin);
  out.u16(0); // no comment
}

} // namespace

Result<Bytes> zipFolder(const std::string &folder, uint64_t maxBytes) {
  RUNE_CHECK(maxBytes < UINT32_MAX / 2, "a zip without 64-bit extensions");
  fs::path root(folder);
  ByteWriter out;
  std::vector<Entry> entries;
  uint64_t left = maxBytes;
  for (std::string &name : RUNE_TRY(filesOf(root))) {
    FileBytes file =
        RUNE_TRY(FileBytes::open((root / name).string(), maxBytes));
    if (file.bytes().size() > left)
      return error("link.bad-folder", "`{}` has more than {} bytes", folder,
                   maxBytes);
    left -= file.bytes().size();
    entries.push_back(RUNE_TRY(addFile(out, std::move(name), file.bytes())));
  }
  writeDirectory(out, entries);
  return out.take();
}

} // namespace rune::link
