// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/npy.h"

#include <gtest/gtest.h>

namespace rune::import {
namespace {

Bytes numpy(std::string header, std::string_view data, uint8_t version = 1) {
  Bytes file = {0x93, 'N', 'U', 'M', 'P', 'Y', version, 0};
  size_t width = version == 1 ? 2 : 4;
  for (size_t i = 0; i < width; ++i)
    file.push_back(static_cast<uint8_t>(header.size() >> (8 * i)));
  for (char c : header)
    file.push_back(static_cast<uint8_t>(c));
  for (char c : data)
    file.push_back(static_cast<uint8_t>(c));
  return file;
}

std::string typeOf(const Bytes &file) {
  auto tensor = parseNpy(file);
  return tensor ? tensor->type().str() : tensor.error().message;
}

TEST(Npy, readsEveryVersionAndShape) {
  EXPECT_EQ(typeOf(numpy("{'descr': '|i1', 'fortran_order': False, 'shape': "
                         "(1, 3), }",
                         "abc")),
            "i8[1, 3]");
  EXPECT_EQ(typeOf(numpy("{'descr': '<i2', 'fortran_order': False, 'shape': "
                         "(), }",
                         "ab", 2)),
            "i16[]");
  EXPECT_EQ(typeOf(numpy("{'descr': '|b1', 'fortran_order': True, 'shape': "
                         "(2,), }",
                         "ab", 3)),
            "bool[2]");
}

TEST(Npy, refusesWhatItCannotRead) {
  EXPECT_EQ(typeOf(numpy("{'descr': '>f4', 'fortran_order': False, 'shape': "
                         "(1,), }",
                         "abcd")),
            "elements of type '>f4', needs little-endian numbers");
  EXPECT_EQ(typeOf(numpy("{'descr': '<f4', 'fortran_order': True, 'shape': "
                         "(1, 1), }",
                         "abcd")),
            "the array is not in C order");
  EXPECT_EQ(typeOf(numpy("{}", "")), "no element type in the header");
  EXPECT_EQ(typeOf(numpy("{'descr': '<f4', 'shape': (-1,)", "")),
            "the shape `(-1,` is no list of sizes");
  EXPECT_EQ(typeOf({1, 2, 3}), "no .npy file of version 1 to 3");
}

TEST(Npy, refusesEveryCutFile) {
  Bytes file = numpy("{'descr': '<f4', 'fortran_order': False, 'shape': "
                     "(2,), }",
                     "abcdefgh");
  for (size_t length = 0; length < file.size(); ++length) {
    auto tensor = parseNpy(ByteSpan(file).first(length));
    EXPECT_FALSE(tensor.ok()) << length;
  }
  EXPECT_TRUE(parseNpy(file).ok());
}

TEST(BareBytes, giveTheOneOpenSize) {
  TensorType open{DType::I16, {Dim::named("batch"), 2}};
  Bytes eight(8), six(6);
  EXPECT_EQ(tensorOfBytes(open, eight)->type().str(), "i16[2, 2]");
  EXPECT_EQ(tensorOfBytes(open, six).error().message,
            "6 bytes are no `i16[batch, 2]`");
  TensorType both{DType::I16, {Dim::unknown(), Dim::unknown()}};
  EXPECT_FALSE(tensorOfBytes(both, eight).ok());
}

} // namespace
} // namespace rune::import
