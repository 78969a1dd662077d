// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Custom operators against the loops of their specifications, as
// testdata/make_golden_custom.py writes them.
#include "base/files.h"
#include "graph/evaluate.h"
#include "import/tflite/test_tflite_model.h"

#include <flatbuffers/flexbuffers.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace rune::import::testing {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

const Json &golden() {
  static const Json json = [] {
    auto file = FileBytes::open(
        RUNE_SOURCE_DIR "/src/import/tflite/testdata/golden_custom.json",
        1 << 24);
    RUNE_CHECK(file, "the expected values");
    return Json::parse(asText(file->bytes()));
  }();
  return json;
}

/// A map of numbers, as the converter writes it.
Bytes flexOf(const Json &options) {
  flexbuffers::Builder builder;
  builder.Map([&] {
    for (const auto &[name, value] : options.items())
      if (value.is_boolean())
        builder.Bool(name.c_str(), value.get<bool>());
      else if (value.is_number_integer())
        builder.Int(name.c_str(), value.get<int64_t>());
      else
        builder.Float(name.c_str(), value.get<float>());
  });
  builder.Finish();
  return builder.GetBuffer();
}

std::string typeText(const std::string &dtype, const Json &sizes) {
  return fmt::format("{}[{}]", dtype,
                     fmt::join(sizes.get<std::vector<int64_t>>(), ", "));
}

TfliteTestModel detector(const Json &each) {
  TfliteTestModel model;
  auto type = each["type"].get<std::string>();
  auto input = [&](const char *name, std::vector<int64_t> sizes) {
    TestQuantization quantization;
    if (each.contains("scale"))
      quantization = {{each["scale"][name][0].get<float>()},
                      {each["scale"][name][1].get<int64_t>()}};
    return model.input(
        {name, typeText(type, sizes), {}, std::move(quantization)});
  };
  int64_t boxes = each["boxes"], classes = each["classes"];
  int32_t encoded = input("boxes", {1, boxes, 4});
  int32_t scores = input("scores", {1, boxes, classes});
  int32_t anchors = input("anchors", {boxes, 4});
  const Json &options = each["options"];
  int64_t rows = options["max_detections"].get<int64_t>() *
                 options["max_classes_per_detection"].get<int64_t>();
  std::vector<int32_t> outputs = {
      model.tensor({"corners", fmt::format("f32[1, {}, 4]", rows)}),
      model.tensor({"class_numbers", fmt::format("f32[1, {}]", rows)}),
      model.tensor({"class_scores", fmt::format("f32[1, {}]", rows)}),
      model.tensor({"count", "f32[1]"})};
  model.custom("TFLite_Detection_PostProcess", {encoded, scores, anchors},
               outputs);
  model.customOptions(flexOf(options));
  for (int32_t output : outputs)
    model.output(output);
  return model;
}

TEST(TfliteDetection, findsTheBoxesOfTheReference) {
  for (const Json &each : golden()["detection"]) {
    const Json &in = each["inputs"];
    auto numbers = [](const Json &list) {
      return list.get<std::vector<double>>();
    };
    auto results =
        runAll(detector(each), {numbers(in["boxes"]), numbers(in["scores"]),
                                numbers(in["anchors"])});
    ASSERT_EQ(results.size(), 4U) << each["name"] << results[0].type;
    for (size_t i = 0; i < 4; ++i)
      EXPECT_EQ(results[i].values, numbers(each["outputs"][i]))
          << each["name"] << " output " << i;
  }
}

TEST(TfliteDetection, refusesWhatContradictsItself) {
  Json each = golden()["detection"][0];
  auto refusal = [&](const char *option, const Json &value) {
    Json changed = each;
    changed["options"][option] = value;
    TfliteOutcome outcome = importOf(detector(changed));
    EXPECT_FALSE(outcome.graph.has_value());
    return outcome.messages;
  };
  EXPECT_THAT(refusal("nms_iou_threshold", 1.5),
              HasSubstr("import.malformed: layer `corners`: `custom "
                        "TFLite_Detection_PostProcess` version 1: "
                        "`nms_iou_threshold` is 1.5, must be above 0"));
  EXPECT_THAT(refusal("num_classes", 7), HasSubstr("import.malformed"));
  EXPECT_THAT(refusal("max_detections", 0),
              HasSubstr("option `max_detections` is 0, must be 1 to 65536"));
  EXPECT_THAT(refusal("h_scale", 0.0), HasSubstr("`h_scale` is 0"));
  EXPECT_THAT(refusal("y_scale", false), HasSubstr("`y_scale`"));
}

