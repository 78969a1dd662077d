// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// BatchNormalization, Clip, Dropout, Softmax across their versions.
#include "import/onnx/test_onnx_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace rune::import::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::Pointwise;
using Values = std::vector<double>;

MATCHER(IsNear, "") {
  return std::abs(std::get<0>(arg) - std::get<1>(arg)) < 1e-5;
}

TestModel softmax(int64_t opset, std::string_view x,
                  const std::vector<TestAttribute> &attributes = {}) {
  return TestModel(opset)
      .input("x", x)
      .node("Softmax", {"x"}, attributes)
      .output("y");
}

TEST(OnnxSoftmax, before13OneDistributionFromAxisOn) {
  Values zeros(8, 0);
  EXPECT_THAT(evaluated(softmax(1, "f32[2, 2, 2]"), {zeros}).values,
              Pointwise(IsNear(), Values(8, 0.25)));
  EXPECT_THAT(
      evaluated(softmax(11, "f32[2, 2, 2]", {{"axis", int64_t{-3}}}), {zeros})
          .values,
      Pointwise(IsNear(), Values(8, 0.125)));
}

TEST(OnnxSoftmax, since13OneAxis) {
  double e = std::exp(1);
  EXPECT_THAT(evaluated(softmax(13, "f32[2, 2]"), {{0, 1, 5, 5}}).values,
              Pointwise(IsNear(), Values{1 / (1 + e), e / (1 + e), 0.5, 0.5}));
  EXPECT_THAT(evaluated(softmax(13, "f32[2, 2]", {{"axis", int64_t{0}}}),
                        {{0, 5, 1, 5}})
                  .values,
              Pointwise(IsNear(), Values{1 / (1 + e), 0.5, e / (1 + e), 0.5}));
}

TEST(OnnxSoftmax, refusesAxesOutside) {
  EXPECT_EQ(refusal(softmax(1, "f32[2, 2]", {{"axis", int64_t{-1}}})),
            "import.malformed: layer `layer`: `Softmax` of opset 1: axis -1 "
            "outside [0, 2), the input has 2 dimensions");
  EXPECT_EQ(refusal(softmax(13, "f32[2, 2]", {{"axis", int64_t{2}}})),
            "import.malformed: layer `layer`: `Softmax` of opset 13: axis 2 "
            "outside [-2, 2), the input has 2 dimensions");
}

TEST(OnnxClip, attributesBefore11) {
  auto model = [](int64_t opset, const std::vector<TestAttribute> &bounds) {
    return TestModel(opset)
        .input("x", "f32[3]")
        .node("Clip", {"x"}, bounds)
        .output("y");
  };
  EXPECT_THAT(
      evaluated(model(6, {{"min", -1.0f}, {"max", 2.0f}}), {{-5, 1, 5}}).values,
      ElementsAre(-1, 1, 2));
  double infinity = std::numeric_limits<double>::infinity();
  double largest = std::numeric_limits<float>::max();
  EXPECT_THAT(evaluated(model(6, {}), {{-infinity, 1, infinity}}).values,
              ElementsAre(-largest, 1, largest));
  EXPECT_THAT(evaluated(model(1, {}), {{-infinity, 1, infinity}}).values,
              ElementsAre(-infinity, 1, infinity));
}

TEST(OnnxClip, before11FloatsOnly) {
  EXPECT_EQ(refusal(TestModel(6)
                        .input("x", "i32[3]")
                        .node("Clip", {"x"}, {{"min", 0.0f}})
                        .output("y")),
            "import.malformed: layer `layer`: `Clip` of opset 6: `input` is "
            "`i32`, needs floats");
}

TEST(OnnxClip, inputsSince11) {
  TestModel onlyMax = TestModel(12)
                          .input("x", "i8[3]")
                          .initializer("max", "i8[]", {2})
                          .node("Clip", {"x", "", "max"})
                          .output("y");
  EXPECT_THAT(evaluated(onlyMax, {{-5, 1, 5}}).values, ElementsAre(-5, 1, 2));
  TestModel atRunTime = TestModel(13)
                            .input("x", "f32[2]")
                            .input("min", "f32[1]")
                            .node("Clip", {"x", "min"})
                            .output("y");
  EXPECT_THAT(evaluated(atRunTime, {{-5, 5}, {0}}).values, ElementsAre(0, 5));
  EXPECT_EQ(refusal(TestModel(13)
                        .input("x", "f32[2]")
                        .input("min", "f32[2]")
                        .node("Clip", {"x", "min"})
                        .output("y")),
            "import.malformed: layer `layer`: `Clip` of opset 13: `min` is "
            "`f32[2]`, needs to be a scalar");
}

