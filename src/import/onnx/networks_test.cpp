// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The operators of neural networks across their versions: what attributes mean,
// what is refused. The numbers themselves are judged by the golden cases of our
// operators and by ONNX's node cases.
#include "import/onnx/test_onnx_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace rune::import::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pointwise;
using Values = std::vector<double>;
using Attributes = std::vector<TestAttribute>;
using Ints = std::vector<int64_t>;

MATCHER(IsNear, "") {
  return std::abs(std::get<0>(arg) - std::get<1>(arg)) < 1e-5;
}

/// A layer of one operator; inputs named as their types stand: x0, x1, ….
TestModel layer(int64_t opset, const std::string &op,
                const std::vector<std::string> &types,
                const Attributes &attributes = {},
                const std::vector<std::string> &outputs = {"y"}) {
  TestModel model(opset);
  std::vector<std::string> names;
  for (const std::string &type : types) {
    names.push_back(type.empty() ? "" : fmt::format("x{}", names.size()));
    if (!type.empty())
      model.input(names.back(), type);
  }
  model.node(op, names, attributes, outputs);
  for (const std::string &output : outputs)
    if (!output.empty())
      model.output(output);
  return model;
}

TEST(OnnxNorms, layerNormalizationGivesItsStatistics) {
  auto all =
      evaluateAll(layer(17, "LayerNormalization", {"f32[1, 2]", "f32[2]"},
                        {{"epsilon", 0.0f}}, {"y", "mean", "inverse"}),
                  {{1, 3}, {10, 100}});
  ASSERT_EQ(all.size(), 3u);
  EXPECT_THAT(all[0].values, ElementsAre(-10, 100));
  EXPECT_EQ(all[1].type, "f32[1, 1]");
  EXPECT_THAT(all[1].values, ElementsAre(2));
  EXPECT_THAT(all[2].values, ElementsAre(1));
}

TEST(OnnxNorms, rmsNormalizationDoesNotCentre) {
  EXPECT_THAT(evaluated(layer(23, "RMSNormalization", {"f32[2]", "f32[2]"},
                              {{"epsilon", 0.0f}}),
                        {{3, 3}, {1, 2}})
                  .values,
              ElementsAre(1, 2));
}

TEST(OnnxNorms, groupNormalizationScalesGroupsBefore21) {
  Attributes groups = {{"num_groups", int64_t{2}}, {"epsilon", 0.0f}};
  std::vector<Values> inputs = {{1, 3, 2, 6}, {1, 10}, {0, 0}};
  EXPECT_THAT(evaluated(layer(18, "GroupNormalization",
                              {"f32[1, 4, 1]", "f32[2]", "f32[2]"}, groups),
                        inputs)
                  .values,
              ElementsAre(-1, 1, -10, 10));
  inputs[1] = {1, 2, 3, 4};
  inputs[2] = {0, 0, 0, 1};
  EXPECT_THAT(evaluated(layer(21, "GroupNormalization",
                              {"f32[1, 4, 1]", "f32[4]", "f32[4]"}, groups),
                        inputs)
                  .values,
              ElementsAre(-1, 2, -3, 5));
  EXPECT_THAT(refusal(layer(21, "GroupNormalization",
                            {"f32[1, 4, 1]", "f32[4]", "f32[4]"})),
              HasSubstr("`num_groups` is missing"));
}

TEST(OnnxNorms, instanceNormalizationAndLrn) {
  EXPECT_THAT(evaluated(layer(6, "InstanceNormalization",
                              {"f32[1, 1, 2]", "f32[1]", "f32[1]"},
                              {{"epsilon", 0.0f}}),
                        {{1, 5}, {2}, {1}})
                  .values,
              ElementsAre(-1, 3));
  EXPECT_THAT(
      evaluated(layer(1, "LRN", {"f32[1, 1, 1]"},
                      {{"size", int64_t{1}}, {"alpha", 1.0f}, {"beta", 1.0f}}),
                {{3}})
          .values,
      Pointwise(IsNear(), Values{0.3}));
  EXPECT_THAT(refusal(layer(13, "LRN", {"f32[1, 1, 1]"})),
              HasSubstr("`size` is missing"));
}

