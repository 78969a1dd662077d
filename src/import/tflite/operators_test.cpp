// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Single layers: what each option means. Expected values are worked out by hand
// from TensorFlow Lite's definitions; whole models are in models_test.cpp.
#include "import/tflite/test_tflite_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rune::import::testing {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pointwise;

using Numbers = std::vector<double>;

TestTensor quantized(std::string name, std::string type, float scale,
                     int64_t zero, Numbers values = {}) {
  return {std::move(name),
          std::move(type),
          std::move(values),
          {{scale}, {zero}, 0}};
}

/// One layer: inputs from outside, constants, one output.
struct Layer {
  std::vector<TestTensor> inputs;
  std::vector<TestTensor> constants;
  TestTensor output;
  int32_t code = 0;

  template <class Make>
  TfliteTestModel with(tflite::Options kind, Make make) const {
    TfliteTestModel model;
    std::vector<int32_t> ids;
    int32_t y = prepare(model, ids);
    model.op(code, ids, {y}, kind, make).output(y);
    return model;
  }
  TfliteTestModel plain() const {
    TfliteTestModel model;
    std::vector<int32_t> ids;
    int32_t y = prepare(model, ids);
    model.op(code, ids, {y}).output(y);
    return model;
  }

private:
  int32_t prepare(TfliteTestModel &model, std::vector<int32_t> &ids) const {
    for (const TestTensor &tensor : inputs)
      ids.push_back(model.input(tensor));
    for (const TestTensor &tensor : constants)
      ids.push_back(model.tensor(tensor));
    return model.tensor(output);
  }
};

// ---- products ---------------------------------------------------------------

TEST(TfliteFullyConnected, addsBiasAndKeepsDimensions) {
  Layer layer{
      {{"x", "f32[1, 2, 2]"}},
      {{"w", "f32[3, 2]", {1, 0, 0, 1, 1, 1}}, {"b", "f32[3]", {10, 20, -30}}},
      {"y", "f32[1, 2, 3]"},
      BUILTIN_FULLY_CONNECTED};
  auto options = [](int8_t activation, bool keep) {
    return [=](auto &fbb) {
      return tflite::CreateFullyConnectedOptions(fbb, activation, 0, keep);
    };
  };
  auto kind = tflite::Options_FullyConnectedOptions;
  TfliteResult kept = run(layer.with(kind, options(1, true)), {{1, 2, 3, 4}});
  EXPECT_EQ(kept.type, "f32[1, 2, 3]");
  EXPECT_EQ(kept.values, (Numbers{11, 22, 0, 13, 24, 0}));
  layer.output.type = "f32[2, 3]";
  EXPECT_EQ(run(layer.with(kind, options(0, false)), {{1, 2, 3, 4}}).values,
            (Numbers{11, 22, -27, 13, 24, -23}));
}

/// real = 0.5 (x + 1) · 0.25 w + 0.125 b, at scale 1 with zero point 3.
TEST(TfliteFullyConnected, requantisesInt8) {
  Layer layer{{quantized("x", "i8[1, 2]", 0.5, -1)},
              {quantized("w", "i8[2, 2]", 0.25, 0, {4, 8, -4, 2}),
               quantized("b", "i32[2]", 0.125, 0, {16, -8})},
              quantized("y", "i8[1, 2]", 1, 3),
              BUILTIN_FULLY_CONNECTED};
  // (4·8 + 8·4 + 16) / 8 = 10; (-32 + 8 - 8) / 8 = -4
  EXPECT_EQ(run(layer.plain(), {{7, 3}}).values, (Numbers{13, -1}));
}

TEST(TfliteFullyConnected, takesUint8WithZeroPoints) {
  Layer layer{{quantized("x", "u8[1, 2]", 0.5, 128)},
              {quantized("w", "u8[1, 2]", 0.5, 100, {104, 90}),
               quantized("b", "i32[1]", 0.25, 0, {2})},
              quantized("y", "u8[1, 1]", 0.5, 10),
              BUILTIN_FULLY_CONNECTED};
  // 4·4 - 2·10 + 2 = -2, of 0.25 each: -1 of the result
  EXPECT_EQ(run(layer.plain(), {{132, 130}}).values, (Numbers{9}));
}

