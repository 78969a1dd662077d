// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/tensor.h"

#include <gtest/gtest.h>

namespace rune {
namespace {

TEST(TensorType, TextAndBack) {
  for (const char *text : {"f32[1, 10]", "i8[batch, ?]", "u32[]", "utf8[0]",
                           "bool[2]", "bf16[_n]"})
    EXPECT_EQ(parseTensorType(text)->str(), text);
  EXPECT_EQ(parseTensorType("F32[ 1,10 ]")->str(), "f32[1, 10]");
  for (const char *bad : {"", "f32", "f32[", "f32]", "[1]", "x[1]", "f32[1,]",
                          "f32[,]", "f32[-1]", "f32[1.5]", "f32[1]]",
                          "f32[99999999999999999999]", "f32[1 2]"})
    EXPECT_FALSE(parseTensorType(bad).ok()) << bad;
}

TEST(TensorType, FlowsWhereNothingMustDiffer) {
  auto flows = [](const char *from, const char *to) {
    return mayFlow(*parseTensorType(from), *parseTensorType(to));
  };
  EXPECT_TRUE(flows("f32[1, 2]", "f32[1, 2]"));
  EXPECT_TRUE(flows("f32[n, 2]", "f32[1, 2]"));
  EXPECT_TRUE(flows("f32[1, 2]", "f32[?, m]"));
  EXPECT_FALSE(flows("f32[1, 2]", "f32[1, 3]"));
  EXPECT_FALSE(flows("f32[1, 2]", "f32[2]"));
  EXPECT_FALSE(flows("f32[1]", "i8[1]"));
}

TEST(TensorType, SizesThatOverflowAreRefused) {
  std::vector<int64_t> scalar, empty = {0, 5}, square = {INT64_MAX, 2},
                               hidden = {0, INT64_MAX, INT64_MAX},
                               negative = {-1};
  EXPECT_EQ(*elementCount(scalar), 1u);
  EXPECT_EQ(*elementCount(empty), 0u);
  EXPECT_EQ(elementCount(square).error().code, "tensor.too-big");
  EXPECT_EQ(elementCount(hidden).error().code, "tensor.too-big");
  EXPECT_EQ(elementCount(negative).error().code, "tensor.negative-dim");
  std::vector<int64_t> wide = {INT64_MAX / 4};
  EXPECT_TRUE(elementCount(wide).ok());
  EXPECT_EQ(tensorBytes(DType::F64, wide).error().code, "tensor.too-big");
  EXPECT_EQ(tensorBytes(DType::Utf8, scalar).error().code,
            "tensor.no-fixed-size");
}

TEST(TensorType, EveryTypeHasANameThatFindsIt) {
  for (uint8_t i = 0; i < dtypeCount; ++i)
    EXPECT_EQ(dtypeNamed(dtypeName(static_cast<DType>(i))),
              static_cast<DType>(i));
  EXPECT_EQ(dtypeNamed("UTF8"), DType::Utf8);
  EXPECT_EQ(dtypeNamed("f3"), std::nullopt);
  EXPECT_EQ(dtypeNamed(""), std::nullopt);
}

TEST(Tensor, BeginsAlignedAndZero) {
  auto tensor = Tensor::zeros(DType::F32, {3, 5});
  ASSERT_TRUE(tensor.ok());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor->bytes().data()) % 64, 0u);
  EXPECT_EQ(tensor->as<float>().size(), 15u);
  for (float value : tensor->as<float>())
    EXPECT_EQ(value, 0.0f);
}

TEST(Tensor, RefusesMoreThanItsLimitAndDataThatDoesNotFit) {
  EXPECT_EQ(Tensor::zeros(DType::U8, {5}, 4).error().code, "tensor.too-big");
  EXPECT_EQ(Tensor::zeros(DType::U8, {int64_t{1} << 40}).error().code,
            "tensor.too-big");
  std::vector<int64_t> sizes = {2};
  Bytes three(3);
  EXPECT_EQ(Tensor::copyOf({DType::U8, sizes, three}).error().code,
            "tensor.size-mismatch");
}

TEST(Tensor, MovesItsBytes) {
  Tensor first = std::move(*Tensor::zeros(DType::U8, {4}));
  first.bytes()[0] = 7;
  Tensor second = std::move(first);
  EXPECT_EQ(second.bytes()[0], 7);
  first = std::move(second);
  EXPECT_EQ(first.as<uint8_t>()[0], 7);
}

TEST(Tensor, TextGoesInAndOut) {
  std::vector<std::string> words = {"one", "", "zwölf"};
  Tensor tensor = Tensor::ofText({3}, words);
  auto elements = textElements(tensor.view());
  ASSERT_TRUE(elements.ok());
  EXPECT_EQ(elements->size(), 3u);
  EXPECT_EQ((*elements)[2], "zwölf");
}

TEST(Tensor, BadTextIsRefused) {
  std::vector<int64_t> one = {1}, two = {2};
  Bytes good = {1, 0, 0, 0, 'a'}, tooLong = {9, 0, 0, 0, 'a'}, cut = {1, 0},
        notUtf8 = {1, 0, 0, 0, 0xFF};
  EXPECT_TRUE(checkData({DType::Utf8, one, good}).ok());
  EXPECT_EQ(checkData({DType::Utf8, two, good}).error().code,
            "tensor.bad-text");
  for (const Bytes &bad : {tooLong, cut, notUtf8})
    EXPECT_EQ(checkData({DType::Utf8, one, bad}).error().code,
              "tensor.bad-text");
}

} // namespace
} // namespace rune
