// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators of com.microsoft. Expected values are computed by hand, or by numpy
// from the formulas.
#include "import/onnx/test_onnx_model.h"

#include <onnx_facts.pb.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace rune::import::testing {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Attributes = std::vector<TestAttribute>;

/// The node last added belongs to com.microsoft.
TestModel &ofMicrosoft(TestModel &model) {
  auto *graph = model.proto().mutable_graph();
  graph->mutable_node(graph->node_size() - 1)->set_domain("com.microsoft");
  if (model.proto().opset_import_size() == 1) {
    auto *import = model.proto().add_opset_import();
    import->set_domain("com.microsoft");
    import->set_version(1);
  }
  return model;
}

TestModel unary(const std::string &op, std::string_view type,
                const Attributes &attributes = {}) {
  TestModel model(17);
  model.input("x", type).node(op, {"x"}, attributes);
  return ofMicrosoft(model).output("y");
}

/// One row of 32 weights, of which four are used; two to a byte, the first low.
TestModel nBits(const Attributes &attributes, const std::vector<double> &bytes,
                const std::vector<std::string> &more = {}) {
  TestModel model(17);
  model.input("a", "f32[1, 4]")
      .initializer("b", fmt::format("u8[1, 1, {}]", bytes.size()), bytes)
      .initializer("scales", "f32[1, 1]", {0.5})
      .initializer("packed", "u8[1]", {0x02})
      .initializer("real", "f32[1, 1]", {1.5})
      .initializer("bias", "f32[1]", {100})
      .initializer("order", "i32[4]", {0, 0, 0, 0});
  std::vector<std::string> inputs = {"a", "b", "scales"};
  inputs.insert(inputs.end(), more.begin(), more.end());
  Attributes all = {
      {"K", int64_t{4}}, {"N", int64_t{1}}, {"block_size", int64_t{32}}};
  all.insert(all.end(), attributes.begin(), attributes.end());
  model.node("MatMulNBits", inputs, all);
  return ofMicrosoft(model).output("y");
}

std::vector<double> padded(std::vector<double> bytes, size_t count) {
  bytes.resize(count);
  return bytes;
}

TEST(OnnxMatMulNBits, unpacksWeightsOfEachWidth) {
  // Codes 1, 10, 7, 15; the zero point is 8: -7, 2, -1, 7, halved.
  std::vector<double> four = padded({0xa1, 0xf7}, 16);
  Attributes bits4 = {{"bits", int64_t{4}}};
  EXPECT_THAT(evaluated(nBits(bits4, four), {{1, 10, 100, 1000}}).values,
              ElementsAre(-3.5 + 10 - 50 + 3500));
  // Zero point 2, in the low bits of its byte: -1, 8, 5, 13.
  EXPECT_THAT(
      evaluated(nBits(bits4, four, {"packed"}), {{1, 10, 100, 1000}}).values,
      ElementsAre(-0.5 + 40 + 250 + 6500));
  // A real zero point, and a bias.
  EXPECT_THAT(
      evaluated(nBits(bits4, four, {"real", "", "bias"}), {{1, 10, 100, 1000}})
          .values,
      ElementsAre(-0.25 + 42.5 + 275 + 6750 + 100));
  EXPECT_THAT(
      evaluated(nBits({{"bits", int64_t{8}}}, padded({128, 130, 0, 255}, 32)),
                {{1, 10, 100, 1000}})
          .values,
      ElementsAre(10 - 6400 + 63500));
  // Codes 3, 0, 1, 2 less 2.
  EXPECT_THAT(evaluated(nBits({{"bits", int64_t{2}}}, padded({0x93}, 8)),
                        {{1, 10, 100, 1000}})
                  .values,
              ElementsAre(0.5 - 10 - 50 + 0));
}

TEST(OnnxMatMulNBits, refusesWhatItCannotRead) {
  std::vector<double> four(16);
  EXPECT_THAT(refusal(nBits({}, four, {"", "order"})), HasSubstr("`g_idx`"));
  EXPECT_THAT(refusal(nBits({{"bits", int64_t{3}}}, four)),
              HasSubstr("weights of 3 bits"));
  EXPECT_THAT(refusal(nBits({}, std::vector<double>(15))),
              HasSubstr("needs 16 bytes"));
}