TEST(TfliteFullyConnected, multipliesFloatsByQuantisedWeights) {
  Layer layer{{{"x", "f32[2, 2]"}},
              {quantized("w", "i8[1, 2]", 0.5, 0, {2, -4})},
              {"y", "f32[2, 1]"},
              BUILTIN_FULLY_CONNECTED};
  // each row has its own range; 255 and 0 to 255 are whole numbers in it
  EXPECT_THAT(run(layer.plain(), {{255, 51, 0, 0}}).values,
              Pointwise(DoubleNear(1e-4), Numbers{255 - 102, 0}));
}

TEST(TfliteFullyConnected, refusesWhatDoesNotFit) {
  Layer layer{{{"x", "f32[1, 3]"}},
              {{"w", "f32[1, 2]", {1, 2}}},
              {"y", "f32[1, 1]"},
              BUILTIN_FULLY_CONNECTED};
  EXPECT_THAT(run(layer.plain(), {}).type, HasSubstr("reshape.5"));
  layer.constants[0] = {"w", "f32[2]", {1, 2}};
  EXPECT_THAT(run(layer.plain(), {}).type,
              HasSubstr("`weights` are `f32[2]`, needs two dimensions"));
}

auto conv(int8_t padding, int32_t stride, int8_t activation = 0,
          int32_t dilation = 1) {
  return [=](auto &fbb) {
    return tflite::CreateConvOptions(fbb, padding, stride, stride, activation,
                                     dilation, dilation);
  };
}

TEST(TfliteConv2d, padsSameAtTheEnd) {
  // 1 to 9 in a square, a window of 2x2 ones, stride 2: the last row and
  // column lie outside
  Layer layer{{{"x", "f32[1, 3, 3, 1]"}},
              {{"w", "f32[1, 2, 2, 1]", {1, 1, 1, 1}}},
              {"y", "f32[1, 2, 2, 1]"},
              BUILTIN_CONV_2D};
  Numbers square = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  auto kind = tflite::Options_ConvOptions;
  EXPECT_EQ(run(layer.with(kind, conv(0, 2)), {square}).values,
            (Numbers{12, 9, 15, 9}));
  EXPECT_EQ(run(layer.with(kind, conv(1, 1)), {square}).values,
            (Numbers{12, 16, 24, 28}));
  layer.output.type = "f32[1, 1, 1, 1]";
  EXPECT_EQ(run(layer.with(kind, conv(1, 1, 3, 2)), {square}).values,
            (Numbers{6})); // 1 + 3 + 7 + 9, relu6
}

TEST(TfliteConv2d, ordersWeightsByOutputHeightWidthInput) {
  Layer layer{{{"x", "f32[1, 1, 2, 2]"}},
              {{"w", "f32[2, 1, 2, 2]", {1, 10, 100, 1000, 2, 0, 0, 0}},
               {"b", "f32[2]", {0, 5}}},
              {"y", "f32[1, 1, 1, 2]"},
              BUILTIN_CONV_2D};
  EXPECT_EQ(
      run(layer.with(tflite::Options_ConvOptions, conv(1, 1)), {{1, 2, 3, 4}})
          .values,
      (Numbers{1 + 20 + 300 + 4000, 7}));
}

TEST(TfliteConv2d, hasGroupsWhereWeightsReadFewerChannels) {
  Layer layer{{{"x", "f32[1, 1, 1, 4]"}},
              {{"w", "f32[2, 1, 1, 2]", {1, 2, 3, 4}}},
              {"y", "f32[1, 1, 1, 2]"},
              BUILTIN_CONV_2D};
  EXPECT_EQ(
      run(layer.with(tflite::Options_ConvOptions, conv(1, 1)), {{1, 1, 10, 10}})
          .values,
      (Numbers{3, 70}));
}

TEST(TfliteConv2d, scalesEachChannelOfInt8) {
  Layer layer{{quantized("x", "i8[1, 1, 1, 1]", 1, 0)},
              {{"w", "i8[2, 1, 1, 1]", {2, 2}, {{1, 0.5}, {0, 0}, 0}},
               {"b", "i32[2]", {0, 0}, {{1, 0.5}, {0, 0}, 0}}},
              quantized("y", "i8[1, 1, 1, 2]", 0.5, 0),
              BUILTIN_CONV_2D};
  EXPECT_EQ(
      run(layer.with(tflite::Options_ConvOptions, conv(1, 1)), {{5}}).values,
      (Numbers{20, 10}));
}