TEST(OnnxNorms, lpNormalizationOfZerosIsZero) {
  EXPECT_THAT(
      evaluated(layer(22, "LpNormalization", {"f32[2, 2]"}), {{3, -4, 0, 0}})
          .values,
      Pointwise(IsNear(), Values{0.6, -0.8, 0, 0}));
  EXPECT_THAT(evaluated(layer(1, "LpNormalization", {"f32[2, 2]"},
                              {{"p", int64_t{1}}, {"axis", int64_t{0}}}),
                        {{1, 0, -3, 0}})
                  .values,
              Pointwise(IsNear(), Values{0.25, 0, -0.75, 0}));
}

TEST(OnnxAttention, threeDimensionsAreSplitIntoHeads) {
  Attributes heads = {{"q_num_heads", int64_t{2}},
                      {"kv_num_heads", int64_t{1}}};
  auto y =
      evaluated(layer(23, "Attention",
                      {"f32[B, T, 2]", "f32[B, S, 1]", "f32[B, S, 1]"}, heads),
                {{0, 0}, {1, 1}, {2, 4}}, {{1, 1, 2}, {1, 2, 1}, {1, 2, 1}});
  EXPECT_EQ(y.type, "f32[1, 1, 2]");
  EXPECT_THAT(y.values, ElementsAre(3, 3));
  EXPECT_THAT(refusal(layer(23, "Attention",
                            {"f32[1, 1, 2]", "f32[1, 2, 1]", "f32[1, 2, 1]"})),
              HasSubstr("`q_num_heads` and `kv_num_heads` are needed"));
}

TEST(OnnxAttention, integersMaskAsNumbersAndLengthsComeWith24) {
  const std::vector<std::string> types = {"f32[1, 1, 1, 1]", "f32[1, 1, 2, 1]",
                                          "f32[1, 1, 2, 1]"};
  auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), types.begin(), types.end());
    return more;
  };
  EXPECT_THAT(evaluated(layer(23, "Attention", with({"i32[1, 2]"})),
                        {{0}, {0, 0}, {2, 4}, {0, -1000}})
                  .values,
              ElementsAre(2));
  EXPECT_THAT(evaluated(layer(24, "Attention", with({"", "", "", "i64[1]"})),
                        {{0}, {0, 0}, {2, 4}, {1}})
                  .values,
              ElementsAre(2));
  EXPECT_THAT(refusal(layer(23, "Attention", with({"", "", "", "i64[1]"}))),
              HasSubstr("import.malformed"));
  EXPECT_THAT(refusal(layer(24, "Attention", types,
                            {{"qk_matmul_output_mode", int64_t{4}}})),
              HasSubstr("needs 0 to 3"));
}

TEST(OnnxRotaryEmbedding, cachesAreGatheredByPosition) {
  auto y =
      evaluated(layer(23, "RotaryEmbedding",
                      {"f32[1, 1, 2]", "f32[3, 1]", "f32[3, 1]", "i64[1, 1]"},
                      {{"num_heads", int64_t{1}}}),
                {{1, 2}, {9, 9, 0}, {9, 9, 1}, {2}});
  EXPECT_THAT(y.values, ElementsAre(-2, 1));
  EXPECT_THAT(refusal(layer(23, "RotaryEmbedding",
                            {"f32[1, 1, 1, 2]", "f32[3, 1]", "f32[3, 1]"})),
              HasSubstr("needs 3 dimensions without `position_ids`"));
}

