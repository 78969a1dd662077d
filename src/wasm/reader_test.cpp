// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LEB128 cases follow core 2.0, section 5.2.2, and its examples.
#include "wasm/reader.h"

#include <gtest/gtest.h>

namespace rune::wasm {
namespace {

using List = std::vector<uint8_t>;

TEST(Reader, ReadsUnsignedNumbers) {
  const std::pair<List, uint32_t> cases[] = {
      {{0x00}, 0},
      {{0x03}, 3},
      {{0x83, 0x00}, 3}, // padded
      {{0x7F}, 127},
      {{0x80, 0x01}, 128},
      {{0xE5, 0x8E, 0x26}, 624485},
      {{0x80, 0x80, 0x80, 0x80, 0x00}, 0},
      {{0xFF, 0xFF, 0xFF, 0xFF, 0x0F}, UINT32_MAX},
  };
  for (const auto &[bytes, value] : cases) {
    Reader reader(bytes);
    EXPECT_EQ(reader.u32().value(), value);
    EXPECT_TRUE(reader.atEnd());
  }
}

TEST(Reader, ReadsSignedNumbers) {
  const std::pair<List, int32_t> narrow[] = {
      {{0x7E}, -2},
      {{0xFE, 0x7F}, -2},
      {{0xFE, 0xFF, 0x7F}, -2},
      {{0x3F}, 63},
      {{0x40}, -64},
      {{0xC0, 0xBB, 0x78}, -123456},
      {{0xFF, 0xFF, 0xFF, 0xFF, 0x07}, INT32_MAX},
      {{0x80, 0x80, 0x80, 0x80, 0x78}, INT32_MIN},
  };
  for (const auto &[bytes, value] : narrow)
    EXPECT_EQ(Reader(bytes).s32().value(), value);
  const std::pair<List, int64_t> wide[] = {
      {{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7F}, INT64_MIN},
      {{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00}, INT64_MAX},
      {{0x7F}, -1},
  };
  for (const auto &[bytes, value] : wide)
    EXPECT_EQ(Reader(bytes).s64().value(), value);
  EXPECT_EQ(Reader(List{0xFF, 0xFF, 0xFF, 0xFF, 0x0F}).s33().value(),
            int64_t{UINT32_MAX});
}

TEST(Reader, RefusesWhatIsNoUnsignedNumber) {
  const std::pair<List, std::string> malformed[] = {
      {{}, "unexpected end"},
      {{0x80}, "unexpected end"},
      {{0x80, 0x80, 0x80, 0x80}, "unexpected end"},
      {{0x80, 0x80, 0x80, 0x80, 0x10}, "integer too large"},
      {{0xFF, 0xFF, 0xFF, 0xFF, 0x7F}, "integer too large"},
      {{0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, "integer representation too long"},
      {{0x80, 0x80, 0x80, 0x80, 0x80}, "integer representation too long"},
  };
  for (const auto &[bytes, why] : malformed)
    EXPECT_EQ(Reader(bytes).u32().error().message, why);
}

TEST(Reader, RefusesWhatIsNoSignedNumber) {
  const std::pair<List, std::string> malformed[] = {
      {{}, "unexpected end"},
      {{0xFF}, "unexpected end"},
      {{0x80, 0x80, 0x80, 0x80, 0x08}, "integer too large"},
      {{0xFF, 0xFF, 0xFF, 0xFF, 0x4F}, "integer too large"},
      {{0x80, 0x80, 0x80, 0x80, 0x70}, "integer too large"},
      {{0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, "integer representation too long"},
  };
  for (const auto &[bytes, why] : malformed)
    EXPECT_EQ(Reader(bytes).s32().error().message, why);
  const List tooLarge = {0x80, 0x80, 0x80, 0x80, 0x80,
                         0x80, 0x80, 0x80, 0x80, 0x01};
  EXPECT_EQ(Reader(tooLarge).s64().error().message, "integer too large");
  const List tooLong = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
                        0x80, 0x80, 0x80, 0x80, 0x00};
  EXPECT_EQ(Reader(tooLong).s64().error().message,
            "integer representation too long");
}

TEST(Reader, ReadsNames) {
  const List bytes = {3, 'a', 0xC3, 0xA9, 9};
  Reader reader(bytes);
  EXPECT_EQ(reader.name().value(), "aé");
  EXPECT_EQ(reader.remaining(), 1u);
}

TEST(Reader, RefusesBadNames) {
  EXPECT_EQ(Reader(List{1, 0xFF}).name().error().message,
            "malformed UTF-8 encoding");
  EXPECT_EQ(Reader(List{3, 0xED, 0xA0, 0x80}).name().error().message,
            "malformed UTF-8 encoding"); // a surrogate
  EXPECT_TRUE(Reader(List{3, 'a'})
                  .name()
                  .error()
                  .message.starts_with("length out of bounds"));
}

TEST(Reader, NamesThePlaceInTheFile) {
  const List bytes = {0x01, 0x80};
  Reader reader(bytes, Source::binary("block.wasm"), 100);
  EXPECT_TRUE(reader.u32().ok());
  Diagnostic why = reader.u32().error();
  EXPECT_EQ(why.where.source->name(), "block.wasm");
  EXPECT_EQ(why.where.span.begin, 102u);
}

TEST(Reader, SaysWhichEndWasMet) {
  const List bytes = {0x80};
  EXPECT_EQ(Reader(bytes, nullptr, 0, true).u32().error().message,
            "unexpected end of section or function");
}

TEST(Reader, CountsElementsAgainstBytesAndLimit) {
  const List bytes = {3, 0, 0, 0};
  EXPECT_EQ(Reader(bytes).count(10, "things").value(), 3u);
  EXPECT_EQ(Reader(bytes).count(2, "things").error().code, "wasm.limit");
  const List shortOnes = {9, 0};
  EXPECT_EQ(Reader(shortOnes).count(10, "things").error().code,
            "wasm.malformed");
}

} // namespace
} // namespace rune::wasm