TEST(TfliteConv2d, refusesStridesOfZeroAndMissingOptions) {
  Layer layer{{{"x", "f32[1, 3, 3, 1]"}},
              {{"w", "f32[1, 2, 2, 1]", {1, 1, 1, 1}}},
              {"y", "f32[1, 2, 2, 1]"},
              BUILTIN_CONV_2D};
  EXPECT_THAT(run(layer.plain(), {}).type,
              HasSubstr("the stride is 0, needs 1"));
  EXPECT_THAT(
      run(layer.with(tflite::Options_AddOptions,
                     [](auto &fbb) { return tflite::CreateAddOptions(fbb); }),
          {})
          .type,
      HasSubstr("has the options of another operator"));
}

TEST(TfliteDepthwiseConv2d, multipliesChannels) {
  Layer layer{{{"x", "f32[1, 1, 1, 2]"}},
              {{"w", "f32[1, 1, 1, 4]", {1, 2, 3, 4}}},
              {"y", "f32[1, 1, 1, 4]"},
              BUILTIN_DEPTHWISE_CONV_2D};
  EXPECT_EQ(run(layer.with(tflite::Options_DepthwiseOptions,
                           [](auto &fbb) {
                             return tflite::CreateDepthwiseOptions(fbb, 1, 1, 1,
                                                                   2);
                           }),
                {{10, 100}})
                .values,
            (Numbers{10, 20, 300, 400}));
}

TEST(TfliteTransposeConv, spreadsEachElement) {
  Layer layer{{},
              {{"shape", "i32[4]", {1, 1, 4, 1}},
               {"w", "f32[1, 1, 3, 1]", {1, 2, 3}},
               {"x", "f32[1, 1, 2, 1]", {1, 10}}},
              {"y", "f32[1, 1, 4, 1]"},
              BUILTIN_TRANSPOSE_CONV};
  auto options = [](int8_t padding) {
    return [=](auto &fbb) {
      return tflite::CreateTransposeConvOptions(fbb, padding, 2, 2);
    };
  };
  auto kind = tflite::Options_TransposeConvOptions;
  // stride 2 of 3 taps: 1 2 3+10 20 30; same padding drops none before
  EXPECT_EQ(run(layer.with(kind, options(0)), {}).values,
            (Numbers{1, 2, 13, 20}));
  layer.constants[0] = {"shape", "i32[4]", {1, 1, 5, 1}};
  layer.output.type = "f32[1, 1, 5, 1]";
  EXPECT_EQ(run(layer.with(kind, options(1)), {}).values,
            (Numbers{1, 2, 13, 20, 30}));
}

// ---- element by element -----------------------------------------------------

TEST(TfliteAdd, broadcastsAndActivates) {
  Layer layer{{{"x", "f32[2, 2]"}},
              {{"b", "f32[2]", {1, -4}}},
              {"y", "f32[2, 2]"},
              BUILTIN_ADD};
  auto options = [](int8_t activation) {
    return [=](auto &fbb) { return tflite::CreateAddOptions(fbb, activation); };
  };
  auto kind = tflite::Options_AddOptions;
  EXPECT_EQ(run(layer.with(kind, options(0)), {{1, 2, 9, 3}}).values,
            (Numbers{2, -2, 10, -1}));
  EXPECT_EQ(run(layer.with(kind, options(2)), {{1, 2, 9, 3}}).values,
            (Numbers{1, -1, 1, -1}));
  EXPECT_EQ(run(layer.with(kind, options(3)), {{1, 2, 9, 3}}).values,
            (Numbers{2, 0, 6, 0}));
  EXPECT_THAT(run(layer.with(kind, options(5)), {}).type,
              HasSubstr("import.unsupported"));
  EXPECT_THAT(run(layer.with(kind, options(9)), {}).type,
              HasSubstr("activation number 9 is not known"));
}

/// 0.5 a + 0.25 (b - 4), at scale 0.5 with zero point -2.
TEST(TfliteAdd, meetsQuantisedScales) {
  Layer layer{
      {quantized("a", "i8[3]", 0.5, 0), quantized("b", "i8[3]", 0.25, 4)},
      {},
      quantized("y", "i8[3]", 0.5, -2),
      BUILTIN_ADD};
  EXPECT_EQ(run(layer.plain(), {{10, -10, 127}, {8, 0, 127}}).values,
            (Numbers{10, -14, 127}));
}

