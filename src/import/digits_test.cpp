// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The model of our own example, from its file to the probabilities that PyTorch
// computed for the same pixels (expected.json is written by train.py).
#include "base/files.h"
#include "graph/evaluate.h"
#include "import/import.h"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

namespace rune::import {
namespace {

std::vector<uint8_t> bytesOfHex(const std::string &hex) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(
        static_cast<uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

/// f32[1, 28, 28, 3] of 0 to 1; one channel stands for all three.
Tensor inputOf(const std::vector<uint8_t> &pixels, size_t channels) {
  Tensor input = Tensor::zeros(DType::F32, {1, 28, 28, 3}).value();
  for (size_t i = 0; i < 28 * 28; ++i)
    for (size_t c = 0; c < 3; ++c)
      input.as<float>()[i * 3 + c] =
          static_cast<float>(pixels[i * channels + (channels == 3 ? c : 0)]) /
          255.0f;
  return input;
}

TEST(Digits, theModelGivesTheProbabilitiesOfPyTorch) {
  std::string folder = RUNE_SOURCE_DIR "/examples/digits/";
  if (!std::filesystem::exists(folder + "expected.json"))
    GTEST_SKIP() << "the example is not here";
  auto file = FileBytes::open(folder + "model.onnx", 1 << 20);
  auto text = FileBytes::open(folder + "expected.json", 1 << 20);
  ASSERT_TRUE(file && text);
  auto expected = nlohmann::json::parse(asText(text->bytes()));

  Report report;
  auto model = importModel(file->bytes(), nullptr,
                           Source::binary(folder + "model.onnx"), report);
  ASSERT_TRUE(model) << renderText(report.diagnostics().front());
  EXPECT_EQ(report.diagnostics().size(), 0u);
  size_t images = 0;
  for (const auto &image : expected["images"]) {
    Tensor input = inputOf(bytesOfHex(image["resized_hex"]),
                           image["resized_channels"].get<size_t>());
    std::vector<TensorView> inputs = {input.view()};
    auto results = graph::evaluate(model->graph, inputs);
    ASSERT_TRUE(results) << results.error().message;
    auto got = results->at(0).as<float>();
    ASSERT_EQ(got.size(), 10u);
    for (size_t i = 0; i < 10; ++i)
      EXPECT_NEAR(got[i], image["probabilities"][i].get<double>(), 1e-5)
          << image["file"];
    EXPECT_EQ(std::ranges::max_element(got) - got.begin(),
              image["predicted"].get<int64_t>());
    ++images;
  }
  EXPECT_GT(images, 0u);
}

} // namespace
} // namespace rune::import
