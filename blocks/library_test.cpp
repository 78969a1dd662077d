// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "blocks/library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace rune::blocks {
namespace {

std::vector<uint8_t> fileBytes(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Library, HoldsTheBlocksSortedByName) {
  std::vector<std::string_view> names;
  for (const LibraryBlock &block : all())
    names.push_back(block.name);
  EXPECT_THAT(names,
              testing::ElementsAre("argmax", "identity", "image-normalization",
                                   "label", "mel-spectrogram",
                                   "most_confident_indices", "softmax"));
}

TEST(Library, HoldsTheModulesThatWereBuilt) {
  for (const LibraryBlock &block : all()) {
    auto built =
        fileBytes(RUNE_BLOCKS_DIR "/" + std::string(block.name) + ".wasm");
    EXPECT_TRUE(std::ranges::equal(block.wasm, built)) << block.name;
    EXPECT_EQ(asText(block.wasm.first(4)), std::string_view("\0asm", 4));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block.wasm.data()) % 64, 0u);
    EXPECT_EQ(block.hash, sha256(built));
  }
}

TEST(Library, HoldsTheInterfacesThatAreCommitted) {
  for (const LibraryBlock &block : all()) {
    auto committed = fileBytes(RUNE_SOURCE_DIR "/blocks/" +
                               std::string(block.name) + "/interface.json");
    EXPECT_EQ(block.interface, asText(committed)) << block.name;
    EXPECT_NE(block.interface.find("\"version\": \"" +
                                   std::string(block.version) + "\""),
              block.interface.npos);
  }
}

TEST(Library, FindsABlockWithEitherKindOfDash) {
  ASSERT_NE(find("image-normalization"), nullptr);
  EXPECT_EQ(find("image_normalization"), find("image-normalization"));
  EXPECT_EQ(find("most-confident-indices"), find("most_confident_indices"));
  EXPECT_EQ(find("label")->name, "label");
}

TEST(Library, FindsNothingUnderOtherNames) {
  for (std::string_view name :
       {"", "Label", "labe", "labels", "label ", "image normalization"})
    EXPECT_EQ(find(name), nullptr) << name;
}

} // namespace
} // namespace rune::blocks
