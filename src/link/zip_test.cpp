// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Python's zipfile is the judge of the archive, where there is one; zlib's own
// inflate and the numbers of the format are always.
#include "link/zip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <zlib.h>

namespace rune::link {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Zip : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern =
        (fs::temp_directory_path() / "rune-zip-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const fs::path &name, const std::string &text) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }

  Bytes zipped() {
    auto bytes = zipFolder(folder_.string(), 1 << 20);
    EXPECT_TRUE(bytes) << renderText(bytes.error());
    return bytes ? std::move(*bytes) : Bytes();
  }

  /// The entry at `at`, which moves behind it: name and contents.
  static std::pair<std::string, std::string> entryAt(const Bytes &zip,
                                                     size_t &at) {
    auto u32 = [&](size_t offset) {
      return loadUnaligned<uint32_t>(zip.data() + at + offset);
    };
    EXPECT_EQ(u32(0), 0x04034b50u);
    auto length = loadUnaligned<uint16_t>(zip.data() + at + 26);
    uint32_t packed = u32(18);
    std::string name(reinterpret_cast<const char *>(zip.data() + at + 30),
                     length);
    std::string text(u32(22) + 1, '\0');
    z_stream stream = {};
    EXPECT_EQ(::inflateInit2(&stream, -15), Z_OK);
    stream.next_in = const_cast<Bytef *>(zip.data() + at + 30 + length);
    stream.avail_in = packed;
    stream.next_out = reinterpret_cast<Bytef *>(text.data());
    stream.avail_out = static_cast<uInt>(text.size());
    EXPECT_EQ(::inflate(&stream, Z_FINISH), Z_STREAM_END) << name;
    text.resize(stream.total_out);
    ::inflateEnd(&stream);
    EXPECT_EQ(text.size(), u32(22));
    EXPECT_EQ(::crc32(0, reinterpret_cast<const Bytef *>(text.data()),
                      static_cast<uInt>(text.size())),
              u32(14));
    at += 30 + length + packed;
    return {name, text};
  }

  fs::path folder_;
};

TEST_F(Zip, HoldsEveryFileByNameInOrder) {
  std::string long_text(100'000, 'x');
  write("model.json", "{}");
  write("empty", "");
  write("a/shard 2.bin", long_text);
  write("a/b/shard 1.bin", std::string("\0\1\2", 3));
  Bytes zip = zipped();
  size_t at = 0;
  using Pair = std::pair<std::string, std::string>;
  EXPECT_EQ(entryAt(zip, at),
            Pair("a/b/shard 1.bin", std::string("\0\1\2", 3)));
  EXPECT_EQ(entryAt(zip, at), Pair("a/shard 2.bin", long_text));
  EXPECT_EQ(entryAt(zip, at), Pair("empty", ""));
  EXPECT_EQ(entryAt(zip, at), Pair("model.json", "{}"));
  EXPECT_EQ(loadUnaligned<uint32_t>(zip.data() + at), 0x02014b50u);
  EXPECT_LT(zip.size(), 1000u) << "100000 equal letters were not deflated";
}

TEST_F(Zip, EqualFoldersGiveEqualBytes) {
  write("b", "2");
  write("a", "1");
  Bytes first = zipped();
  fs::last_write_time(folder_ / "a", fs::file_time_type::clock::now() -
                                         std::chrono::hours(1000));
  fs::permissions(folder_ / "b", fs::perms::owner_all);
  EXPECT_EQ(first, zipped());
}

TEST_F(Zip, IsReadByPython) {
  if (std::system("python3 -c 'import zipfile' 2>/dev/null") != 0)
    GTEST_SKIP() << "no python3 here to judge the archive";
  write("a/\xC3\xA4.txt", "first");
  write("b", std::string(5000, 'b') + "end");
  std::string path = folder_.string() + ".zip";
  Bytes zip = zipped();
  std::ofstream(path, std::ios::binary) << std::string_view(
      reinterpret_cast<const char *>(zip.data()), zip.size());
  std::string check = "python3 -c \"import sys, zipfile\n"
                      "z = zipfile.ZipFile(sys.argv[1])\n"
                      "assert z.testzip() is None\n"
                      "assert z.namelist() == ['a/\xC3\xA4.txt', 'b']\n"
                      "assert z.read('b') == b'b' * 5000 + b'end'\n"
                      "assert z.read('a/\xC3\xA4.txt') == b'first'\n\" " +
                      path;
  EXPECT_EQ(std::system(check.c_str()), 0);
  fs::remove(path);
}

TEST_F(Zip, RefusesWhatItCannotHold) {
  write("big", std::string(3000, 'x'));
  EXPECT_THAT(zipFolder(folder_.string(), 2999).error().code, "file.too-big");
  write("big2", "x");
  EXPECT_THAT(zipFolder(folder_.string(), 3000).error().message,
              HasSubstr("more than 3000 bytes"));
  fs::create_directory_symlink(".", folder_ / "loop");
  EXPECT_THAT(zipFolder(folder_.string(), 1 << 20).error().message,
              HasSubstr("a link to a folder"));
  fs::remove(folder_ / "loop");
  fs::create_symlink("nowhere", folder_ / "dead");
  EXPECT_EQ(zipFolder(folder_.string(), 1 << 20).error().code,
            "link.bad-folder");
  EXPECT_EQ(zipFolder((folder_ / "none").string(), 1 << 20).error().code,
            "file.not-found");
}

} // namespace
} // namespace rune::link
