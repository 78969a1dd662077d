// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "container/read.h"
#include "container/same_values.h"
#include "container/sample_rune.h"
#include "container/write.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace rune::container {

namespace {

class Open : public testing::Test {
protected:
  Open() {
    auto name = testing::UnitTest::GetInstance()->current_test_info()->name();
    path_ = testing::TempDir() + "rune_open_" + name;
  }
  ~Open() override { std::filesystem::remove(path_); }

  void put(ByteSpan bytes) { ASSERT_TRUE(writeFileAtomically(path_, bytes)); }
  void growTo(uint64_t size) { std::filesystem::resize_file(path_, size); }
  std::string code(uint64_t maxBytes = maxFileBytes) {
    auto rune = open(path_, {}, maxBytes);
    return rune ? "ok" : rune.error().code;
  }

  std::string path_;
};

/// Pages of this process that came from files, so far.
uint64_t residentFilePages() {
  std::ifstream in("/proc/self/statm");
  uint64_t size = 0, resident = 0, shared = 0;
  in >> size >> resident >> shared;
  return shared;
}

} // namespace

TEST_F(Open, GivesARuneThatOutlivesItsSource) {
  OwnedRune sample = sampleRune();
  put(*write(sample.file));
  auto rune = open(path_);
  ASSERT_TRUE(rune.ok()) << renderText(rune.error());
  OpenRune moved = std::move(*rune);
  std::filesystem::remove(path_);
  EXPECT_TRUE(sameValues(moved.file, sample.file));
}

TEST_F(Open, MapsALargeRuneWithoutTouchingItsWeights) {
  OwnedRune sample = sampleRune();
  constexpr uint64_t weightBytes = 64 << 20;
  ByteSpan data = sample.keep(Bytes(weightBytes, 3));
  sample.file.models[0].weights.push_back({sha256(data), data});
  put(*write(sample.file));
  uint64_t before = residentFilePages();
  auto rune = open(path_, {.verifyWeights = false});
  ASSERT_TRUE(rune.ok()) << renderText(rune.error());
  EXPECT_LT(residentFilePages() - before, weightBytes / 4096 / 4);
  auto at =
      reinterpret_cast<uintptr_t>(rune->file.models[0].weights[2].data.data());
  EXPECT_EQ(at % 64, 0u);
}

TEST_F(Open, RefusesAHugeFileByItsSize) {
  put(*write(sampleRune().file));
  growTo(uint64_t{2} << 30);
  EXPECT_EQ(code(uint64_t{1} << 30), "file.too-big");
}

TEST_F(Open, RefusesAHugeEmptyFileByItsFirstBytes) {
  put({});
  growTo(uint64_t{2} << 30);
  uint64_t before = residentFilePages();
  EXPECT_EQ(code(), "container.bad-magic");
  EXPECT_LT(residentFilePages() - before, 4096u);
}

/// 2 GB of zeros behind a whole rune: two million empty sections would follow,
/// but the first of them has no name.
TEST_F(Open, RefusesARuneWithAHugeTail) {
  put(*write(sampleRune().file));
  growTo(uint64_t{2} << 30);
  uint64_t before = residentFilePages();
  EXPECT_EQ(code(), "container.malformed");
  EXPECT_LT(residentFilePages() - before, 4096u);
}

/// One optional section that claims all of 2 GB.
TEST_F(Open, RefusesAHugeSectionByItsLength) {
  Bytes bytes = *write(sampleRune().file);
  const Bytes section = {0,   0x80, 0x80, 0x80, 0x80, 0x07, 6, 'r', 'u',
                         'n', 'e',  '.',  'x',  1,    0,    0, 0};
  Bytes head(bytes.begin(), bytes.begin() + 8 + 6 + 12 + 4 + 8 + 4 + 10);
  head.insert(head.end(), section.begin(), section.end());
  put(head);
  growTo(uint64_t{1} << 30);
  uint64_t before = residentFilePages();
  EXPECT_EQ(code(), "container.malformed"); // it leaves the file
  growTo(uint64_t{2} << 30);
  EXPECT_EQ(code(), "container.limit");
  EXPECT_LT(residentFilePages() - before, 4096u);
}

TEST_F(Open, SaysThatThereIsNoFile) { EXPECT_EQ(code(), "file.not-found"); }

} // namespace rune::container