TEST(TfliteMul, multipliesQuantisedNumbers) {
  Layer layer{
      {quantized("a", "u8[2]", 0.5, 128), quantized("b", "u8[2]", 0.5, 0)},
      {},
      quantized("y", "u8[2]", 1, 128),
      BUILTIN_MUL};
  EXPECT_EQ(run(layer.plain(), {{138, 120}, {4, 8}}).values,
            (Numbers{138, 112})); // 10·4/4, -8·8/4
}

TEST(TfliteRelu6, endsAtTheNumberOfSix) {
  Layer layer{{quantized("x", "i8[4]", 0.125, -8)},
              {},
              quantized("y", "i8[4]", 0.125, -8),
              BUILTIN_RELU6};
  EXPECT_EQ(run(layer.plain(), {{-20, -8, 30, 100}}).values,
            (Numbers{-8, -8, 30, 40}));
}

TEST(TfliteQuantize, roundsTiesAway) {
  Layer layer{
      {{"x", "f32[4]"}}, {}, quantized("y", "i8[4]", 2, 1), BUILTIN_QUANTIZE};
  EXPECT_EQ(run(layer.plain(), {{1, -1, 3, 1000}}).values,
            (Numbers{2, 0, 3, 127}));
  Layer back{{quantized("x", "u8[2]", 0.5, 128)},
             {},
             quantized("y", "i8[2]", 0.5, 0),
             BUILTIN_QUANTIZE};
  EXPECT_EQ(run(back.plain(), {{0, 255}}).values, (Numbers{-128, 127}));
}

TEST(TfliteDequantize, takesAScaleForEachChannel) {
  Layer layer{{{"x", "i8[2, 2]", {}, {{1, 0.5}, {0, 0}, 1}}},
              {},
              {"y", "f32[2, 2]"},
              BUILTIN_DEQUANTIZE};
  EXPECT_EQ(run(layer.plain(), {{1, 2, 3, 4}}).values, (Numbers{1, 1, 3, 2}));
}

/// 256 · 1 / (1 + e^-x) - 128: the ends saturate, the middle is 0.
TEST(TfliteLogistic, isATableOfInt8) {
  Layer layer{{quantized("x", "i8[5]", 0.0625, 0)},
              {},
              quantized("y", "i8[5]", 1.0F / 256, -128),
              BUILTIN_LOGISTIC};
  // at -8, -1, 0, 1, 7.9375
  EXPECT_EQ(run(layer.plain(), {{-128, -16, 0, 16, 127}}).values,
            (Numbers{-128, -59, 0, 59, 127}));
}

/// 128 · tanh x.
TEST(TfliteTanh, isATableOfInt8) {
  Layer layer{{quantized("x", "i8[5]", 0.0625, 0)},
              {},
              quantized("y", "i8[5]", 1.0F / 128, 0),
              BUILTIN_TANH};
  // at -8, -0.5, 0, 0.25, 7.9375
  EXPECT_EQ(run(layer.plain(), {{-128, -8, 0, 4, 127}}).values,
            (Numbers{-128, -59, 0, 31, 127}));
}

TEST(TfliteLeakyRelu, scalesWhatIsNegative) {
  auto alpha = [](auto &fbb) {
    return tflite::CreateLeakyReluOptions(fbb, 0.5);
  };
  auto kind = tflite::Options_LeakyReluOptions;
  Layer floats{{{"x", "f32[2]"}}, {}, {"y", "f32[2]"}, BUILTIN_LEAKY_RELU};
  EXPECT_EQ(run(floats.with(kind, alpha), {{-4, 3}}).values, (Numbers{-2, 3}));
  Layer words{{quantized("x", "i16[2]", 1, 0)},
              {},
              quantized("y", "i16[2]", 0.5, 0),
              BUILTIN_LEAKY_RELU};
  EXPECT_EQ(run(words.with(kind, alpha), {{-100, 30}}).values,
            (Numbers{-100, 60}));
}