TEST(OnnxLinearAttention, rulesNeedTheirInputs) {
  Attributes heads = {{"q_num_heads", int64_t{1}},
                      {"kv_num_heads", int64_t{1}},
                      {"update_rule", std::string("linear")}};
  const std::vector<std::string> types(3, "f32[1, 1, 1]");
  EXPECT_THAT(
      evaluated(layer(27, "LinearAttention", types, heads), {{1}, {2}, {3}})
          .values,
      ElementsAre(6));
  heads[2].value = std::string("gated");
  EXPECT_THAT(refusal(layer(27, "LinearAttention", types, heads)),
              HasSubstr("`update_rule` `gated` needs `decay`"));
}

TEST(OnnxCausalConvWithState, paddingIsWhatCameBefore) {
  auto all =
      evaluateAll(layer(27, "CausalConvWithState",
                        {"f32[1, 1, 3]", "f32[1, 1, 2]", "", "f32[1, 1, 1]"},
                        {}, {"y", "state"}),
                  {{1, 2, 3}, {10, 1}, {5}});
  EXPECT_THAT(all[0].values, ElementsAre(51, 12, 23));
  EXPECT_THAT(all[1].values, ElementsAre(3));
  EXPECT_THAT(evaluated(layer(27, "CausalConvWithState",
                              {"f32[1, 1, L]", "f32[1, 1, 2]"}),
                        {{1, 2, 3}, {10, 1}}, {{1, 1, 3}, {1, 1, 2}})
                  .values,
              ElementsAre(1, 12, 23));
}

TEST(OnnxRecurrent, directionsAreJoined) {
  Attributes both = {{"direction", std::string("bidirectional")},
                     {"activations", std::vector<std::string>{"Relu", "relu"}},
                     {"hidden_size", int64_t{1}}};
  auto all = evaluateAll(
      layer(22, "RNN",
            {"f32[T, 1, 1]", "f32[2, 1, 1]", "f32[2, 1, 1]", "f32[2, 2]"}, both,
            {"y", "h"}),
      {{1, 2}, {1, 10}, {1, 1}, {0, 0, 0.5, 0.5}},
      {{2, 1, 1}, {2, 1, 1}, {2, 1, 1}, {2, 2}});
  EXPECT_EQ(all[0].type, "f32[2, 2, 1, 1]");
  // forward 1, 1 + 2; backward 10·2 + 1, then 10·1 + 1 + 21
  EXPECT_THAT(all[0].values, ElementsAre(1, 32, 3, 21));
  EXPECT_THAT(all[1].values, ElementsAre(3, 32));
}

TEST(OnnxRecurrent, batchFirstPutsDirectionsThird) {
  auto all = evaluateAll(layer(14, "GRU",
                               {"f32[2, 3, 1]", "f32[1, 3, 1]", "f32[1, 3, 1]"},
                               {{"layout", int64_t{1}}}, {"y", "h"}),
                         {{0, 0, 0, 0, 0, 0}, {0, 0, 0}, {0, 0, 0}});
  EXPECT_EQ(all[0].type, "f32[2, 3, 1, 1]");
  EXPECT_EQ(all[1].type, "f32[2, 1, 1]");
}

TEST(OnnxRecurrent, numbersGoToTheFunctionsThatTakeThem) {
  // Relu takes none, so 0.5 is LeakyRelu's
  Attributes functions = {
      {"direction", std::string("bidirectional")},
      {"activations", std::vector<std::string>{"Relu", "LeakyRelu"}},
      {"activation_alpha", std::vector<float>{0.5f}}};
  EXPECT_THAT(evaluated(layer(7, "RNN",
                              {"f32[1, 1, 1]", "f32[2, 1, 1]", "f32[2, 1, 1]"},
                              functions),
                        {{-4}, {1, 1}, {0, 0}})
                  .values,
              ElementsAre(0, -2));
  functions[1].value = std::vector<std::string>{"Relu"};
  EXPECT_THAT(
      refusal(layer(7, "RNN", {"f32[1, 1, 1]", "f32[2, 1, 1]", "f32[2, 1, 1]"},
                    functions)),
      HasSubstr("1 activations, needs 2"));
  EXPECT_THAT(
      refusal(layer(7, "RNN", {"f32[1, 1, 1]", "f32[1, 1, 1]", "f32[1, 1, 1]"},
                    {{"activations", std::vector<std::string>{"Swish"}}})),
      HasSubstr("activation `Swish`"));
}

