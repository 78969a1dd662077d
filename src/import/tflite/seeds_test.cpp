// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The seeds of the fuzzer are models; a few changes of their bytes are tried in
// every test run, the rest is the fuzzer's.
#include "base/files.h"
#include "import/tflite/test_tflite_model.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace rune::import::testing {
namespace {

std::vector<std::pair<std::string, Bytes>> seeds() {
  std::vector<std::pair<std::string, Bytes>> all;
  for (const auto &entry : std::filesystem::directory_iterator(
           RUNE_SOURCE_DIR "/src/import/fuzz_seeds/tflite_import_fuzz")) {
    auto file = FileBytes::open(entry.path().string(), 1 << 20);
    EXPECT_TRUE(file.ok());
    if (file)
      all.emplace_back(entry.path().stem().string(),
                       Bytes(file->bytes().begin(), file->bytes().end()));
  }
  return all;
}

TEST(TfliteSeeds, areModels) {
  ASSERT_GE(seeds().size(), 9U);
  for (const auto &[name, bytes] : seeds()) {
    TfliteOutcome outcome = importBytesOf(bytes);
    EXPECT_TRUE(outcome.graph.has_value()) << name;
    EXPECT_EQ(outcome.messages, "") << name;
  }
}

TEST(TfliteSeeds, showWhatTheyAreFor) {
  for (const auto &[name, bytes] : seeds()) {
    TfliteOutcome outcome = importBytesOf(bytes);
    ASSERT_TRUE(outcome.graph.has_value()) << name;
    if (name == "flow") {
      EXPECT_EQ(outcome.graph->variables.size(), 1U);
      EXPECT_EQ(outcome.graph->bodies.size(), 1U);
      EXPECT_EQ(outcome.info.signatures.size(), 2U);
    }
    if (name == "words") {
      ASSERT_EQ(outcome.info.description.files.size(), 1U);
      EXPECT_EQ(outcome.info.description.files[0].lines.size(), 3U);
    }
  }
}

TEST(TfliteSeeds, surviveChangedBytes) {
  constexpr int changes = 200;
  uint32_t state = 1234;
  auto next = [&] { return state = state * 1664525 + 1013904223; };
  for (const auto &[name, bytes] : seeds())
    for (int i = 0; i < changes; ++i) {
      Bytes changed = bytes;
      for (uint32_t times = 1 + (next() >> 30); times > 0; --times)
        changed[(next() >> 8) % changed.size()] =
            static_cast<uint8_t>(next() >> 24);
      TfliteOutcome outcome = importBytesOf(changed);
      EXPECT_TRUE(outcome.graph || !outcome.messages.empty()) << name;
    }
}

} // namespace
} // namespace rune::import::testing