TEST(TfliteSoftmax, sumsToOneWithBeta) {
  Layer layer{{{"x", "f32[1, 2]"}}, {}, {"y", "f32[1, 2]"}, BUILTIN_SOFTMAX};
  auto beta = [](auto &fbb) { return tflite::CreateSoftmaxOptions(fbb, 2); };
  // e^2 / (1 + e^2) = 0.880797…
  EXPECT_THAT(
      run(layer.with(tflite::Options_SoftmaxOptions, beta), {{0, 1}}).values,
      Pointwise(DoubleNear(1e-6), Numbers{0.11920292, 0.88079708}));
}

TEST(TfliteSoftmax, needsTheScaleOfItsResult) {
  Layer layer{{quantized("x", "i8[1, 2]", 1, 0)},
              {},
              quantized("y", "i8[1, 2]", 0.5, 0),
              BUILTIN_SOFTMAX};
  auto beta = [](auto &fbb) { return tflite::CreateSoftmaxOptions(fbb, 1); };
  EXPECT_THAT(run(layer.with(tflite::Options_SoftmaxOptions, beta), {}).type,
              HasSubstr("needs 0.00390625 and -128"));
}

TEST(TfliteFloorDiv, roundsDown) {
  Layer layer{{{"a", "i32[4]"}, {"b", "i32[4]"}},
              {},
              {"y", "i32[4]"},
              BUILTIN_FLOOR_DIV};
  EXPECT_EQ(run(layer.plain(), {{7, -7, 7, -6}, {2, 2, -2, -3}}).values,
            (Numbers{3, -4, -4, 2}));
}

TEST(TfliteElu, bendsBelowZero) {
  Layer layer{{{"x", "f32[2]"}}, {}, {"y", "f32[2]"}, BUILTIN_ELU};
  EXPECT_THAT(run(layer.plain(), {{-1, 2}}).values,
              Pointwise(DoubleNear(1e-6), Numbers{-0.63212056, 2}));
}

TEST(TflitePrelu, scalesEachChannel) {
  Layer layer{{{"x", "f32[2, 2]"}},
              {{"alpha", "f32[2]", {2, 3}}},
              {"y", "f32[2, 2]"},
              BUILTIN_PRELU};
  EXPECT_EQ(run(layer.plain(), {{-1, -1, 1, 1}}).values,
            (Numbers{-2, -3, 1, 1}));
}

TEST(TfliteLogSoftmax, staysFiniteForLargeInputs) {
  Layer layer{
      {{"x", "f32[1, 2]"}}, {}, {"y", "f32[1, 2]"}, BUILTIN_LOG_SOFTMAX};
  EXPECT_THAT(run(layer.plain(), {{1000, 1000}}).values,
              Pointwise(DoubleNear(1e-6), Numbers{-0.69314718, -0.69314718}));
}

// ---- moving -----------------------------------------------------------------

TEST(TfliteReshape, takesItsShapeFromTheOptions) {
  Layer layer{{{"x", "f32[2, 3]"}}, {}, {"y", "f32[3, 2]"}, BUILTIN_RESHAPE};
  auto shape = [](auto &fbb) {
    return tflite::CreateReshapeOptions(
        fbb, fbb.CreateVector(std::vector<int32_t>{3, -1}));
  };
  EXPECT_EQ(run(layer.with(tflite::Options_ReshapeOptions, shape),
                {{1, 2, 3, 4, 5, 6}})
                .type,
            "f32[3, 2]");
}

TEST(TfliteReshape, mayLearnItsShapeInTheRun) {
  Layer layer{{{"x", "f32[2, 3]"}, {"shape", "i32[2]"}},
              {},
              {"y", "f32[3, 2]"},
              BUILTIN_RESHAPE};
  EXPECT_EQ(run(layer.plain(), {{1, 2, 3, 4, 5, 6}, {6, 1}}).type, "f32[6, 1]");
}

auto masks(int32_t begin, int32_t end, int32_t ellipsis, int32_t fresh,
           int32_t shrink, bool offset = false) {
  return [=](auto &fbb) {
    return tflite::CreateStridedSliceOptions(fbb, begin, end, ellipsis, fresh,
                                             shrink, offset);
  };
}