TEST(OnnxRecurrent, lstmGivesThreeResults) {
  auto all = evaluateAll(
      layer(22, "LSTM",
            {"f32[1, 1, 1]", "f32[1, 4, 1]", "f32[1, 4, 1]", "f32[1, 8]"}, {},
            {"y", "h", "c"}),
      {{1}, {0, 0, 0, 0}, {0, 0, 0, 0}, {5, 5, 5, 5, 4, 4, 4, 4}});
  ASSERT_EQ(all.size(), 3u);
  double gate = 1 / (1 + std::exp(-9.0)), c = gate * std::tanh(9.0);
  EXPECT_EQ(all[0].type, "f32[1, 1, 1, 1]");
  EXPECT_THAT(all[2].values, Pointwise(IsNear(), Values{c}));
  EXPECT_THAT(all[1].values, Pointwise(IsNear(), Values{gate * std::tanh(c)}));
}

TEST(OnnxResize, scalesBefore11AreFlooredUpAndCeiledDown) {
  auto resize = [](int64_t opset, const std::string &op, Values scales) {
    TestModel model(opset);
    model.input("x", "f32[4]").initializer("scales", "f32[1]", scales);
    return model.node(op, {"x", "scales"}).output("y");
  };
  EXPECT_THAT(evaluated(resize(10, "Resize", {2}), {{1, 2, 3, 4}}).values,
              ElementsAre(1, 1, 2, 2, 3, 3, 4, 4));
  EXPECT_THAT(evaluated(resize(10, "Resize", {0.6}), {{1, 2, 3, 4}}).values,
              ElementsAre(1, 3));
  EXPECT_THAT(evaluated(resize(9, "Upsample", {2}), {{1, 2, 3, 4}}).values,
              ElementsAre(1, 1, 2, 2, 3, 3, 4, 4));
  EXPECT_THAT(evaluated(layer(7, "Upsample", {"f32[2]"},
                              {{"scales", std::vector<float>{2}}}),
                        {{1, 2}})
                  .values,
              ElementsAre(1, 1, 2, 2));
  EXPECT_THAT(evaluated(layer(1, "Upsample", {"f32[1, 1, 1, 2]"},
                              {{"height_scale", 1.0f}, {"width_scale", 2.0f}}),
                        {{1, 2}})
                  .values,
              ElementsAre(1, 1, 2, 2));
}

TEST(OnnxResize, axesInAnyOrderAndSizesInTheRun) {
  auto y = evaluated(
      layer(19, "Resize", {"f32[1, 2]", "", "", "i64[2]"},
            {{"axes", Ints{1, 0}},
             {"coordinate_transformation_mode", std::string("asymmetric")},
             {"nearest_mode", std::string("floor")}}),
      {{1, 2}, {4, 2}});
  EXPECT_EQ(y.type, "f32[2, 4]");
  EXPECT_THAT(y.values, ElementsAre(1, 1, 2, 2, 1, 1, 2, 2));
}

TEST(OnnxResize, refusals) {
  EXPECT_THAT(refusal(layer(13, "Resize", {"f32[2]"})),
              HasSubstr("either `scales` or `sizes`"));
  EXPECT_THAT(refusal(layer(13, "Resize", {"f32[2]", "", "f32[1]"},
                            {{"mode", std::string("area")}})),
              HasSubstr("`mode` is `area`"));
  EXPECT_THAT(refusal(layer(13, "Resize", {"f32[2]", "", "f32[1]"},
                            {{"antialias", int64_t{1}}})),
              HasSubstr("there is no attribute `antialias`"));
}

