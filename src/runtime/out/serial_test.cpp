// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lines are the first system's expected outputs (its integration tests) where
// it had them; decimals are what ryu 1.0 prints, checked against its rules by
// hand.
#include "runtime/out/serial.h"

#include "runtime/rune.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace rune::runtime {
namespace {

template <class T>
SharedTensor tensorOf(DType dtype, std::vector<int64_t> sizes,
                      std::vector<T> elements) {
  ByteSpan data(reinterpret_cast<const uint8_t *>(elements.data()),
                elements.size() * sizeof(T));
  return std::make_shared<const Tensor>(
      std::move(*Tensor::copyOf({dtype, sizes, data})));
}
SharedTensor textOf(std::vector<std::string> words) {
  return std::make_shared<const Tensor>(
      Tensor::ofText({static_cast<int64_t>(words.size())}, words));
}

TEST(Serial, PrintsTheLineOfTheSineExample) {
  RunResult result{{{"serial",
                     "SERIAL",
                     3,
                     {tensorOf<float>(DType::F32, {1, 1}, {0.69727874f})}}}};
  EXPECT_EQ(serialJson(result),
            R"({"3":[{"element-type":"f32",)"
            R"("dimensions":[1,1],"elements":[0.69727874]}]})");
}

TEST(Serial, WritesTheKeyOfTextWithAnUnderscore) {
  RunResult result{{{"serial", "SERIAL", 3, {textOf({"Ring"})}}}};
  EXPECT_EQ(serialJson(result), R"({"3":[{"element_type":"utf8",)"
                                R"("dimensions":[1],"elements":["Ring"]}]})");
}

TEST(Serial, ListsEveryInputOfAnOut) {
  std::vector<uint8_t> bytes = {0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0};
  RunResult result{{{"serial",
                     "SERIAL",
                     3,
                     {tensorOf<uint8_t>(DType::U8, {16}, bytes),
                      tensorOf<int32_t>(DType::I32, {4}, {0, 1, 2, 3})}}}};
  EXPECT_EQ(
      serialJson(result),
      R"({"3":[{"element-type":"u8","dimensions":[16],"elements":[0,0,0,0,1,0,0,0,2,0,0,0,3,0,0,0]},)"
      R"({"element-type":"i32","dimensions":[4],"elements":[0,1,2,3]}]})");
}

TEST(Serial, OrdersOutsByNumber) {
  auto one = [] { return tensorOf<uint8_t>(DType::U8, {}, {1}); };
  RunResult result{{{"b", "SERIAL", 10, {one()}},
                    {"a", "SERIAL", 9, {one()}},
                    {"c", "OTHER", 1, {one()}}}};
  EXPECT_EQ(serialJson(result),
            R"({"9":[{"element-type":"u8","dimensions":[],"elements":[1]}],)"
            R"("10":[{"element-type":"u8","dimensions":[],"elements":[1]}]})");
}

TEST(Serial, PrintsAnEmptyObjectWithoutOuts) {
  EXPECT_EQ(serialJson(RunResult{}), "{}");
}

TEST(Serial, EscapesTextAsJsonDemands) {
  EXPECT_EQ(serialJson(
                textOf({"a\"b\\c", "\n\r\t\b\f", "\x01\x1f\x7f", "häß€😀/", ""})
                    ->view()),
            "{\"element_type\":\"utf8\",\"dimensions\":[5],\"elements\":["
            "\"a\\\"b\\\\c\",\"\\n\\r\\t\\b\\f\",\"\\u0001\\u001f\x7f\","
            "\"häß€😀/\",\"\"]}");
}

std::string elementsOf(const SharedTensor &tensor) {
  std::string text = serialJson(tensor->view());
  size_t at = text.find("\"elements\":") + 11;
  return text.substr(at, text.size() - at - 1);
}

TEST(Serial, PrintsEveryElementType) {
  using std::numeric_limits;
  EXPECT_EQ(elementsOf(tensorOf<int8_t>(DType::I8, {2}, {-128, 127})),
            "[-128,127]");
  EXPECT_EQ(elementsOf(tensorOf<int16_t>(DType::I16, {1}, {-32768})),
            "[-32768]");
  EXPECT_EQ(elementsOf(tensorOf<uint16_t>(DType::U16, {1}, {65535})),
            "[65535]");
  EXPECT_EQ(elementsOf(tensorOf<uint32_t>(DType::U32, {1}, {4294967295})),
            "[4294967295]");
  EXPECT_EQ(elementsOf(tensorOf<int64_t>(DType::I64, {1},
                                         {numeric_limits<int64_t>::min()})),
            "[-9223372036854775808]");
  EXPECT_EQ(elementsOf(tensorOf<uint64_t>(DType::U64, {1}, {UINT64_MAX})),
            "[18446744073709551615]");
  EXPECT_EQ(elementsOf(tensorOf<uint8_t>(DType::Bool, {2}, {0, 1})),
            "[false,true]");
  EXPECT_EQ(
      elementsOf(tensorOf<uint16_t>(DType::F16, {3}, {0x3C00, 0xC000, 0x7C00})),
      "[1.0,-2.0,null]");
  EXPECT_EQ(elementsOf(tensorOf<uint16_t>(DType::BF16, {2}, {0x3FC0, 0x7FC0})),
            "[1.5,null]");
  EXPECT_EQ(elementsOf(tensorOf<double>(DType::F64, {2}, {0.1, -1.0})),
            "[0.1,-1.0]");
  EXPECT_EQ(elementsOf(tensorOf<uint8_t>(DType::U8, {0}, {})), "[]");
}

TEST(Serial, PrintsTheSmallKindsAsNumbers) {
  // two nibbles to a byte, the low one first: 1, -1, 7
  auto tensor = Tensor::copyOf(
      {DType::I4, std::vector<int64_t>{3}, std::vector<uint8_t>{0xf1, 0x07}});
  ASSERT_TRUE(tensor);
  EXPECT_EQ(serialJson(tensor->view()),
            R"({"element-type":"i4","dimensions":[3],"elements":[1,-1,7]})");
  // 1.5 and the largest, 448
  tensor = Tensor::copyOf({DType::F8E4M3FN, std::vector<int64_t>{2},
                           std::vector<uint8_t>{0x3c, 0x7e}});
  ASSERT_TRUE(tensor);
  EXPECT_EQ(
      serialJson(tensor->view()),
      R"({"element-type":"f8e4m3fn","dimensions":[2],"elements":[1.5,448.0]})");
}

TEST(ShortestDecimal, WritesFloatsAsRyuDoes) {
  struct Case {
    float number;
    const char *text;
  };
  for (const Case &expected : {Case{0.0f, "0.0"},
                               {-0.0f, "-0.0"},
                               {1.0f, "1.0"},
                               {-1.5f, "-1.5"},
                               {0.3f, "0.3"},
                               {16777216.0f, "16777216.0"},
                               {1e12f, "1000000000000.0"},
                               {1e13f, "1e13"},
                               {1.234e13f, "1.234e13"},
                               {1e-5f, "0.00001"},
                               {1e-6f, "0.000001"},
                               {1e-7f, "1e-7"},
                               {1.5e-7f, "1.5e-7"},
                               {3.4028235e38f, "3.4028235e38"},
                               {1e-45f, "1e-45"},
                               {1.1754944e-38f, "1.1754944e-38"}})
    EXPECT_EQ(shortestDecimal(expected.number), expected.text);
}

TEST(ShortestDecimal, WritesDoublesAsRyuDoes) {
  struct Case {
    double number;
    const char *text;
  };
  for (const Case &expected :
       {Case{1.0, "1.0"},
        {0.1, "0.1"},
        {1e15, "1000000000000000.0"},
        {1e16, "1e16"},
        {123456789012345680.0, "1.2345678901234568e17"},
        {1e-5, "0.00001"},
        {1e-6, "1e-6"},
        {1.7976931348623157e308, "1.7976931348623157e308"},
        {5e-324, "5e-324"},
        {0.3, "0.3"},
        {2.0 / 3, "0.6666666666666666"}})
    EXPECT_EQ(shortestDecimal(expected.number), expected.text);
}

TEST(ShortestDecimal, HasNoWordForWhatIsNotFinite) {
  EXPECT_EQ(shortestDecimal(std::nanf("")), "null");
  EXPECT_EQ(shortestDecimal(HUGE_VALF), "null");
  EXPECT_EQ(shortestDecimal(-HUGE_VAL), "null");
}

TEST(ShortestDecimal, ReadsBackAsTheSameFloat) {
  uint32_t bits = 1;
  for (int i = 0; i < 20000; ++i) {
    bits = bits * 1664525 + 1013904223;
    auto number = std::bit_cast<float>(bits);
    if (std::isfinite(number))
      ASSERT_EQ(std::strtof(shortestDecimal(number).c_str(), nullptr), number);
  }
}

} // namespace
} // namespace rune::runtime