TEST(TfliteStridedSlice, followsItsMasks) {
  auto cut = [](Numbers begin, Numbers end, Numbers step,
                const std::string &type, auto options) {
    std::string vector = fmt::format("i32[{}]", begin.size());
    Layer layer{{{"x", "f32[2, 2, 3]"}},
                {{"begin", vector, begin},
                 {"end", vector, end},
                 {"step", vector, step}},
                {"y", type},
                BUILTIN_STRIDED_SLICE};
    TfliteResult result =
        run(layer.with(tflite::Options_StridedSliceOptions, options),
            {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}});
    EXPECT_EQ(result.type, type);
    return result.values;
  };
  // numpy: x[1, :, ::-1], x[:, -1], x[..., 0], x[newaxis, 0], x[0, 0:1+1
  // (offset)]
  EXPECT_EQ(
      cut({1, 0, 0}, {2, 0, 0}, {1, 1, -1}, "f32[2, 3]", masks(6, 6, 0, 0, 1)),
      (Numbers{8, 7, 6, 11, 10, 9}));
  EXPECT_EQ(cut({0, -1}, {0, 0}, {1, 1}, "f32[2, 3]", masks(1, 1, 0, 0, 2)),
            (Numbers{3, 4, 5, 9, 10, 11}));
  EXPECT_EQ(cut({0, 0}, {0, 1}, {1, 1}, "f32[2, 2]", masks(0, 0, 1, 0, 2)),
            (Numbers{0, 3, 6, 9}));
  EXPECT_EQ(
      cut({0, 0}, {0, 1}, {1, 1}, "f32[1, 1, 2, 3]", masks(0, 0, 0, 1, 0)),
      (Numbers{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(cut({0, 0, 1}, {1, 1, 2}, {1, 1, 1}, "f32[1, 1, 2]",
                masks(0, 0, 0, 0, 0, true)),
            (Numbers{1, 2}));
}

TEST(TflitePad, padsQuantisedNumbersWithZero) {
  Layer layer{{quantized("x", "i8[1, 2]", 1, 5)},
              {{"pads", "i32[2, 2]", {0, 0, 1, 2}}},
              quantized("y", "i8[1, 5]", 1, 5),
              BUILTIN_PAD};
  EXPECT_EQ(run(layer.plain(), {{1, 2}}).values, (Numbers{5, 1, 2, 5, 5}));
}

TEST(TfliteMirrorPad, repeatsTheEdgeOrNot) {
  Layer layer{{{"x", "f32[3]"}},
              {{"pads", "i32[1, 2]", {2, 1}}},
              {"y", "f32[6]"},
              BUILTIN_MIRROR_PAD};
  auto mode = [](int8_t number) {
    return
        [=](auto &fbb) { return tflite::CreateMirrorPadOptions(fbb, number); };
  };
  auto kind = tflite::Options_MirrorPadOptions;
  EXPECT_EQ(run(layer.with(kind, mode(0)), {{1, 2, 3}}).values,
            (Numbers{3, 2, 1, 2, 3, 2}));
  EXPECT_EQ(run(layer.with(kind, mode(1)), {{1, 2, 3}}).values,
            (Numbers{2, 1, 1, 2, 3, 3}));
}

TEST(TfliteSpaceToDepth, goesThereAndBack) {
  Layer layer{{{"x", "f32[1, 2, 4, 1]"}},
              {},
              {"y", "f32[1, 1, 2, 4]"},
              BUILTIN_SPACE_TO_DEPTH};
  Numbers image = {1, 2, 3, 4, 5, 6, 7, 8}, blocks = {1, 2, 5, 6, 3, 4, 7, 8};
  auto two = [](auto &fbb) {
    return tflite::CreateSpaceToDepthOptions(fbb, 2);
  };
  EXPECT_EQ(
      run(layer.with(tflite::Options_SpaceToDepthOptions, two), {image}).values,
      blocks);
  Layer back{{{"x", "f32[1, 1, 2, 4]"}},
             {},
             {"y", "f32[1, 2, 4, 1]"},
             BUILTIN_DEPTH_TO_SPACE};
  auto again = [](auto &fbb) {
    return tflite::CreateDepthToSpaceOptions(fbb, 2);
  };
  EXPECT_EQ(run(back.with(tflite::Options_DepthToSpaceOptions, again), {blocks})
                .values,
            image);
}

TEST(TfliteConcatenation, rescalesUint8) {
  Layer layer{{quantized("a", "u8[1]", 1, 0), quantized("b", "u8[1]", 0.5, 10)},
              {},
              quantized("y", "u8[2]", 1, 0),
              BUILTIN_CONCATENATION};
  EXPECT_EQ(run(layer.plain(), {{7}, {20}}).values, (Numbers{7, 5}));
}

TEST(TfliteSplit, givesPiecesOfEqualLength) {
  TfliteTestModel model;
  int32_t axis = model.tensor({"axis", "i32[]", {-1}});
  int32_t x = model.input({"x", "f32[1, 4]"});
  int32_t a = model.tensor({"a", "f32[1, 2]"}),
          b = model.tensor({"b", "f32[1, 2]"});
  model.op(BUILTIN_SPLIT, {axis, x}, {a, b}).output(a).output(b);
  auto results = runAll(model, {{1, 2, 3, 4}});
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[1].values, (Numbers{3, 4}));
}

TEST(TflitePack, joinsAlongANewDimension) {
  Layer layer{
      {{"a", "f32[2]"}, {"b", "f32[2]"}}, {}, {"y", "f32[2, 2]"}, BUILTIN_PACK};
  auto axis = [](auto &fbb) { return tflite::CreatePackOptions(fbb, 2, 1); };
  EXPECT_EQ(run(layer.with(tflite::Options_PackOptions, axis), {{1, 2}, {3, 4}})
                .values,
            (Numbers{1, 3, 2, 4}));
}

// ---- reducing ---------------------------------------------------------------

TEST(TfliteMean, dividesQuantisedSums) {
  Layer same{{quantized("x", "i8[1, 3]", 1, 0)},
             {{"axes", "i32[1]", {1}}},
             quantized("y", "i8[1]", 1, 0),
             BUILTIN_MEAN};
  EXPECT_EQ(run(same.plain(), {{1, 2, 5}}).values, (Numbers{3})); // 8/3
  EXPECT_EQ(run(same.plain(), {{-1, -2, -5}}).values, (Numbers{-3}));
  Layer other{{quantized("x", "i8[1, 2]", 1, -4)},
              {{"axes", "i32[1]", {1}}},
              quantized("y", "i8[1]", 0.5, 3),
              BUILTIN_MEAN};
  EXPECT_EQ(run(other.plain(), {{0, 6}}).values, (Numbers{17})); // 7 / 0.5 + 3
}

TEST(TfliteArgMax, givesTheTypeItStates) {
  Layer layer{{{"x", "f32[2, 3]"}},
              {{"axis", "i32[]", {1}}},
              {"y", "i32[2]"},
              BUILTIN_ARG_MAX};
  TfliteResult result = run(layer.plain(), {{1, 3, 3, 5, 4, 1}});
  EXPECT_EQ(result.type, "i32[2]");
  EXPECT_EQ(result.values, (Numbers{1, 0}));
}

TEST(TfliteResizeNearest, takesCornersAndCentres) {
  Layer layer{{{"x", "f32[1, 1, 2, 1]"}},
              {{"size", "i32[2]", {1, 3}}},
              {"y", "f32[1, 1, 3, 1]"},
              BUILTIN_RESIZE_NEAREST_NEIGHBOR};
  auto options = [](bool corners, bool half) {
    return [=](auto &fbb) {
      return tflite::CreateResizeNearestOptions(fbb, corners, half);
    };
  };
  auto kind = tflite::Options_ResizeNearestOptions;
  EXPECT_EQ(run(layer.with(kind, options(false, false)), {{1, 2}}).values,
            (Numbers{1, 1, 2}));
  EXPECT_EQ(run(layer.with(kind, options(true, false)), {{1, 2}}).values,
            (Numbers{1, 2, 2}));
}

TEST(TfliteCompare, exchangesForGreater) {
  Layer layer{{{"a", "f32[2]"}, {"b", "f32[2]"}},
              {},
              {"y", "bool[2]"},
              BUILTIN_GREATER};
  EXPECT_EQ(run(layer.plain(), {{1, 3}, {2, 2}}).values, (Numbers{0, 1}));
  layer.code = BUILTIN_NOT_EQUAL;
  EXPECT_EQ(run(layer.plain(), {{1, 2}, {2, 2}}).values, (Numbers{1, 0}));
}

} // namespace
} // namespace rune::import::testing