TEST(OnnxSampling, gridSampleNamesItsModesByVersion) {
  const std::vector<std::string> types = {"f32[1, 1, 1, 2]", "f32[1, 1, 1, 2]"};
  for (int64_t opset : {16, 20})
    EXPECT_THAT(
        evaluated(
            layer(opset, "GridSample", types,
                  {{"mode", std::string(opset == 16 ? "bilinear" : "linear")}}),
            {{1, 3}, {0, 0}})
            .values,
        ElementsAre(2));
  EXPECT_THAT(
      refusal(layer(20, "GridSample", types, {{"mode", std::string("area")}})),
      HasSubstr("`mode` is `area`"));
}

TEST(OnnxSampling, suppressionKnowsItsNumbersInTheRun) {
  auto y =
      evaluated(layer(11, "NonMaxSuppression",
                      {"f32[1, 2, 4]", "f32[1, 1, 2]", "i64[1]", "f32[1]"}),
                {{0, 0, 1, 1, 0, 0, 1, 1}, {1, 2}, {5}, {0.5}});
  EXPECT_EQ(y.type, "i64[1, 3]");
  EXPECT_THAT(y.values, ElementsAre(0, 0, 1));
  EXPECT_EQ(evaluated(layer(10, "NonMaxSuppression",
                            {"f32[1, 2, 4]", "f32[1, 1, 2]"}),
                      {{0, 0, 1, 1, 0, 0, 1, 1}, {1, 2}})
                .type,
            "i64[0, 3]");
}

TEST(OnnxConvTranspose, sizesBecomePads) {
  auto transposed = [](const Attributes &attributes) {
    return evaluated(layer(11, "ConvTranspose",
                           {"f32[1, 1, 2]", "f32[1, 1, 3]"}, attributes),
                     {{1, 10}, {1, 2, 3}});
  };
  EXPECT_THAT(transposed({}).values, ElementsAre(1, 12, 23, 30));
  EXPECT_THAT(transposed({{"strides", Ints{2}}}).values,
              ElementsAre(1, 2, 13, 20, 30));
  EXPECT_THAT(
      transposed({{"strides", Ints{2}}, {"output_padding", Ints{1}}}).values,
      ElementsAre(1, 2, 13, 20, 30, 0));
  EXPECT_THAT(
      transposed({{"strides", Ints{2}}, {"output_shape", Ints{6}}}).values,
      ::testing::SizeIs(6));
  // one to cut: SAME_UPPER at the end, SAME_LOWER at the beginning
  EXPECT_THAT(transposed({{"strides", Ints{2}},
                          {"auto_pad", std::string("SAME_UPPER")}})
                  .values,
              ElementsAre(1, 2, 13, 20));
  EXPECT_THAT(transposed({{"strides", Ints{2}},
                          {"auto_pad", std::string("SAME_LOWER")}})
                  .values,
              ElementsAre(2, 13, 20, 30));
}

TEST(OnnxPools, powersAndPlaces) {
  EXPECT_THAT(
      evaluated(layer(22, "GlobalMaxPool", {"f32[1, 1, 3]"}), {{1, 5, 2}})
          .values,
      ElementsAre(5));
  EXPECT_THAT(
      evaluated(layer(2, "GlobalLpPool", {"f32[1, 1, 2]"}), {{3, -4}}).values,
      Pointwise(IsNear(), Values{5}));
  EXPECT_THAT(evaluated(layer(1, "LpPool", {"f32[1, 1, 2]"},
                              {{"kernel_shape", Ints{2}}, {"p", 1.0f}}),
                        {{3, -4}})
                  .values,
              Pointwise(IsNear(), Values{7}));
  EXPECT_THAT(refusal(layer(22, "LpPool", {"f32[1, 1, 2]"})),
              HasSubstr("`kernel_shape` is missing"));
  EXPECT_THAT(evaluated(layer(9, "MaxUnpool", {"f32[1, 1, 1]", "i64[1, 1, 1]"},
                              {{"kernel_shape", Ints{2}}}),
                        {{7}, {1}})
                  .values,
              ElementsAre(0, 7));
}

} // namespace
} // namespace rune::import::testing
