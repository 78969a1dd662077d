// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/tensor_proto.h"

#include <onnx_facts.pb.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

namespace rune::import {
namespace {

using ::testing::ElementsAre;

onnx::TensorProto proto(int32_t type, std::vector<int64_t> dims) {
  onnx::TensorProto proto;
  proto.set_name("w");
  proto.set_data_type(type);
  proto.mutable_dims()->Add(dims.begin(), dims.end());
  return proto;
}

std::string why(const onnx::TensorProto &proto) {
  auto constant = decodeTensor(proto, nullptr);
  return constant ? "decoded"
                  : constant.error().code + ": " + constant.error().message;
}

template <class T> std::vector<T> elements(const onnx::TensorProto &proto) {
  auto constant = decodeTensor(proto, nullptr);
  if (!constant) {
    ADD_FAILURE() << constant.error().message;
    return {};
  }
  std::vector<T> out(constant->data.size() / sizeof(T));
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = loadUnaligned<T>(constant->data.data() + i * sizeof(T));
  return out;
}

TEST(TensorProto, typedFieldsOfEveryElementType) {
  auto of = [](int32_t type, auto add) {
    onnx::TensorProto p = proto(type, {2});
    add(p);
    return p;
  };
  auto ints = [](int32_t a, int32_t b) {
    return [=](auto &p) { p.add_int32_data(a), p.add_int32_data(b); };
  };
  auto unsigneds = [](uint64_t a, uint64_t b) {
    return [=](auto &p) { p.add_uint64_data(a), p.add_uint64_data(b); };
  };
  EXPECT_THAT(
      elements<float>(
          of(1, [](auto &p) { p.add_float_data(1.5f), p.add_float_data(-2); })),
      ElementsAre(1.5f, -2));
  EXPECT_THAT(elements<uint8_t>(of(2, ints(0, 255))), ElementsAre(0, 255));
  EXPECT_THAT(elements<int8_t>(of(3, ints(-128, 127))), ElementsAre(-128, 127));
  EXPECT_THAT(elements<uint16_t>(of(4, ints(0, 65535))), ElementsAre(0, 65535));
  EXPECT_THAT(elements<int16_t>(of(5, ints(-32768, 1))),
              ElementsAre(-32768, 1));
  EXPECT_THAT(elements<int32_t>(of(6, ints(-7, 7))), ElementsAre(-7, 7));
  EXPECT_THAT(elements<int64_t>(of(7,
                                   [](auto &p) {
                                     p.add_int64_data(-1),
                                         p.add_int64_data(int64_t{1} << 40);
                                   })),
              ElementsAre(-1, int64_t{1} << 40));
  EXPECT_THAT(elements<uint8_t>(of(9, ints(0, 1))), ElementsAre(0, 1));
  EXPECT_THAT(elements<uint16_t>(of(10, ints(0x3c00, 0xbc00))),
              ElementsAre(0x3c00, 0xbc00));
  EXPECT_THAT(
      elements<double>(of(
          11, [](auto &p) { p.add_double_data(0.1), p.add_double_data(2); })),
      ElementsAre(0.1, 2));
  EXPECT_THAT(elements<uint32_t>(of(12, unsigneds(1, 4294967295u))),
              ElementsAre(1, 4294967295u));
  EXPECT_THAT(elements<uint64_t>(of(13, unsigneds(1, UINT64_MAX))),
              ElementsAre(1, UINT64_MAX));
  EXPECT_THAT(elements<uint16_t>(of(16, ints(0x3f80, 0))),
              ElementsAre(0x3f80, 0));
}

TEST(TensorProto, rawDataIsNotCopied) {
  onnx::TensorProto p = proto(1, {1, 2});
  float values[] = {1, 2};
  p.set_raw_data(values, sizeof values);
  auto constant = decodeTensor(p, nullptr);
  ASSERT_TRUE(constant);
  EXPECT_EQ(constant->data.data(),
            reinterpret_cast<const uint8_t *>(p.raw_data().data()));
  EXPECT_THAT(constant->sizes, ElementsAre(1, 2));
}

TEST(TensorProto, stringsAndNothing) {
  onnx::TensorProto p = proto(8, {2});
  p.add_string_data("one");
  p.add_string_data("");
  auto constant = decodeTensor(p, nullptr);
  ASSERT_TRUE(constant);
  EXPECT_THAT(*textElements(constant->view()), ElementsAre("one", ""));
  EXPECT_EQ(why(proto(1, {0, 3})), "decoded");
  EXPECT_EQ(elements<float>(proto(1, {0, 3})).size(), 0u);
}

TEST(TensorProto, refusesWhatContradictsItself) {
  onnx::TensorProto p = proto(1, {2});
  EXPECT_EQ(why(p), "import.malformed: tensor `w`: 0 elements in `float_data`, "
                    "the dimensions need 2");
  p.add_float_data(1);
  p.add_float_data(1);
  p.add_int32_data(1);
  EXPECT_EQ(why(p),
            "import.malformed: tensor `w`: elements of type `float` "
            "stand in `float_data`, but other fields hold elements too");
  p = proto(1, {2});
  p.set_raw_data("abc");
  EXPECT_EQ(why(p), "import.malformed: tensor `w`: 3 bytes in `raw_data`, "
                    "`f32[2]` needs 8");
  p.set_raw_data("abcdefgh");
  p.add_float_data(1);
  EXPECT_EQ(why(p), "import.malformed: tensor `w`: elements of type `float` "
                    "stand in `raw_data`, but other fields hold elements too");
  p = proto(3, {1});
  p.add_int32_data(128);
  EXPECT_EQ(why(p),
            "import.malformed: tensor `w`: element 0 is 128, outside of "
            "`int8`");
  p = proto(9, {1});
  p.add_int32_data(2);
  EXPECT_EQ(why(p), "import.malformed: tensor `w`: element 0 is 2, outside of "
                    "`bool`");
  p = proto(9, {1});
  p.set_raw_data("\x02");
  EXPECT_EQ(why(p),
            "import.malformed: tensor `w`: a bool has the value 2, needs "
            "0 or 1");
  p = proto(8, {1});
  p.set_raw_data("x");
  EXPECT_EQ(why(p), "import.malformed: tensor `w`: strings cannot stand in "
                    "`raw_data`");
  p = proto(8, {1});
  p.add_string_data("\xff");
  EXPECT_EQ(why(p), "import.malformed: tensor `w`: element 0 is not UTF-8");
}

TEST(TensorProto, refusesDimensionsThatAreNone) {
  EXPECT_EQ(why(proto(1, {-1})),
            "import.malformed: tensor `w`: dimension -1 is negative");
  EXPECT_EQ(why(proto(1, std::vector<int64_t>(17, 1))),
            "import.limit: tensor `w`: 17 dimensions, at most 16 are allowed");
  EXPECT_TRUE(why(proto(1, {int64_t{1} << 62, 4}))
                  .starts_with("import.malformed: tensor `w`: "));
  // Many elements are stated, none are there: nothing is allocated.
  EXPECT_EQ(why(proto(3, {int64_t{1} << 60})),
            "import.malformed: tensor `w`: 0 elements in `int32_data`, the "
            "dimensions need 1152921504606846976");
}

TEST(TensorProto, namesWhatItCannotRead) {
  onnx::TensorProto p = proto(1, {2});
  p.set_data_location(1);
  auto *entry = p.add_external_data();
  entry->set_key("location");
  entry->set_value("weights.bin");
  EXPECT_EQ(why(p),
            "import.unsupported: tensor `w`: its elements are in another "
            "file, which only those of an initializer may be");
  p = proto(1, {2});
  p.mutable_segment();
  EXPECT_EQ(why(p), "import.unsupported: tensor `w`: tensors cut into segments "
                    "are not supported");
  for (auto [number, name] : {std::pair{14, "complex64"}, {15, "complex128"}})
    EXPECT_EQ(
        why(proto(number, {})),
        fmt::format("import.unsupported: tensor `w`: element type `{}` is "
                    "not supported",
                    name));
  for (int32_t number : {0, -1, 27, 1000})
    EXPECT_EQ(
        why(proto(number, {})),
        fmt::format("import.malformed: tensor `w`: {} is no element type of "
                    "ONNX",
                    number));
  onnx::TensorProto unnamed;
  EXPECT_EQ(why(unnamed), "import.malformed: a tensor without a name: 0 is no "
                          "element type of ONNX");
}

/// A byte an element, or packed into bytes, whether raw or as numbers.
TEST(TensorProto, smallElementTypesAreReadInBothForms) {
  const std::tuple<int32_t, DType, size_t> types[] = {
      {17, DType::F8E4M3FN, 5}, {18, DType::F8E4M3FNUZ, 5},
      {19, DType::F8E5M2, 5},   {20, DType::F8E5M2FNUZ, 5},
      {21, DType::U4, 3},       {22, DType::I4, 3},
      {23, DType::F4E2M1FN, 3}, {24, DType::F8E8M0FNU, 5},
      {25, DType::U2, 2},       {26, DType::I2, 2}};
  for (auto [number, dtype, bytes] : types) {
    SCOPED_TRACE(dtypeName(dtype));
    onnx::TensorProto raw = proto(number, {5}), typed = proto(number, {5});
    std::string data;
    for (size_t i = 0; i < bytes; ++i) {
      data.push_back(static_cast<char>(0x80 + i));
      typed.add_int32_data(static_cast<int32_t>(0x80 + i));
    }
    raw.set_raw_data(data);
    for (const onnx::TensorProto *each : {&raw, &typed}) {
      auto constant = decodeTensor(*each, nullptr);
      ASSERT_TRUE(constant.ok()) << constant.error().message;
      EXPECT_EQ(constant->dtype, dtype);
      EXPECT_EQ(asText(constant->data), data);
    }
    typed.set_int32_data(0, 256);
    EXPECT_FALSE(decodeTensor(typed, nullptr).ok());
    raw.set_raw_data(data + "x");
    EXPECT_FALSE(decodeTensor(raw, nullptr).ok());
  }
}

TEST(TensorProto, elementTypesHaveNames) {
  EXPECT_EQ(elementTypeNumber("float"), 1);
  EXPECT_EQ(elementTypeNumber("FLOAT16"), 10);
  EXPECT_EQ(elementTypeNumber("INT32"), 6);
  EXPECT_FALSE(elementTypeNumber("Int9"));
  EXPECT_FALSE(elementTypeNumber("UNDEFINED"));
}

} // namespace
} // namespace rune::import
