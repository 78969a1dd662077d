// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// DECODE against codes written by hand from the reference's description.
#include "import/tflite/test_tflite_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rune::import::testing {
namespace {

using ::testing::HasSubstr;
using Numbers = std::vector<double>;

/// Kind, two versions and parameters, then the table.
Numbers explained(uint8_t kind, uint8_t parameters, uint8_t stride,
                  const Numbers &table) {
  Numbers bytes = {double(kind),
                   1,
                   0,
                   0,
                   1,
                   double(parameters),
                   double(stride),
                   0,
                   0,
                   0,
                   0,
                   0,
                   0,
                   0,
                   0,
                   0};
  bytes.insert(bytes.end(), table.begin(), table.end());
  return bytes;
}

TfliteTestModel packed(const Numbers &codes, const Numbers &ancillary,
                       const std::string &type,
                       TestQuantization quantization = {}) {
  TfliteTestModel model;
  int32_t a =
      model.tensor({"codes", fmt::format("u8[{}]", codes.size()), codes});
  int32_t b = model.tensor(
      {"table", fmt::format("u8[{}]", ancillary.size()), ancillary});
  int32_t y = model.tensor({"y", type, {}, std::move(quantization)});
  model.custom("DECODE", {a, b}, {y}).output(y);
  return model;
}

Numbers decoded(const TfliteTestModel &model) {
  TfliteResult result = run(model, {});
  EXPECT_FALSE(result.values.empty()) << result.type;
  return result.values;
}

TEST(TfliteDecode, codesArePlacesInATable) {
  // 2 bits each: 3 0 1 2, 1 1
  EXPECT_EQ(
      decoded(packed({0b11000110, 0b01010000},
                     explained(0, 2, 4, {10, 20, 30, 256 - 40}), "i8[2, 3]")),
      (Numbers{-40, 10, 20, 30, 20, 20}));
  // 3 bits, across bytes: 7 0 5
  EXPECT_EQ(decoded(packed(
                {0b11100010, 0b10000000},
                explained(0, 3, 8,
                          {1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 1, 7, 0, 8, 255}),
                "i16[3]")),
            (Numbers{-248, 1, 262}));
}

TEST(TfliteDecode, eachChannelHasItsTable) {
  Numbers codes = {0b01010000}, table = explained(0, 1, 2, {1, 2, 11, 12});
  EXPECT_EQ(decoded(packed(codes, table, "i8[2, 2]", {{1, 1}, {0, 0}, 0})),
            (Numbers{1, 2, 11, 12}));
  EXPECT_EQ(decoded(packed(codes, table, "i8[2, 2]", {{1, 1}, {0, 0}, 1})),
            (Numbers{1, 12, 1, 12}));
}

TEST(TfliteDecode, prunedElementsAreTheZeroPoint) {
  Numbers table = explained(2, 0, 0, {5, 6, 7});
  EXPECT_EQ(decoded(packed({0b10010100}, table, "i8[6]", {{1}, {-3}, 0})),
            (Numbers{5, -3, -3, 6, -3, 7}));
  EXPECT_EQ(decoded(packed({0b10010100}, table, "i8[2, 3]",
                           {{1, 1, 1}, {-1, -2, -3}, 1})),
            (Numbers{5, -2, -3, 6, -2, 7}));
  // 4 bytes of 1.5
  EXPECT_EQ(decoded(packed({0b01000000}, explained(2, 0, 0, {0, 0, 0xC0, 0x3F}),
                           "f32[2]")),
            (Numbers{0, 1.5}));
}

/// a = 0, b = 10, c = 11.
TEST(TfliteDecode, huffmanCodes) {
  Numbers table;
  // one bit first: 0 is a symbol of one bit, 1 leads to the entries 2 and 3
  for (unsigned v : {0x8800U | 'a', 0x0001U, 0x8800U | 'b', 0x8800U | 'c'})
    table.insert(table.end(), {double(v & 255), double(v >> 8)});
  // a b c c a a: 0 10 11 11 0 0
  EXPECT_EQ(
      decoded(packed({0b01011110, 0}, explained(1, 0x00, 0, table), "i8[6]")),
      (Numbers{'a', 'b', 'c', 'c', 'a', 'a'}));
  Numbers wide;
  for (unsigned v : {0x88000161U, 0x00000001U, 0x8800FFFFU, 0x88000063U})
    for (int i = 0; i < 4; ++i)
      wide.push_back((v >> (8 * i)) & 255);
  EXPECT_EQ(
      decoded(packed({0b01011110, 0}, explained(1, 0x01, 0, wide), "i16[6]")),
      (Numbers{0x161, -1, 'c', 'c', 0x161, 0x161}));
}

/// More bits are looked at than the symbol has: the rest is read again.
TEST(TfliteDecode, huffmanSymbolsGiveBitsBack) {
  Numbers table;
  // two bits first: 00 and 01 are a (one bit), 10 is b, 11 is c
  for (unsigned v :
       {0x8800U | 'a', 0x8800U | 'a', 0x9000U | 'b', 0x9000U | 'c'})
    table.insert(table.end(), {double(v & 255), double(v >> 8)});
  EXPECT_EQ(
      decoded(packed({0b01011110}, explained(1, 0x10, 0, table), "i8[5]")),
      (Numbers{'a', 'b', 'c', 'c', 'a'}));
}

std::string refused(const TfliteTestModel &model) {
  TfliteOutcome outcome = importOf(model);
  EXPECT_FALSE(outcome.graph.has_value());
  return outcome.messages;
}

TEST(TfliteDecode, refusesWhatLeadsOut) {
  EXPECT_THAT(refused(packed({255}, explained(0, 2, 4, {1, 2}), "i8[4]")),
              HasSubstr("code 0 is entry 3 of a table of 2"));
  EXPECT_THAT(refused(packed({255}, explained(0, 2, 4, {1, 2, 3, 4}), "i8[5]")),
              HasSubstr("1 bytes of codes, `i8[5]` needs 2"));
  EXPECT_THAT(refused(packed({255}, explained(0, 0, 4, {1}), "i8[5]")),
              HasSubstr("codes of 0 bits"));
  EXPECT_THAT(refused(packed({255}, explained(2, 0, 0, {1, 2}), "i8[8]")),
              HasSubstr("more than the 2 values"));
  EXPECT_THAT(refused(packed({255}, {0, 1, 0}, "i8[8]")),
              HasSubstr("3 bytes explain the codes"));
  EXPECT_THAT(refused(packed({255}, explained(0, 1, 0, {1, 2}), "i8[1048576]")),
              HasSubstr("1 bytes of codes for `i8[1048576]`"));
}

TEST(TfliteDecode, refusesHuffmanTablesThatLeadOut) {
  auto table = [](Numbers bytes) { return explained(1, 0, 0, bytes); };
  EXPECT_THAT(refused(packed({255}, table({0, 0}), "i8[4]")),
              HasSubstr("entry 1 of a table of 1"));
  EXPECT_THAT(refused(packed({0}, table({0, 0, 0, 0}), "i8[4]")),
              HasSubstr("leads to itself"));
  EXPECT_THAT(refused(packed({0}, table({255, 7}), "i8[4]")),
              HasSubstr("a code leads to entry 2047"));
  EXPECT_THAT(refused(packed({0}, table({'a', 0x88}), "i16[8]")),
              HasSubstr("Huffman codes of 16 bits for `i16[8]`"));
}

TEST(TfliteDecode, refusesOtherKindsAndVersions) {
  EXPECT_THAT(refused(packed({255}, explained(127, 0, 0, {1}), "i8[8]")),
              HasSubstr("codes of kind 127"));
  Numbers later = explained(0, 1, 2, {1, 2});
  later[4] = 2;
  EXPECT_THAT(refused(packed({255}, later, "i8[8]")),
              HasSubstr("version 1.2 of the codes"));
  EXPECT_THAT(refused(packed({255}, explained(0, 1, 2, {1, 2}), "f16[8]")),
              HasSubstr("codes of `f16[8]`"));
}

} // namespace
} // namespace rune::import::testing
