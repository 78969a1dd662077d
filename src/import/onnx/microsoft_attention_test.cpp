// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention, embeddings and quantised products of com.microsoft. Expected
// values are numpy's, in float64, from the formulas of the operators.
#include "import/onnx/test_onnx_model.h"

#include <onnx_facts.pb.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rune::import::testing {
namespace {

using ::testing::DoubleNear;
using ::testing::HasSubstr;
using ::testing::Pointwise;
using Attributes = std::vector<TestAttribute>;
using Names = std::vector<std::string>;
using Numbers = std::vector<double>;

MATCHER(IsNear, "") {
  return std::abs(std::get<0>(arg) - std::get<1>(arg)) < 1e-5;
}
auto near(const Numbers &wanted) { return Pointwise(IsNear(), wanted); }

TestModel &ofMicrosoft(TestModel &model) {
  auto *graph = model.proto().mutable_graph();
  graph->mutable_node(graph->node_size() - 1)->set_domain("com.microsoft");
  auto *import = model.proto().add_opset_import();
  import->set_domain("com.microsoft");
  import->set_version(1);
  return model;
}

/// Two steps of width 2, projected to one head of size 2.
TestModel attention(const Names &more, const Attributes &attributes = {},
                    const Names &outputs = {"y"}) {
  TestModel model(17);
  model.input("x", "f32[1, 2, 2]")
      .initializer(
          "w", "f32[2, 6]",
          {-0.5, -0.4, -0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6})
      .initializer("b", "f32[6]", {0, 0.1, 0.2, 0.3, 0.4, 0.5})
      .initializer("second", "i32[1, 2]", {0, 1})
      .initializer("length", "i32[1]", {1})
      .initializer("lengths", "i32[2]", {2, 1})
      .initializer("past", "f32[2, 1, 1, 1, 2]", {0.5, -0.5, 2, 3})
      .initializer("square", "i32[1, 1, 2, 2]", {1, 1, 1, 1});
  Names inputs = {"x", "w", "b"};
  inputs.insert(inputs.end(), more.begin(), more.end());
  Attributes all = {{"num_heads", int64_t{1}}};
  all.insert(all.end(), attributes.begin(), attributes.end());
  model.node("Attention", inputs, all, outputs);
  return ofMicrosoft(model).output(outputs.back());
}

const Numbers steps = {1, 2, -1, 0.5};

TEST(OnnxMicrosoftAttention, attendsToAProjectionOfItsInput) {
  EXPECT_THAT(evaluated(attention({}), {steps}).values,
              near({1.03131865, 1.26033962, 1.02864581, 1.25596586}));
  EXPECT_THAT(
      evaluated(attention({}, {{"unidirectional", int64_t{1}}}), {steps})
          .values,
      near({1.3, 1.7, 1.02864581, 1.25596586}));
}

TEST(OnnxMicrosoftAttention, masksKeysByFlagsAndLengths) {
  Numbers onlyFirst = {1.3, 1.7, 1.3, 1.7}, onlySecond = {0.75, 0.8, 0.75, 0.8};
  EXPECT_THAT(evaluated(attention({"second"}), {steps}).values,
              near(onlySecond));
  EXPECT_THAT(evaluated(attention({"length"}), {steps}).values,
              near(onlyFirst));
  // from 1 to before 2
  EXPECT_THAT(evaluated(attention({"lengths"}), {steps}).values,
              near(onlySecond));
  EXPECT_THAT(refusal(attention({"square"})), HasSubstr("`mask_index`"));
}

TEST(OnnxMicrosoftAttention, goesOnFromThePast) {
  EXPECT_THAT(evaluated(attention({"", "past"}), {steps}).values,
              near({1.33800652, 1.81112211, 1.24096676, 1.63718107}));
  Evaluated present =
      evaluated(attention({"", "past"}, {}, {"y", "present"}), {steps});
  EXPECT_EQ(present.type, "f32[2, 1, 1, 3, 2]");
  EXPECT_THAT(present.values, near({0.5, -0.5, 0.5, 0.9, 0.65, 0.7, 2, 3, 1.3,
                                    1.7, 0.75, 0.8}));
}

TEST(OnnxMicrosoftAttention, ofIntegersIsThatOfWhatTheyStandFor) {
  TestModel model(17);
  Numbers weights;
  for (int i = -5; i < 7; ++i)
    weights.push_back(i);
  model.input("x", "u8[1, 2, 2]")
      .initializer("w", "i8[2, 6]", weights)
      .initializer("b", "f32[6]", {0, 0.1, 0.2, 0.3, 0.4, 0.5})
      .initializer("xs", "f32[]", {0.5})
      .initializer("ws", "f32[]", {0.1})
      .initializer("xz", "u8[]", {3})
      .node("QAttention", {"x", "w", "b", "xs", "ws", "", "xz"},
            {{"num_heads", int64_t{1}}});
  ofMicrosoft(model).output("y");
  EXPECT_THAT(evaluated(model, {{5, 7, 1, 4}}).values,
              near({1.03131865, 1.26033962, 1.02864581, 1.25596586}));
}

TestModel grouped(int64_t steps, const Numbers &total, bool past,
                  const Attributes &attributes = {},
                  const Names &outputs = {"y"}) {
  TestModel model(17);
  model.input("q", fmt::format("f32[1, {}, 4]", steps))
      .input("k", fmt::format("f32[1, {}, 2]", steps))
      .input("v", fmt::format("f32[1, {}, 2]", steps))
      .initializer("pk", "f32[1, 1, 2, 2]", {0.5, 1, 2, -1})
      .initializer("pv", "f32[1, 1, 2, 2]", {3, 1, 1, 4})
      .initializer("last", "i32[1]", {total[0] - 1})
      .initializer("total", "i32[]", total)
      .initializer("cos", "f32[4, 1]", {1, 0.5, 0, -1})
      .initializer("sin", "f32[4, 1]", {0, 0.75, 1, 0.25});
  Attributes all = {{"num_heads", int64_t{2}}, {"kv_num_heads", int64_t{1}}};
  all.insert(all.end(), attributes.begin(), attributes.end());
  model.node("GroupQueryAttention",
             {"q", "k", "v", past ? "pk" : "", past ? "pv" : "", "last",
              "total", "cos", "sin"},
             all, outputs);
  return ofMicrosoft(model).output(outputs.back());
}

const std::vector<Numbers> prompt = {
    {1, 0, 0, 1, 0.5, -1, 2, 1}, {1, 2, -1, 1}, {1, 0, 0, 1}};
const std::vector<Numbers> oneStep = {{1, 0, 0, 1}, {1, 2}, {1, 0}};
// caches are given but turn nothing
const Attributes still = {{"do_rotary", int64_t{0}}};

TEST(OnnxGroupQueryAttention, beginsWithAPrompt) {
  EXPECT_THAT(evaluated(grouped(2, {2}, false, still), prompt).values,
              near({1, 0, 1, 0, 0.5, 0.5, 0.97168208, 0.02831792}));
}

TEST(OnnxGroupQueryAttention, goesOnFromItsCache) {
  EXPECT_THAT(evaluated(grouped(1, {3}, true, still), oneStep).values,
              near({1.37647795, 2.36298426, 1.6113905, 0.60297378}));
  Evaluated keys =
      evaluated(grouped(1, {3}, true, still, {"y", "present"}), oneStep);
  EXPECT_EQ(keys.type, "f32[1, 1, 3, 2]");
  EXPECT_THAT(keys.values, near({0.5, 1, 2, -1, 1, 2}));
}

TEST(OnnxGroupQueryAttention, looksBackAsFarAsItsWindow) {
  EXPECT_THAT(
      evaluated(grouped(1, {3}, true, {{"local_window_size", int64_t{2}}}),
                oneStep)
          .values,
      near({1, 2.6790462, 1, 0.42816721}));
}

TEST(OnnxGroupQueryAttention, turnsByThePlaceInTheSequence) {
  EXPECT_THAT(
      evaluated(grouped(1, {3}, true, {{"do_rotary", int64_t{1}}}), oneStep)
          .values,
      near({1.89161655, 0.87934208, 1.27762411, 0.33105407}));
}

TEST(OnnxGroupQueryAttention, refusesWhatItDoesNotCompute) {
  EXPECT_THAT(refusal(grouped(1, {3}, true, {{"smooth_softmax", int64_t{1}}})),
              HasSubstr("`smooth_softmax`"));
}

TEST(OnnxMicrosoft, normalisesSumsOfEmbeddings) {
  auto make = [](const Names &outputs) {
    TestModel model(17);
    model.input("ids", "i32[1, 2]")
        .input("kinds", "i32[1, 2]")
        .initializer("words", "f32[3, 2]", {1, 2, 3, 5, -1, 0})
        .initializer("places", "f32[2, 2]", {0.5, 0, 0, 1})
        .initializer("segments", "f32[2, 2]", {0, 0, 1, -1})
        .initializer("gamma", "f32[2]", {1, 2})
        .initializer("beta", "f32[2]", {0.5, -0.5})
        .initializer("mask", "i32[1, 2]", {1, 0})
        .node("EmbedLayerNormalization",
              {"ids", "kinds", "words", "places", "segments", "gamma", "beta",
               "mask"},
              {{"epsilon", 0.5f}}, outputs);
    return ofMicrosoft(model).output(outputs.back());
  };
  std::vector<Numbers> inputs = {{2, 1}, {1, 0}};
  EXPECT_THAT(evaluated(make({"y"}), inputs).values,
              near({1.22760688, -1.95521375, -0.40453403, 1.30906807}));
  Evaluated counted = evaluated(make({"y", "index"}), inputs);
  EXPECT_EQ(counted.type, "i32[1]");
  EXPECT_THAT(counted.values, near({1}));
  EXPECT_THAT(evaluated(make({"y", "index", "sum"}), inputs).values,
              near({0.5, -1, 3, 6}));
}

TEST(OnnxMicrosoft, multipliesQuantisedMatrices) {
  auto make = [](const Names &more) {
    TestModel model(17);
    model.input("a", "u8[2, 2]")
        .initializer("as", "f32[]", {0.5})
        .initializer("az", "u8[]", {2})
        .initializer("b", "i8[2, 2]", {1, 2, -1, 0})
        .initializer("bs", "f32[]", {0.25})
        .initializer("bz", "i8[]", {0})
        .initializer("c", "i32[2]", {10, -20})
        .initializer("ys", "f32[]", {0.5})
        .initializer("yz", "u8[]", {20});
    Names inputs = {"a", "as", "az", "b", "bs", "bz", "c"};
    inputs.insert(inputs.end(), more.begin(), more.end());
    model.node("QGemm", inputs, {{"alpha", 2.0f}, {"transB", int64_t{1}}});
    return ofMicrosoft(model).output("y");
  };
  EXPECT_THAT(evaluated(make({}), {{1, 2, 3, 4}}).values,
              near({2.25, -4.75, 3.75, -5.25}));
  // 4.5 and -9.5, 7.5, -10.5 halves: to even, and 20
  EXPECT_THAT(evaluated(make({"ys", "yz"}), {{1, 2, 3, 4}}).values,
              near({24, 10, 28, 10}));
}

} // namespace
} // namespace rune::import::testing