TEST(OnnxMicrosoft, activations) {
  auto near = [](double a, double b) {
    return ElementsAre(DoubleNear(a, 1e-6), DoubleNear(b, 1e-6));
  };
  EXPECT_THAT(evaluated(unary("Gelu", "f32[2]"), {{-1.5, 2}}).values,
              near(-0.10021080, 1.95449974));
  EXPECT_THAT(evaluated(unary("FastGelu", "f32[2]"), {{-1.5, 2}}).values,
              near(-0.10042842, 1.95459769));
  EXPECT_THAT(
      evaluated(unary("QuickGelu", "f32[2]", {{"alpha", 2.0f}}), {{-1.5, 2}})
          .values,
      near(-0.07113881, 1.96402758));
}

TEST(OnnxMicrosoft, addsQuantised) {
  TestModel model(17);
  model.input("a", "u8[2]")
      .input("b", "u8[1]")
      .initializer("as", "f32[]", {0.5})
      .initializer("az", "u8[]", {10})
      .initializer("bs", "f32[1]", {2})
      .initializer("cs", "f32[]", {1})
      .initializer("cz", "u8[]", {100})
      .node("QLinearAdd", {"a", "as", "az", "b", "bs", "", "cs", "cz"});
  ofMicrosoft(model).output("y");
  // (11 - 10)/2 + 6 = 6.5 → 6, (13 - 10)/2 + 6 = 7.5 → 8
  EXPECT_THAT(evaluated(model, {{11, 13}, {3}}).values, ElementsAre(106, 108));
}

TEST(OnnxMicrosoft, poolsWithChannelsLast) {
  TestModel model(17);
  model.input("x", "u8[1, 2, 2, 2]")
      .initializer("s", "f32[]", {1})
      .initializer("z", "u8[]", {0})
      .node("QLinearAveragePool", {"x", "s", "z", "s", "z"},
            {{"kernel_shape", std::vector<int64_t>{2, 2}},
             {"channels_last", int64_t{1}}});
  ofMicrosoft(model).output("y");
  Evaluated y = evaluated(model, {{0, 10, 2, 20, 4, 30, 6, 40}});
  EXPECT_EQ(y.type, "u8[1, 1, 1, 2]");
  EXPECT_THAT(y.values, ElementsAre(3, 25));
}

TEST(OnnxMicrosoft, multipliesIntegersToFloats) {
  TestModel model(17);
  model.input("a", "u8[1, 2]")
      .initializer("b", "i8[2, 2]", {1, 2, 3, 4})
      .initializer("as", "f32[]", {0.5})
      .initializer("bs", "f32[2]", {1, 2})
      .initializer("az", "u8[]", {1})
      .initializer("bias", "f32[2]", {10, 20})
      .node("MatMulIntegerToFloat", {"a", "b", "as", "bs", "az", "", "bias"});
  ofMicrosoft(model).output("y");
  EXPECT_THAT(evaluated(model, {{2, 3}}).values, ElementsAre(13.5, 30));
}

TEST(OnnxMicrosoft, convolvesAddsAndActivates) {
  TestModel model(17);
  model.input("x", "f32[1, 1, 3]")
      .initializer("w", "f32[1, 1, 2]", {1, -1})
      .initializer("z", "f32[1, 1, 2]", {0, 5})
      .node("FusedConv", {"x", "w", "", "z"},
            {{"activation", std::string("LeakyRelu")},
             {"activation_params", std::vector<float>{0.5}}});
  ofMicrosoft(model).output("y");
  EXPECT_THAT(evaluated(model, {{1, 3, 4}}).values, ElementsAre(-1, 4));
  EXPECT_THAT(refusal([] {
                TestModel other(17);
                other.input("x", "f32[1, 1, 3]")
                    .initializer("w", "f32[1, 1, 2]", {1, -1})
                    .node("FusedConv", {"x", "w"},
                          {{"activation", std::string("Sine")}});
                return ofMicrosoft(other).output("y");
              }()),
              HasSubstr("the activation `Sine`"));
}

