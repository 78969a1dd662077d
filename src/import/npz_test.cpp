// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Archives that numpy wrote (testdata/make_npz.py), whole and damaged.
#include "import/npz.h"

#include "base/files.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace rune::import {
namespace {

Bytes archive(const std::string &name) {
  auto file =
      FileBytes::open(RUNE_SOURCE_DIR "/src/import/testdata/" + name, 1 << 20);
  EXPECT_TRUE(file);
  return file ? Bytes(file->bytes().begin(), file->bytes().end()) : Bytes();
}

/// Where a record with this signature begins, from the end.
size_t lastRecord(const Bytes &bytes, std::string_view signature) {
  auto found = std::find_end(
      bytes.begin(), bytes.end(), signature.begin(), signature.end(),
      [](uint8_t a, char b) { return a == static_cast<uint8_t>(b); });
  EXPECT_NE(found, bytes.end());
  return static_cast<size_t>(found - bytes.begin());
}

std::string refusal(const Bytes &bytes) {
  auto arrays = parseNpz(bytes);
  return arrays ? "" : arrays.error().code + ": " + arrays.error().message;
}

TEST(Npz, ReadsWhatNumpyWrites) {
  for (const char *name : {"stored.npz", "deflated.npz"}) {
    SCOPED_TRACE(name);
    auto arrays = parseNpz(archive(name));
    ASSERT_TRUE(arrays) << arrays.error().message;
    ASSERT_EQ(arrays->size(), 3u);
    EXPECT_EQ(arrays->at(0).first, "x");
    EXPECT_EQ(arrays->at(0).second.type().str(), "f32[2, 2]");
    EXPECT_EQ(arrays->at(0).second.as<float>()[3], 4);
    EXPECT_EQ(arrays->at(1).first, "y");
    EXPECT_EQ(arrays->at(1).second.as<int64_t>()[0], 7);
    EXPECT_EQ(arrays->at(2).second.type().str(), "u8[1000]");
  }
}

TEST(Npz, RefusesEveryTruncation) {
  for (const char *name : {"stored.npz", "deflated.npz"}) {
    Bytes whole = archive(name);
    for (size_t size = 0; size < whole.size(); ++size)
      EXPECT_FALSE(
          parseNpz(Bytes(whole.begin(), whole.begin() + std::ptrdiff_t(size)))
              .ok())
          << size;
  }
}

TEST(Npz, AFlippedBitGivesArraysOrAMessage) {
  Bytes whole = archive("deflated.npz");
  size_t refused = 0;
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes bytes = whole;
    bytes[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    refused += !parseNpz(bytes).ok();
  }
  // names, times and versions may be any
  EXPECT_GT(refused, whole.size() * 2);
}

TEST(Npz, SaysWhatIsWrong) {
  EXPECT_EQ(refusal({}), "verify.bad-file: 0 bytes, too few for an archive");
  EXPECT_EQ(refusal(Bytes(100)),
            "verify.bad-file: no archive: it has no directory");
  Bytes stored = archive("stored.npz"), deflated = archive("deflated.npz");
  size_t entry = lastRecord(stored, "PK\x01\x02");
  Bytes other = stored;
  other[entry + 10] = 99;
  EXPECT_EQ(refusal(other),
            "verify.bad-file: `zeros.npy`: compression 99, needs 0 or 8");
  other = stored;
  other[entry + 16] ^= 1;
  EXPECT_EQ(refusal(other), "verify.bad-file: `zeros.npy` is damaged: its "
                            "checksum differs");
  other = stored;
  other[entry + 8] |= 1;
  EXPECT_EQ(refusal(other), "verify.bad-file: `zeros.npy` is encrypted");
  // two gigabytes out of a few bytes
  entry = lastRecord(deflated, "PK\x01\x02");
  other = deflated;
  other[entry + 27] = 0x7f;
  EXPECT_NE(refusal(other).find("do not unpack to"), std::string::npos)
      << refusal(other);
}

} // namespace
} // namespace rune::import