/// Two channels; (x - mean)/√(var + 0)·scale + bias
TestModel batch(int64_t opset, const std::vector<TestAttribute> &attributes,
                const std::vector<std::string> &outputs = {"y"},
                std::string_view x = "f32[1, 2, 2]",
                const std::string &parameter = "f32[2]") {
  std::vector<TestAttribute> all = attributes;
  all.push_back({"epsilon", 0.0f});
  size_t count = parameter == "f32[2]" ? 2 : 4;
  TestModel model(opset);
  model.input("x", x)
      .initializer("scale", parameter, counting(count, 1))
      .initializer("bias", parameter, counting(count, 10))
      .initializer("mean", parameter, counting(count, 0))
      .initializer("var", parameter, std::vector<double>(count, 4))
      .node("BatchNormalization", {"x", "scale", "bias", "mean", "var"}, all,
            outputs);
  for (const std::string &output : outputs)
    model.output(output);
  return model;
}

TEST(OnnxBatchNormalization, usesTheStoredStatistics) {
  for (int64_t opset : {1, 6, 7, 9, 14, 15})
    EXPECT_THAT(evaluated(batch(opset, {}), {{2, 4, 3, 5}}).values,
                ElementsAre(11, 12, 13, 15))
        << opset;
}

TEST(OnnxBatchNormalization, readsTheAttributesOfItsVersion) {
  EXPECT_EQ(evaluated(batch(1, {{"is_test", int64_t{1}},
                                {"consumed_inputs", std::vector<int64_t>{0}},
                                {"momentum", 0.5f},
                                {"spatial", int64_t{1}}}),
                      {{2, 4, 3, 5}})
                .type,
            "f32[1, 2, 2]");
  EXPECT_EQ(refusal(batch(9, {{"spatial", int64_t{1}}})),
            "import.malformed: layer `layer`: `BatchNormalization` of opset 9: "
            "there is no attribute `spatial` in this version");
  EXPECT_EQ(refusal(batch(9, {{"training_mode", int64_t{0}}})),
            "import.malformed: layer `layer`: `BatchNormalization` of opset 9: "
            "there is no attribute `training_mode` in this version");
}

TEST(OnnxBatchNormalization, trainingGivesTheRunningStatistics) {
  // channel 0: 1, 3 (mean 2, variance 1); channel 1: 5, 5 + 4 (mean 7, var. 4)
  for (auto [opset, attributes] :
       {std::pair{int64_t{14},
                  std::vector<TestAttribute>{{"training_mode", int64_t{1}},
                                             {"momentum", 0.75f}}},
        std::pair{int64_t{9},
                  std::vector<TestAttribute>{{"momentum", 0.75f}}}}) {
    auto results =
        evaluateAll(batch(opset, attributes, {"y", "m", "v"}), {{1, 3, 5, 9}});
    ASSERT_EQ(results.size(), 3u) << results[0].type;
    EXPECT_THAT(results[0].values, ElementsAre(9, 11, 9, 13));
    EXPECT_THAT(results[1].values, ElementsAre(0.5, 2.5));
    EXPECT_THAT(results[2].values, ElementsAre(3.25, 4));
  }
}

TEST(OnnxBatchNormalization, everyFeatureAloneWithoutSpatial) {
  Evaluated y = evaluated(
      batch(7, {{"spatial", int64_t{0}}}, {"y"}, "f32[n, 2, 2]", "f32[2, 2]"),
      {{2, 3, 4, 5}}, {{1, 2, 2}});
  // (x - [0, 1, 2, 3])/2·[1, 2, 3, 4] + [10, 11, 12, 13]
  EXPECT_EQ(y.type, "f32[1, 2, 2]");
  EXPECT_THAT(y.values, ElementsAre(11, 13, 15, 17));
}