TEST(OnnxMicrosoft, scalesAProduct) {
  TestModel model(17);
  model.input("a", "f32[2, 1]")
      .input("b", "f32[1, 2]")
      .node("FusedMatMul", {"a", "b"},
            {{"alpha", 0.5f}, {"transA", int64_t{1}}, {"transB", int64_t{1}}});
  ofMicrosoft(model).output("y");
  EXPECT_THAT(evaluated(model, {{1, 2}, {10, 100}}).values, ElementsAre(105));
}

TEST(OnnxMicrosoft, normalisesTheSum) {
  TestModel model(17);
  model.input("x", "f32[1, 2]")
      .input("skip", "f32[1, 2]")
      .initializer("gamma", "f32[2]", {1, 2})
      .initializer("beta", "f32[2]", {0, 10})
      .node("SkipLayerNormalization", {"x", "skip", "gamma", "beta"}, {},
            {"y", "", "", "sum"});
  ofMicrosoft(model).output("y").output("sum");
  auto results = evaluateAll(model, {{1, 2}, {1, 4}});
  ASSERT_EQ(results.size(), 2u) << results[0].type;
  EXPECT_THAT(results[0].values,
              ElementsAre(DoubleNear(-1, 1e-6), DoubleNear(12, 1e-6)));
  EXPECT_THAT(results[1].values, ElementsAre(2, 6));
}

TEST(OnnxMicrosoft, simplifiedNormalisationStandsInTheStandardDomain) {
  TestModel model(17);
  model.input("x", "f32[1, 2]")
      .initializer("scale", "f32[2]", {1, 2})
      .node("SimplifiedLayerNormalization", {"x", "scale"},
            {{"epsilon", 0.0f}, {"stash_type", int64_t{1}}})
      .output("y");
  EXPECT_THAT(evaluated(model, {{1, 7}}).values,
              ElementsAre(DoubleNear(0.2, 1e-6), DoubleNear(2.8, 1e-6)));
}

TestModel attention(const std::vector<double> &mask) {
  TestModel model(17);
  model.input("q", "f32[1, 2, 2]")
      .input("k", "f32[1, 2, 2]")
      .input("v", "f32[1, 2, 2]")
      .initializer("bias", "f32[6]", {0.5, -0.5, 0, 1, 10, 20})
      .initializer("mask", "i32[1, 2]", mask)
      .node("MultiHeadAttention", {"q", "k", "v", "bias", "mask"},
            {{"num_heads", int64_t{2}}, {"scale", 1.0f}});
  return ofMicrosoft(model).output("y");
}

/// Two heads of width 1; softmax(q·k) of numpy.
TEST(OnnxMicrosoft, attendsInHeads) {
  std::vector<std::vector<double>> inputs = {
      {1, 2, 3, 4}, {1, 0, 0, 1}, {1, 2, 3, 4}};
  EXPECT_THAT(evaluated(attention({1, 1}), inputs).values,
              ElementsAre(DoubleNear(11.36485105, 1e-5),
                          DoubleNear(23.63514895, 1e-5),
                          DoubleNear(11.05862446, 1e-5),
                          DoubleNear(23.94137554, 1e-5)));
  EXPECT_THAT(evaluated(attention({1, 0}), inputs).values,
              ElementsAre(11, 22, 11, 22));
}

TEST(OnnxMicrosoft, turnsByTheAngleOfThePosition) {
  auto model = [](std::string_view positions, const std::vector<double> &at) {
    TestModel made(17);
    made.input("x", "f32[1, 2, 2]")
        .initializer("at", positions, at)
        .initializer("cos", "f32[3, 1]", {1, 0, -1})
        .initializer("sin", "f32[3, 1]", {0, 1, 0})
        .node("RotaryEmbedding", {"x", "at", "cos", "sin"});
    return ofMicrosoft(made).output("y");
  };
  // Position 1 turns (a, b) to (-b, a), position 2 to (-a, -b).
  EXPECT_THAT(evaluated(model("i64[1, 2]", {1, 2}), {{3, 4, 5, 6}}).values,
              ElementsAre(-4, 3, -5, -6));
  EXPECT_THAT(evaluated(model("i64[1]", {1}), {{3, 4, 5, 6}}).values,
              ElementsAre(-4, 3, -5, -6));
}

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

