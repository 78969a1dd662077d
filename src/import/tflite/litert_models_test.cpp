// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The models of LiteRT's own tests, of one or a few operators each. They come
// without results: all are imported, those that are not large are run, and what
// a formula says of a result is checked. Data that is not there skips the test,
// with a message.
#include "import/tflite/test_models.h"

#include "graph/statistics.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace rune::import::testing {
namespace {

/// Numbers from -1 to 1 that differ from tensor to tensor; integers that are no
/// quantised numbers are places or counts, and 0.
Tensor numbersOf(const TensorType &declared, uint32_t seed) {
  TensorType type = fixedType(declared);
  auto tensor = Tensor::zeros(type.dtype, type.sizes());
  RUNE_CHECK(tensor, "sizes of a stored model");
  uint32_t state = seed * 2654435761U + 1;
  auto next = [&] {
    state = state * 1664525 + 1013904223;
    return static_cast<double>(state >> 8) / 0x1p23 - 1;
  };
  if (type.dtype == DType::F32)
    for (float &value : tensor->as<float>())
      value = static_cast<float>(next());
  if (type.dtype == DType::I16)
    for (int16_t &value : tensor->as<int16_t>())
      value = static_cast<int16_t>(next() * 30000);
  if (type.dtype == DType::Bool)
    for (uint8_t &value : tensor->bytes())
      value = next() > 0;
  return *std::move(tensor);
}

struct Ran {
  std::vector<Tensor> inputs;
  StoredRun run;
  const float *in(size_t i) const { return inputs[i].as<float>().data(); }
  const float *out(size_t i) const { return run.got.at(i).as<float>().data(); }
};

/// Products in all of a model that the plain loops get through in a second or
/// so, with sanitizers.
constexpr uint64_t mostProducts = 5'000'000;

/// Larger models are imported only: then nothing is got.
Ran ranOn(const std::string &path) {
  Ran ran;
  LoadedModel model = loadModel(path);
  ran.run.messages = model.messages;
  if (!model.graph || graph::macs(*model.graph) > mostProducts)
    return ran;
  uint32_t seed = 0;
  for (graph::ValueId input : model.graph->inputs)
    ran.inputs.push_back(numbersOf(model.graph->values[input].type, ++seed));
  ran.run = runOn(model, ran.inputs);
  return ran;
}

bool isFinite(const Tensor &tensor) {
  if (tensor.dtype() != DType::F32)
    return true;
  return std::ranges::all_of(tensor.as<float>(),
                             [](float value) { return std::isfinite(value); });
}

TEST(LiteRtModels, areImportedAndRun) {
  std::string folder = sharedData("litert-ops");
  if (!isThere(folder))
    GTEST_SKIP() << folder << " is not there";
  size_t models = 0, run = 0;
  for (const auto &entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".tflite")
      continue;
    SCOPED_TRACE(entry.path().filename().string());
    ++models;
    Ran ran = ranOn(entry.path().string());
    EXPECT_EQ(ran.run.messages, "");
    run += !ran.run.got.empty();
    for (const Tensor &result : ran.run.got)
      EXPECT_TRUE(isFinite(result));
  }
  EXPECT_GE(models, run);
  EXPECT_GT(run, 0U);
}

class LiteRtFormula : public ::testing::Test {
protected:
  /// Skips where the model is not there.
  bool load(const std::string &name) {
    std::string path = sharedData("litert-ops/" + name + ".tflite");
    if (!isThere(path))
      return false;
    ran = ranOn(path);
    EXPECT_EQ(ran.run.messages, "");
    return !ran.run.got.empty();
  }
  Ran ran;
};

TEST_F(LiteRtFormula, l2NormalizationGivesANormOfOne) {
  if (!load("simple_l2_norm"))
    GTEST_SKIP() << "simple_l2_norm.tflite is not there";
  double squares = 0, norm = 0;
  for (size_t i = 0; i < 768; ++i) {
    squares += static_cast<double>(ran.out(0)[i]) * ran.out(0)[i];
    norm += static_cast<double>(ran.in(0)[i]) * ran.in(0)[i];
  }
  EXPECT_NEAR(squares, 1, 1e-5);
  EXPECT_NEAR(ran.out(0)[5], ran.in(0)[5] / std::sqrt(norm), 1e-6);
}

TEST_F(LiteRtFormula, topkDescends) {
  if (!load("simple_topk_op"))
    GTEST_SKIP() << "simple_topk_op.tflite is not there";
  std::span<const int32_t> places = ran.run.got[1].as<int32_t>();
  for (size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(ran.out(0)[i], ran.in(0)[places[i]]);
    if (i > 0)
      EXPECT_GE(ran.out(0)[i - 1], ran.out(0)[i]);
  }
}

TEST_F(LiteRtFormula, atan2IsThatOfC) {
  if (!load("simple_atan2_op"))
    GTEST_SKIP() << "simple_atan2_op.tflite is not there";
  EXPECT_FLOAT_EQ(ran.out(0)[0], std::atan2(ran.in(0)[0], ran.in(1)[0]));
}

/// Its decomposition takes the input from itself: what is left is the bias, the
/// same for both rows.
TEST_F(LiteRtFormula, aCompositeIsItsDecomposition) {
  if (!load("group_norm_2_groups_op"))
    GTEST_SKIP() << "group_norm_2_groups_op.tflite is not there";
  ASSERT_EQ(ran.run.got[0].type().str(), "f32[2, 4]");
  for (size_t i = 0; i < 4; ++i)
    EXPECT_EQ(ran.out(0)[i], ran.out(0)[i + 4]);
}

/// Products of 4-bit weights: the result of twice the input is twice the
/// result, as the range of the input doubles with it.
TEST_F(LiteRtFormula, weightsInBlocksAreLinear) {
  std::string path =
      sharedData("litert-ops/qwen_fc_blockwise_quantized.tflite");
  if (!isThere(path))
    GTEST_SKIP() << path << " is not there";
  LoadedModel model = loadModel(path);
  ASSERT_EQ(model.messages, "");
  std::vector<Tensor> once, twice;
  once.push_back(
      numbersOf(model.graph->values[model.graph->inputs[0]].type, 1));
  twice.push_back(
      numbersOf(model.graph->values[model.graph->inputs[0]].type, 1));
  for (float &value : twice[0].as<float>())
    value *= 2;
  StoredRun first = runOn(model, once), second = runOn(model, twice);
  ASSERT_EQ(first.messages + second.messages, "");
  bool moved = false;
  for (size_t i = 0; i < first.got[0].count(); ++i) {
    float y = first.got[0].as<float>()[i];
    EXPECT_FLOAT_EQ(second.got[0].as<float>()[i], 2 * y);
    moved |= y != 0;
  }
  EXPECT_TRUE(moved);
}

} // namespace
} // namespace rune::import::testing
