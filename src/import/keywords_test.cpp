// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The model of the keyword example, from its file to the integers that a
// simulation in NumPy found for the same features, to the bit (expected.json
// and held_features.bin are written by train.py): voices it never heard in
// training.
#include "base/files.h"
#include "graph/evaluate.h"
#include "import/import.h"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

namespace rune::import {
namespace {

constexpr size_t frames = 49, bands = 40, clipBytes = frames * bands;

class Keywords : public testing::Test {
protected:
  void SetUp() override {
    std::string folder = RUNE_SOURCE_DIR "/examples/keywords/";
    if (!std::filesystem::exists(folder + "expected.json"))
      GTEST_SKIP() << "the example is not here";
    auto file = FileBytes::open(folder + "model.tflite", 1 << 20);
    auto text = FileBytes::open(folder + "expected.json", 1 << 20);
    auto held = FileBytes::open(folder + "held_features.bin", 1 << 20);
    ASSERT_TRUE(file && text && held);
    expected = nlohmann::json::parse(asText(text->bytes()));
    features.assign(held->bytes().begin(), held->bytes().end());
    Report report;
    auto read = importModel(file->bytes(), nullptr,
                            Source::binary(folder + "model.tflite"), report);
    ASSERT_TRUE(read) << renderText(report.diagnostics().front());
    EXPECT_EQ(report.diagnostics().size(), 0u);
    // Its constants may point into the file.
    bytes.emplace(std::move(*file));
    model.emplace(std::move(*read));
  }

  /// The twelve integers that the model gives for one clip.
  std::vector<int8_t> ask(std::span<const uint8_t> clip) {
    Tensor input = Tensor::zeros(DType::I8, {1, frames, bands, 1}).value();
    std::ranges::transform(clip, input.as<int8_t>().begin(),
                           [](uint8_t byte) { return int8_t(byte); });
    std::vector<TensorView> inputs = {input.view()};
    auto results = graph::evaluate(model->graph, inputs);
    EXPECT_TRUE(results) << results.error().message;
    if (!results)
      return {};
    auto got = results->at(0).as<int8_t>();
    return {got.begin(), got.end()};
  }

  std::optional<FileBytes> bytes;
  std::optional<ImportedModel> model;
  nlohmann::json expected;
  std::vector<uint8_t> features;
};

TEST_F(Keywords, theModelGivesTheIntegersOfTheSimulation) {
  const nlohmann::json &held = expected["held"];
  ASSERT_EQ(features.size(), held.size() * clipBytes);
  ASSERT_GE(held.size(), 5 * expected["labels"].size());
  size_t right = 0, said = 0;
  for (size_t i = 0; i < held.size(); ++i) {
    auto got = ask(std::span(features).subspan(i * clipBytes, clipBytes));
    EXPECT_EQ(got, held[i]["outputs"].get<std::vector<int8_t>>()) << i;
    size_t best = std::ranges::max_element(got) - got.begin();
    EXPECT_EQ(expected["labels"][best], held[i]["predicted"]) << i;
    right += expected["labels"][best] == held[i]["label"];
    said += held[i]["predicted"] == held[i]["label"];
  }
  EXPECT_EQ(right, said);
  EXPECT_GE(right * 10, held.size() * 8) << "of " << held.size();
}

} // namespace
} // namespace rune::import