struct Cell {
  double h = 0, c = 0;

  /// By the sums of its gates.
  Cell next(double i, double o, double f, double g) const {
    double cell = logistic(f) * c + logistic(i) * std::tanh(g);
    return {logistic(o) * std::tanh(cell), cell};
  }
};

/// x is 255 and 102 steps of 1 / 255; the state is a step of its own, 255.
TEST(MicrosoftDynamicQuantizeLSTM, quantisesTheStateInEachStep) {
  TestModel model(17);
  model.input("x", "f32[2, 1, 1]")
      .initializer("w", "i8[1, 1, 4]", {10, 20, 30, 40})
      .initializer("r", "i8[1, 1, 4]", {5, 6, 7, 8})
      .initializer("ws", "f32[1]", {.01})
      .initializer("rs", "f32[1]", {.1})
      .initializer("z", "i8[1]", {0})
      .node("DynamicQuantizeLSTM",
            {"x", "w", "r", "", "", "", "", "", "ws", "z", "rs", "z"},
            {{"hidden_size", int64_t{1}}}, {"y", "h", "c"});
  ofMicrosoft(model).output("y").output("h").output("c");
  auto results = evaluateAll(model, {{1, .4}});
  ASSERT_EQ(results.size(), 3U);
  Cell first = Cell().next(.1, .2, .3, .4);
  double x = .4, h = first.h;
  Cell second = first.next(.1 * x + .5 * h, .2 * x + .6 * h, .3 * x + .7 * h,
                           .4 * x + .8 * h);
  EXPECT_EQ(results[0].type, "f32[2, 1, 1, 1]");
  EXPECT_THAT(results[0].values, ElementsAre(DoubleNear(first.h, 1e-6),
                                             DoubleNear(second.h, 1e-6)));
  EXPECT_THAT(results[1].values, ElementsAre(DoubleNear(second.h, 1e-6)));
  EXPECT_THAT(results[2].values, ElementsAre(DoubleNear(second.c, 1e-6)));
}

/// Backwards, the shorter element has nothing to say of its second step.
TEST(MicrosoftDynamicQuantizeLSTM, knowsLengthsAndDirections) {
  TestModel model(17);
  model.input("x", "f32[2, 1, 1]")
      .initializer("w", "u8[2, 1, 4]", {138, 148, 158, 168, 138, 148, 158, 168})
      .initializer("r", "u8[2, 1, 4]", {133, 134, 135, 136, 133, 134, 135, 136})
      .initializer("ws", "f32[2]", {.01, .02})
      .initializer("rs", "f32[2]", {.1, .1})
      .initializer("z", "u8[2]", {128, 128})
      .initializer("lengths", "i32[1]", {1})
      .node("DynamicQuantizeLSTM",
            {"x", "w", "r", "", "lengths", "", "", "", "ws", "z", "rs", "z"},
            {{"hidden_size", int64_t{1}},
             {"direction", std::string("bidirectional")}},
            {"y", "h", "c"});
  ofMicrosoft(model).output("y").output("h").output("c");
  auto results = evaluateAll(model, {{1, .4}});
  ASSERT_EQ(results.size(), 3U);
  Cell forward = Cell().next(.1, .2, .3, .4);
  Cell back = Cell().next(.2, .4, .6, .8);
  EXPECT_EQ(results[0].type, "f32[2, 2, 1, 1]");
  EXPECT_THAT(results[0].values, ElementsAre(DoubleNear(forward.h, 1e-6),
                                             DoubleNear(back.h, 1e-6), 0, 0));
  EXPECT_THAT(results[1].values, ElementsAre(DoubleNear(forward.h, 1e-6),
                                             DoubleNear(back.h, 1e-6)));
  EXPECT_THAT(results[2].values, ElementsAre(DoubleNear(forward.c, 1e-6),
                                             DoubleNear(back.c, 1e-6)));
}

} // namespace
} // namespace rune::import::testing