/// One layer of the signal library.
TfliteTestModel layer(const Json &each) {
  TfliteTestModel model;
  std::vector<int32_t> outputs;
  int32_t x = model.input({"x", typeText("i16", each["input"])});
  outputs.push_back(model.tensor({"y", typeText("i16", each["output"][0])}));
  if (each["output"].size() > 1)
    outputs.push_back(
        model.tensor({"valid", typeText("bool", each["output"][1])}));
  model.custom(each["operator"], {x}, outputs);
  model.customOptions(flexOf(each["options"]));
  for (int32_t output : outputs)
    model.output(output);
  return model;
}

TEST(TfliteSignalFrames, rememberSamplesAsTheReferenceDoes) {
  for (const Json &each : golden()["signal"]) {
    std::vector<std::vector<std::vector<double>>> inputs;
    for (const Json &run : each["runs"])
      inputs.push_back({run["input"].get<std::vector<double>>()});
    auto results = runAllInTurn(layer(each), inputs);
    ASSERT_EQ(results.size(), inputs.size()) << each["operator"];
    for (size_t i = 0; i < results.size(); ++i) {
      const Json &wanted = each["runs"][i]["outputs"];
      ASSERT_EQ(results[i].size(), wanted.size());
      for (size_t j = 0; j < wanted.size(); ++j)
        for (size_t k = 0; k < wanted[j].size(); ++k)
          if (!wanted[j][k].is_null()) // what the reference writes
            ASSERT_EQ(results[i][j][k], wanted[j][k].get<double>())
                << each["operator"] << each["options"] << " run " << i
                << " output " << j << " element " << k;
    }
  }
}

TEST(TfliteSignalFrames, overlappingFloatsAreAdded) {
  TfliteTestModel model;
  int32_t x = model.input({"x", "f32[2, 3]"});
  int32_t y = model.tensor({"y", "f32[4]"});
  model.custom("SignalOverlapAdd", {x}, {y});
  model.customOptions(flexOf({{"T", 0}, {"frame_step", 2}}));
  model.output(y);
  EXPECT_THAT(runInTurn(model, {{{1, 2, 3, 10, 20, 30}}, {{0, 0, 0, 0, 0, 0}}}),
              ::testing::ElementsAre(::testing::ElementsAre(1, 2, 13, 20),
                                     ::testing::ElementsAre(30, 0, 0, 0)));
}

TEST(TfliteSignalFrames, aCircularBufferKeepsTheLastInputs) {
  TfliteTestModel model;
  int32_t x = model.input({"x", "i8[1, 1, 1, 2]"});
  int32_t y = model.tensor({"y", "i8[1, 3, 1, 2]"});
  model.custom("CIRCULAR_BUFFER", {x}, {y});
  model.customOptions(flexOf({{"cycles_max", 1}}));
  model.output(y);
  EXPECT_THAT(runInTurn(model, {{{1, 2}}, {{3, 4}}, {{5, 6}}, {{7, 8}}}),
              ::testing::ElementsAre(::testing::ElementsAre(0, 0, 0, 0, 1, 2),
                                     ::testing::ElementsAre(0, 0, 1, 2, 3, 4),
                                     ::testing::ElementsAre(1, 2, 3, 4, 5, 6),
                                     ::testing::ElementsAre(3, 4, 5, 6, 7, 8)));
}

/// What the reference interpreter leaves in the output when the buffer ends the
/// run: what was there. Runs end before the second buffer too.
TEST(TfliteSignalFrames, aCircularBufferWithAPeriodLetsEachOfThoseRunsGoOn) {
  TfliteTestModel model;
  int32_t x = model.input({"x", "i8[1, 1, 1, 1]"});
  int32_t twos = model.tensor({"twos", "i8[1, 2, 1, 1]"});
  int32_t rows = model.tensor({"rows", "i32[4]", {1, 1, 1, 2}});
  int32_t pairs = model.tensor({"pairs", "i8[1, 1, 1, 2]"});
  int32_t y = model.tensor({"y", "i8[1, 3, 1, 2]"});
  model.custom("CIRCULAR_BUFFER", {x}, {twos});
  model.customOptions(flexOf({{"cycles_max", 2}}));
  model.op(BUILTIN_RESHAPE, {twos, rows}, {pairs});
  model.custom("CIRCULAR_BUFFER", {pairs}, {y});
  model.customOptions(flexOf({{"cycles_max", 2}}));
  model.output(x).output(y);
  auto runs = runAllInTurn(
      model, {{{1}}, {{2}}, {{3}}, {{4}}, {{5}}, {{6}}, {{7}}, {{8}}});
  using Numbers = std::vector<double>;
  Numbers zeros(6, 0), first{0, 0, 1, 2, 3, 4}, second{3, 4, 5, 6, 7, 8};
  const Numbers wanted[] = {zeros, zeros, zeros, first,
                            first, first, first, second};
  ASSERT_EQ(runs.size(), std::size(wanted));
  for (size_t i = 0; i < runs.size(); ++i) {
    EXPECT_EQ(runs[i][0], Numbers{static_cast<double>(i + 1)}) << "run " << i;
    EXPECT_EQ(runs[i][1], wanted[i]) << "run " << i;
  }
}

