// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bytes, their hash, and the files they come from.
#include "base/files.h"
#include "base/hash.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <sys/stat.h>

namespace rune {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
protected:
  void SetUp() override {
    std::string path = (fs::temp_directory_path() / "rune-XXXXXX").string();
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    folder = path;
  }
  void TearDown() override { fs::remove_all(folder); }
  std::string in(const char *name) const { return (folder / name).string(); }
  size_t count() const {
    return std::distance(fs::directory_iterator(folder),
                         fs::directory_iterator());
  }
  fs::path folder;
};

TEST_F(Files, WhatIsWrittenIsReadSmallAndMapped) {
  for (size_t size : {size_t{0}, size_t{5}, size_t{3} << 20}) {
    Bytes bytes(size, 0x5A);
    ASSERT_TRUE(writeFileAtomically(in("f"), bytes).ok());
    auto file = FileBytes::open(in("f"), uint64_t{4} << 20);
    ASSERT_TRUE(file.ok());
    FileBytes moved = std::move(*file);
    EXPECT_TRUE(std::ranges::equal(moved.bytes(), bytes));
  }
  EXPECT_EQ(count(), 1u) << "temporaries are left";
}

TEST_F(Files, AFailedWriteLeavesTheOldFileAndNothingElse) {
  fs::create_directory(folder / "taken");
  EXPECT_EQ(writeFileAtomically(in("taken"), asBytes("x")).error().code,
            "file.unwritable");
  EXPECT_EQ(writeFileAtomically(in("no/such"), asBytes("x")).error().code,
            "file.unwritable");
  EXPECT_EQ(count(), 1u);
}

TEST_F(Files, NewFilesHaveTheUsualMode) {
  mode_t mask = ::umask(022);
  ASSERT_TRUE(writeFileAtomically(in("f"), asBytes("x")).ok());
  ::umask(mask);
  EXPECT_EQ(fs::status(in("f")).permissions(), fs::perms(0644));
}

TEST_F(Files, EachRefusalHasItsCode) {
  ASSERT_TRUE(writeFileAtomically(in("f"), asBytes("12345")).ok());
  EXPECT_EQ(FileBytes::open(in("none"), 9).error().code, "file.not-found");
  EXPECT_EQ(FileBytes::open(folder.string(), 9).error().code,
            "file.not-regular");
  EXPECT_EQ(FileBytes::open("/dev/null", 9).error().code, "file.not-regular");
  EXPECT_EQ(FileBytes::open(in("f"), 4).error().code, "file.too-big");
  EXPECT_TRUE(FileBytes::open(in("f"), 5).ok());
  EXPECT_EQ(FileBytes::open(in("f") + "/x", 5).error().code, "file.unreadable");
}

TEST_F(Files, ASparseFileOfTwoGigabytesIsRefusedUnread) {
  ASSERT_TRUE(writeFileAtomically(in("f"), {}).ok());
  fs::resize_file(in("f"), uintmax_t{2} << 30);
  EXPECT_EQ(FileBytes::open(in("f"), 1 << 20).error().code, "file.too-big");
}

// FIPS 180-4 and its example values (NIST, SHA256.pdf and "one million a").
TEST(Sha256, GivesThePublishedDigests) {
  auto hex = [](std::string_view text) { return sha256(asBytes(text)).hex(); };
  EXPECT_EQ(hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b"
                     "7852b855");
  EXPECT_EQ(hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff"
                        "61f20015ad");
  EXPECT_EQ(hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Bytes, AReaderNeverLeavesItsBytesAndStandsStillAfterAnError) {
  ByteWriter writer;
  writer.u8(1);
  writer.u16(0x0302);
  writer.u32(0x07060504);
  writer.u64(8);
  writer.text("zwölf");
  Bytes bytes = writer.take();
  for (size_t size = 0; size <= bytes.size(); ++size) {
    ByteReader reader(ByteSpan(bytes).first(size), 100);
    bool all = reader.u8().ok() && reader.u16().ok() && reader.u32().ok() &&
               reader.u64().ok() && reader.text().ok();
    EXPECT_EQ(all, size == bytes.size());
    EXPECT_LE(reader.offset(), 100 + size);
    uint64_t before = reader.offset();
    EXPECT_EQ(reader.take(UINT64_MAX).error().code, "bytes.unexpected-end");
    EXPECT_EQ(reader.offset(), before);
  }
}

TEST(Bytes, TextThatIsNotUtf8IsRefused) {
  Bytes bytes = {2, 0, 0, 0, 0xC3, 0x28};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.text().error().code, "bytes.not-utf8");
  EXPECT_EQ(reader.offset(), 0u);
}

// Unicode 15, table 3-7: the edges of each row.
TEST(Bytes, Utf8IsWhatUnicodeSays) {
  for (const char *good :
       {"", "a", "\x7f", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
        "\xEE\x80\x80", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(isUtf8(asBytes(good))) << good;
  for (const char *bad :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xC2", "\xE0\x9F\xBF", "\xED\xA0\x80",
        "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82",
        "\xC2\x41", "\xFF"})
    EXPECT_FALSE(isUtf8(asBytes(bad)));
}

} // namespace
} // namespace rune
