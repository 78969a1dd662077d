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

// The names of the first system's crates, as Runefiles write them.
constexpr std::string_view firstSystem[] = {"argmax",
                                            "audio_float_conversion",
                                            "binary_classification",
                                            "fft",
                                            "image-normalization",
                                            "label",
                                            "modulo",
                                            "most_confident_indices",
                                            "noise-filtering",
                                            "normalize",
                                            "object_filter",
                                            "parse",
                                            "segment_output",
                                            "softmax",
                                            "text_extractor",
                                            "tokenizers",
                                            "utf8_decode"};

TEST(Library, HoldsTheBlocksSortedByName) {
  std::vector<std::string_view> names;
  for (const LibraryBlock &block : all())
    names.push_back(block.name);
  EXPECT_TRUE(std::ranges::is_sorted(names));
  EXPECT_THAT(names, testing::IsSupersetOf(firstSystem));
  EXPECT_THAT(names, testing::Contains("identity"));
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
  for (const LibraryBlock &block : all())
    for (auto [from, to] : {std::pair{'-', '_'}, std::pair{'_', '-'}}) {
      std::string name(block.name);
      std::ranges::replace(name, from, to);
      EXPECT_EQ(find(name), &block) << name;
    }
}

TEST(Library, FindsNothingUnderOtherNames) {
  for (std::string_view name :
       {"", "Label", "labe", "labels", "label ", "image normalization"})
    EXPECT_EQ(find(name), nullptr) << name;
}

} // namespace
} // namespace rune::blocks
