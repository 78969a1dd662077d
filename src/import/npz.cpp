// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Read from the directory at the end: it has all sizes, also where a writer did
// not know them yet when an entry began. A file may state any size, so what an
// entry unpacks to is bounded by what its bytes can give.
#include "import/npz.h"

#include "import/npy.h"

#include <zlib.h>

#include <algorithm>
#include <optional>

namespace rune::import {
namespace {

constexpr size_t mostEntries = 4096;
constexpr uint64_t mostBytes = uint64_t{2} << 30;
/// No stream of deflate gives more bytes for one of its own.
constexpr uint64_t mostPerByte = 1032;

template <class... Args>
Diagnostic bad(fmt::format_string<Args...> text, Args &&...args) {
  return error("verify.bad-file", text, std::forward<Args>(args)...);
}

/// Numbers of a record, of which all bytes are there.
struct Record {
  ByteSpan bytes;
  uint64_t u16(size_t at) const {
    return loadUnaligned<uint16_t>(bytes.data() + at);
  }
  uint64_t u32(size_t at) const {
    return loadUnaligned<uint32_t>(bytes.data() + at);
  }
  uint64_t u64(size_t at) const {
    return loadUnaligned<uint64_t>(bytes.data() + at);
  }
};

Result<Record> recordAt(ByteSpan file, uint64_t at, size_t size,
                        uint32_t magic) {
  if (at > file.size() || file.size() - at < size)
    return bad("an archive that ends within a record at {}", at);
  Record record{file.subspan(at, size)};
  if (magic != 0 && record.u32(0) != magic)
    return bad("an archive without the record it needs at {}", at);
  return record;
}

struct Directory {
  uint64_t entries = 0, at = 0;
};

/// The record at the end, before a comment of up to 2^16 bytes.
Result<Directory> directoryOf(ByteSpan file) {
  constexpr size_t size = 22;
  constexpr uint32_t magic = 0x06054b50;
  if (file.size() < size)
    return bad("{} bytes, too few for an archive", file.size());
  size_t least = file.size() - std::min<size_t>(file.size(), size + UINT16_MAX);
  for (size_t at = file.size() - size + 1; at-- > least;)
    if (loadUnaligned<uint32_t>(file.data() + at) == magic) {
      Record end{file.subspan(at, size)};
      if (end.u16(4) != 0 || end.u16(6) != 0 || end.u16(8) != end.u16(10))
        return bad("an archive in several parts");
      if (end.u32(16) != UINT32_MAX && end.u16(10) != UINT16_MAX)
        return Directory{end.u16(10), end.u32(16)};
      // the numbers did not fit: 64-bit ones stand before
      if (at < 20)
        return bad("an archive without its 64-bit directory");
      Record locator = RUNE_TRY(recordAt(file, at - 20, 20, 0x07064b50));
      Record wide = RUNE_TRY(recordAt(file, locator.u64(8), 56, 0x06064b50));
      return Directory{wide.u64(32), wide.u64(48)};
    }
  return bad("no archive: it has no directory");
}

struct Entry {
  std::string name;
  uint64_t method = 0, packed = 0, size = 0, at = 0, crc = 0;
};

/// 64-bit sizes in the extra field, for those that do not fit 32 bits.
Result<> widen(Entry &entry, ByteSpan extra) {
  while (extra.size() >= 4) {
    Record head{extra};
    size_t length = head.u16(2);
    if (extra.size() - 4 < length)
      return bad("`{}`: a damaged extra field", entry.name);
    ByteSpan data = extra.subspan(4, length);
    extra = extra.subspan(4 + length);
    if (head.u16(0) != 1)
      continue;
    for (uint64_t *number : {&entry.size, &entry.packed, &entry.at}) {
      if (*number != UINT32_MAX)
        continue;
      if (data.size() < 8)
        return bad("`{}`: sizes are missing", entry.name);
      *number = Record{data}.u64(0);
      data = data.subspan(8);
    }
  }
  return {};
}

/// One entry of the directory; `at` moves behind it.
Result<Entry> readEntry(ByteSpan file, uint64_t &at) {
  Record head = RUNE_TRY(recordAt(file, at, 46, 0x02014b50));
  size_t name = head.u16(28), extra = head.u16(30), comment = head.u16(32);
  ByteSpan rest = file.subspan(at + 46);
  if (rest.size() < name + extra + comment)
    return bad("an archive that ends within its directory");
  Entry entry{std::string(asText(rest.subspan(0, name))),
              head.u16(10),
              head.u32(20),
              head.u32(24),
              head.u32(42),
              head.u32(16)};
  if (head.u16(8) & 1)
    return bad("`{}` is encrypted", entry.name);
  RUNE_TRY(widen(entry, rest.subspan(name, extra)));
  at += 46 + name + extra + comment;
  return entry;
}

Result<ByteSpan> packedBytes(ByteSpan file, const Entry &entry) {
  Record head = RUNE_TRY(recordAt(file, entry.at, 30, 0x04034b50));
  uint64_t begin = entry.at + 30 + head.u16(26) + head.u16(28);
  if (begin > file.size() || file.size() - begin < entry.packed)
    return bad("`{}` reaches beyond the end of the file", entry.name);
  return file.subspan(begin, entry.packed);
}

Result<Bytes> inflated(ByteSpan packed, const Entry &entry) {
  if (entry.size > mostBytes || entry.size / mostPerByte > packed.size())
    return bad("`{}`: {} bytes do not unpack to {}", entry.name, packed.size(),
               entry.size);
  Bytes bytes(entry.size);
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return bad("`{}`: no memory to unpack it", entry.name);
  stream.next_in = const_cast<Bytef *>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = bytes.data();
  stream.avail_out = static_cast<uInt>(bytes.size());
  // an empty output has no address
  Bytef none = 0;
  if (bytes.empty())
    stream.next_out = &none;
  int end = inflate(&stream, Z_FINISH);
  bool whole = end == Z_STREAM_END && stream.avail_out == 0;
  inflateEnd(&stream);
  if (!whole)
    return bad("`{}` does not unpack to {} bytes", entry.name, entry.size);
  return bytes;
}

Result<Tensor> readArray(ByteSpan file, const Entry &entry) {
  ByteSpan packed = RUNE_TRY(packedBytes(file, entry));
  if (packed.size() > mostBytes)
    return bad("`{}` has more than {} bytes", entry.name, mostBytes);
  Bytes own;
  ByteSpan bytes = packed;
  if (entry.method == 8) {
    own = RUNE_TRY(inflated(packed, entry));
    bytes = own;
  } else if (entry.method != 0) {
    return bad("`{}`: compression {}, needs 0 or 8", entry.name, entry.method);
  } else if (entry.size != entry.packed) {
    return bad("`{}` is stored in {} bytes, has {}", entry.name, entry.packed,
               entry.size);
  }
  if (crc32_z(0, bytes.data(), bytes.size()) != entry.crc)
    return bad("`{}` is damaged: its checksum differs", entry.name);
  auto tensor = parseNpy(bytes);
  if (!tensor)
    return bad("`{}`: {}", entry.name, tensor.error().message);
  return tensor;
}

} // namespace

Result<std::vector<std::pair<std::string, Tensor>>> parseNpz(ByteSpan file) {
  Directory directory = RUNE_TRY(directoryOf(file));
  if (directory.entries > mostEntries)
    return bad("{} arrays, at most {}", directory.entries, mostEntries);
  std::vector<std::pair<std::string, Tensor>> arrays;
  uint64_t total = 0;
  for (uint64_t i = 0; i < directory.entries; ++i) {
    Entry entry = RUNE_TRY(readEntry(file, directory.at));
    if (!entry.name.ends_with(".npy"))
      return bad("`{}` is no .npy", entry.name);
    // entries may share their bytes: all of them together are bounded too
    if (entry.size > mostBytes || (total += entry.size) > mostBytes)
      return bad("more than {} bytes", mostBytes);
    Tensor tensor = RUNE_TRY(readArray(file, entry));
    arrays.emplace_back(entry.name.substr(0, entry.name.size() - 4),
                        std::move(tensor));
  }
  return arrays;
}

} // namespace rune::import