TEST(OnnxBatchNormalization, refusesWhatItCannotDo) {
  auto text = [](int64_t opset, const std::string &why,
                 const std::string &code = "import.unsupported") {
    return fmt::format(
        "{}: layer `layer`: `BatchNormalization` of opset {}: {}", code, opset,
        why);
  };
  EXPECT_EQ(refusal(batch(9, {}, {"y", "m", "v", "sm", "sv"})),
            text(9, "the outputs `saved_mean` and `saved_var`"));
  EXPECT_EQ(refusal(batch(6, {{"is_test", int64_t{0}}})),
            text(6, "training (`is_test` is 0) without the statistics as "
                    "outputs"));
  EXPECT_EQ(refusal(batch(6, {{"is_test", int64_t{1}}}, {"y", "m"})),
            text(6, "the statistics are outputs only without `is_test`",
                 "import.malformed"));
  EXPECT_EQ(refusal(batch(15, {}, {"y", "m"})),
            text(15, "the statistics are outputs only with `training_mode`",
                 "import.malformed"));
  EXPECT_EQ(refusal(batch(7, {{"spatial", int64_t{0}}}, {"y", "m"})),
            text(7, "training with `spatial` = 0"));
  EXPECT_EQ(refusal(batch(7, {{"spatial", int64_t{0}}}, {"y"}, "f32[n, c, 2]",
                          "f32[2, 2]")),
            text(7, "`spatial` = 0 on `f32[n, c, 2]`, of which more than one "
                    "dimension is not known"));
}

TestModel dropout(int64_t opset, const std::vector<std::string> &inputs,
                  const std::vector<TestAttribute> &attributes = {},
                  const std::vector<std::string> &outputs = {"y"}) {
  TestModel model(opset);
  model.input("x", "f32[2]")
      .initializer("half", "f32[]", {0.5})
      .initializer("zero", "f32[]", {0})
      .initializer("yes", "bool[]", {1})
      .initializer("no", "bool[]", {0})
      .node("Dropout", inputs, attributes, outputs);
  return model.output(outputs.back());
}

TEST(OnnxDropout, isTheIdentityAtInference) {
  EXPECT_THAT(evaluated(dropout(7, {"x"}, {{"ratio", 0.5f}}), {{1, 2}}).values,
              ElementsAre(1, 2));
  EXPECT_THAT(
      evaluated(dropout(1, {"x"}, {{"is_test", int64_t{1}}}), {{1, 2}}).values,
      ElementsAre(1, 2));
  EXPECT_THAT(evaluated(dropout(13, {"x", "half", "no"}), {{1, 2}}).values,
              ElementsAre(1, 2));
  EXPECT_THAT(evaluated(dropout(13, {"x", "zero", "yes"}), {{1, 2}}).values,
              ElementsAre(1, 2));
}

TEST(OnnxDropout, theMaskIsAllOnes) {
  Evaluated old = evaluated(dropout(7, {"x"}, {}, {"y", "mask"}), {{1, 2}});
  EXPECT_EQ(old.type, "f32[2]");
  EXPECT_THAT(old.values, ElementsAre(1, 1));
  Evaluated now = evaluated(dropout(12, {"x"}, {}, {"y", "mask"}), {{1, 2}});
  EXPECT_EQ(now.type, "bool[2]");
  EXPECT_THAT(now.values, ElementsAre(1, 1));
}

TEST(OnnxDropout, theMaskHasTheSizesOfTheRun) {
  Evaluated mask = evaluated(TestModel(13)
                                 .input("x", "f32[n]")
                                 .node("Dropout", {"x"}, {}, {"y", "mask"})
                                 .output("mask"),
                             {{0, std::nan(""), 2}}, {{3}});
  EXPECT_EQ(mask.type, "bool[3]");
  EXPECT_THAT(mask.values, ElementsAre(1, 1, 1));
}

TEST(OnnxDropout, refusesRatiosOutsideOfZeroToOne) {
  EXPECT_EQ(
      refusal(dropout(6, {"x"}, {{"is_test", int64_t{0}}, {"ratio", 1.0f}})),
      "import.malformed: layer `layer`: `Dropout` of opset 6: the ratio "
      "is 1, needs to be in [0, 1)");
}

} // namespace
} // namespace rune::import::testing