/// The fifth buffer of the reference's larger model, by its shape.
TEST(TfliteSignalFrames, circularBuffersWithoutAPeriodTakeItFromTheirShape) {
  auto runsOf = [](const char *in, const char *out, int64_t size) {
    TfliteTestModel model;
    int32_t x = model.input({"x", in});
    int32_t y = model.tensor({"y", out});
    model.custom("CIRCULAR_BUFFER", {x}, {y}).output(y);
    std::vector<double> ones(static_cast<size_t>(size), 1);
    auto runs = runInTurn(model, {{ones}, {ones}});
    return std::pair(runs[0].back(), runs[1].back());
  };
  EXPECT_EQ(runsOf("i8[1, 1, 1, 2]", "i8[1, 5, 1, 2]", 2), std::pair(1., 1.));
  EXPECT_EQ(runsOf("i8[1, 1, 1, 2]", "i8[1, 4, 1, 2]", 2), std::pair(0., 1.));
}

/// A spectrum there and back.
std::vector<double> transformed(const char *name, const std::string &in,
                                const std::string &out, int64_t length,
                                const std::vector<double> &numbers) {
  TfliteTestModel model;
  int32_t x = model.input({"x", in});
  int32_t y = model.tensor({"y", out});
  model.custom(name, {x}, {y});
  model.customOptions(flexOf({{"T", 0}, {"fft_length", length}}));
  model.output(y);
  TfliteResult result = run(model, {numbers});
  EXPECT_EQ(result.type, out);
  return result.values;
}

/// Kiss FFT's forward transform sums, the inverse one is divided by the length.
TEST(TfliteSignalSpectrum, ofFloats) {
  std::vector<double> samples = {1, 2, 3, 4}, bins = {10, 0, -2, 2, -2, 0};
  EXPECT_THAT(transformed("SignalRfft", "f32[1, 4]", "f32[1, 6]", 4, samples),
              ::testing::Pointwise(::testing::DoubleNear(1e-6), bins));
  EXPECT_THAT(transformed("SignalIrfft", "f32[1, 6]", "f32[1, 4]", 4, bins),
              ::testing::Pointwise(::testing::DoubleNear(1e-6), samples));
}

/// Both divide by the length.
TEST(TfliteSignalSpectrum, inFixedPointComesBackAsAnEighth) {
  for (const char *type : {"i16", "i32"}) {
    std::vector<double> samples = {8000, -4000, 2000, 100, -8000, 0, 1, 300};
    std::vector<double> eighths = {1000, -500, 250, 12.5, -1000, 0, .125, 37.5};
    auto bins = transformed("SignalRfft", fmt::format("{}[8]", type),
                            fmt::format("{}[10]", type), 8, samples);
    EXPECT_THAT(transformed("SignalIrfft", fmt::format("{}[10]", type),
                            fmt::format("{}[8]", type), 8, bins),
                ::testing::Pointwise(::testing::DoubleNear(4), eighths));
  }
}

TEST(TfliteSignalSpectrum, refusesLengthsThatDoNotFit) {
  TfliteTestModel model;
  int32_t x = model.input({"x", "i16[8]"});
  int32_t y = model.tensor({"y", "i16[8]"});
  model.custom("SignalIrfft", {x}, {y});
  model.customOptions(flexOf({{"T", 7}, {"fft_length", 8}}));
  model.output(y);
  EXPECT_THAT(importOf(model).messages,
              HasSubstr("the input has 8 numbers, needs 10"));
}

TEST(TfliteSignalFrames, refuseWhatDoesNotFit) {
  auto refusal = [](const Json &each) {
    return importOf(layer(each)).messages;
  };
  Json framer = golden()["signal"][3];
  framer["options"]["frame_step"] = 4;
  EXPECT_THAT(refusal(framer), HasSubstr("samples in steps of 4"));
  Json stacker = golden()["signal"][7];
  stacker["options"]["stacker_step"] = 5;
  EXPECT_THAT(refusal(stacker), HasSubstr("must be 1 to 4"));
  stacker = golden()["signal"][7];
  stacker["options"]["num_channels"] = 4;
  EXPECT_THAT(refusal(stacker), HasSubstr("`num_channels` is 4"));
  Json delay = golden()["signal"][0];
  delay["options"].erase("delay_length");
  delay["options"]["other"] = 1;
  EXPECT_THAT(refusal(delay), HasSubstr("option `delay_length` is missing"));
}

} // namespace
} // namespace rune::import::testing
