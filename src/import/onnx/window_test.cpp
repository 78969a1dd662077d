// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Conv and the pools: what auto_pad, dilations, ceil_mode and the versions
// mean. Expected values are computed by hand.
#include "import/onnx/test_onnx_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rune::import::testing {
namespace {

using ::testing::ElementsAre;
using Ints = std::vector<int64_t>;

TestModel conv(std::string_view x, std::string_view w,
               const std::vector<TestAttribute> &attributes,
               int64_t opset = 11) {
  return TestModel(opset)
      .input("x", x)
      .input("w", w)
      .node("Conv", {"x", "w"}, attributes)
      .output("y");
}

TestModel pool(const std::string &op, int64_t opset, std::string_view x,
               std::vector<TestAttribute> attributes, int64_t kernel = 2) {
  attributes.push_back({"kernel_shape", Ints{kernel}});
  return TestModel(opset).input("x", x).node(op, {"x"}, attributes).output("y");
}

const graph::Node &onlyNode(const Outcome &outcome) {
  EXPECT_TRUE(outcome.graph) << outcome.messages;
  EXPECT_EQ(outcome.graph->nodes.size(), 1u);
  return outcome.graph->nodes.front();
}

TEST(OnnxConv, readsEveryAttribute) {
  Outcome outcome = importOf(conv("f32[1, 4, 9, 9]", "f32[6, 2, 3, 2]",
                                  {{"strides", Ints{2, 1}},
                                   {"dilations", Ints{1, 3}},
                                   {"pads", Ints{1, 2, 3, 4}},
                                   {"group", int64_t{2}},
                                   {"kernel_shape", Ints{3, 2}}}));
  const graph::Node &node = onlyNode(outcome);
  EXPECT_EQ(node.name, "layer");
  EXPECT_EQ(node.text("layout"), "NCX");
  EXPECT_THAT(node.integers("strides"), ElementsAre(2, 1));
  EXPECT_THAT(node.integers("dilations"), ElementsAre(1, 3));
  EXPECT_THAT(node.integers("pads"), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(node.integer("groups"), 2);
  // (9 + 1 + 3 - 3) / 2 + 1 and (9 + 2 + 4 - 4) / 1 + 1
  EXPECT_EQ(outcome.graph->values[outcome.graph->outputs[0]].type.str(),
            "f32[1, 6, 6, 12]");
}

TEST(OnnxConv, addsItsBias) {
  TestModel model = TestModel(22)
                        .input("x", "f32[1, 1, 3]")
                        .initializer("w", "f32[1, 1, 2]", {1, 10})
                        .initializer("b", "f32[1]", {100})
                        .node("Conv", {"x", "w", "b"})
                        .output("y");
  EXPECT_THAT(evaluated(model, {{1, 2, 3}}).values, ElementsAre(121, 132));
}

Ints padsOf(const std::string &mode, std::string_view x, int64_t stride,
            int64_t dilation, int64_t kernel) {
  std::string w = fmt::format("f32[1, 1, {}]", kernel);
  Outcome outcome = importOf(conv(x, w,
                                  {{"auto_pad", mode},
                                   {"strides", Ints{stride}},
                                   {"dilations", Ints{dilation}}}));
  return onlyNode(outcome).integers("pads");
}

TEST(OnnxWindow, sameKeepsTheSizeDividedByTheStride) {
  EXPECT_THAT(padsOf("SAME_UPPER", "f32[1, 1, 5]", 1, 1, 4), ElementsAre(1, 2));
  EXPECT_THAT(padsOf("SAME_LOWER", "f32[1, 1, 5]", 1, 1, 4), ElementsAre(2, 1));
  // ⌈6/4⌉ = 2 places need 4 + 5 elements
  EXPECT_THAT(padsOf("SAME_UPPER", "f32[1, 1, 6]", 4, 2, 3), ElementsAre(1, 2));
  // a window smaller than the stride needs none
  EXPECT_THAT(padsOf("SAME_UPPER", "f32[1, 1, 7]", 3, 1, 1), ElementsAre(0, 0));
  EXPECT_THAT(padsOf("VALID", "f32[1, 1, 5]", 1, 1, 4), ElementsAre(0, 0));
  EXPECT_THAT(padsOf("NOTSET", "f32[1, 1, 5]", 1, 1, 4), ElementsAre(0, 0));
}

TEST(OnnxWindow, sameNeedsTheSizeOnlyWithAStride) {
  EXPECT_THAT(padsOf("SAME_UPPER", "f32[1, 1, ?]", 1, 1, 3), ElementsAre(1, 1));
  EXPECT_EQ(refusal(conv("f32[1, 1, width]", "f32[1, 1, 3]",
                         {{"auto_pad", "SAME_LOWER"}, {"strides", Ints{2}}})),
            "import.unsupported: layer `layer`: `Conv` of opset 11: "
            "`auto_pad` with stride 2 over dimension `width`, whose size is "
            "not known");
}

std::string convRefusal(const std::vector<TestAttribute> &attributes) {
  std::string text = refusal(conv("f32[1, 1, 5]", "f32[1, 1, 3]", attributes));
  std::string prefix = "import.malformed: layer `layer`: `Conv` of opset 11: ";
  EXPECT_TRUE(text.starts_with(prefix)) << text;
  return text.substr(std::min(text.size(), prefix.size()));
}

TEST(OnnxWindow, refusesWhatDoesNotFit) {
  EXPECT_EQ(convRefusal({{"strides", Ints{1, 1}}}),
            "`strides` has 2 numbers, needs 1");
  EXPECT_EQ(convRefusal({{"strides", Ints{0}}}),
            "`strides` holds 0, needs 1 to 2147483647");
  EXPECT_EQ(convRefusal({{"dilations", Ints{int64_t{1} << 40}}}),
            "`dilations` holds 1099511627776, needs 1 to 2147483647");
  EXPECT_EQ(convRefusal({{"pads", Ints{-1, 0}}}),
            "`pads` holds -1, needs 0 to 2147483647");
  EXPECT_EQ(convRefusal({{"auto_pad", "SAME"}}),
            "`auto_pad` is `SAME`, needs `NOTSET`, `SAME_UPPER`, "
            "`SAME_LOWER` or `VALID`");
  EXPECT_EQ(convRefusal({{"auto_pad", "VALID"}, {"pads", Ints{0, 1}}}),
            "`auto_pad` is `VALID`, but `pads` are given too");
  EXPECT_EQ(convRefusal(
                {{"auto_pad", "SAME_UPPER"}, {"dilations", Ints{2147483647}}}),
            "a window of 4294967295 elements, at most 2147483647 are allowed");
  EXPECT_EQ(convRefusal({{"kernel_shape", Ints{4}}}),
            "`kernel_shape` has 4 where `W` (`f32[1, 1, 3]`) has 3");
  EXPECT_EQ(convRefusal({{"kernel_shape", Ints{3, 3}}}),
            "`kernel_shape` has 2 numbers, needs 1");
  EXPECT_EQ(convRefusal({{"group", int64_t{0}}}),
            "`group` is 0, needs 1 or more");
  EXPECT_EQ(convRefusal({{"strides", int64_t{1}}}),
            "attribute `strides` is an int, needs ints");
  EXPECT_EQ(convRefusal({{"stride", Ints{1}}}),
            "there is no attribute `stride` in this version");
}

TEST(OnnxConv, refusesInputsOfOtherRanks) {
  EXPECT_EQ(refusal(conv("f32[1, 1]", "f32[1, 1]", {})),
            "import.malformed: layer `layer`: `Conv` of opset 11: `X` is "
            "`f32[1, 1]`, needs [N, C, D1, …]");
  EXPECT_EQ(refusal(conv("f32[1, 1, 5]", "f32[1, 1, 3, 3]", {})),
            "import.malformed: layer `layer`: `Conv` of opset 11: `W` is "
            "`f32[1, 1, 3, 3]`, `X` is `f32[1, 1, 5]`: the ranks differ");
  EXPECT_EQ(refusal(conv("f32[1, 1, 5]", "f32[1, 1, ?]", {})),
            "import.unsupported: layer `layer`: `Conv` of opset 11: weights "
            "`f32[1, 1, ?]` without `kernel_shape`");
  EXPECT_EQ(refusal(conv("f32[1, 1, 5]", "f32[1, 1, 0]", {})),
            "import.malformed: layer `layer`: `Conv` of opset 11: `W` is "
            "`f32[1, 1, 0]`: an empty window");
}

TEST(OnnxConv, refusalsOfTheGraphSayWhereTheyComeFrom) {
  std::string text = refusal(conv("f32[1, 3, 5]", "f32[1, 2, 3]", {}));
  EXPECT_TRUE(text.starts_with("graph.invalid: `layer` (conv): ")) << text;
}

TEST(OnnxMaxPool, takesTheLargestUnderTheWindow) {
  Evaluated y =
      evaluated(pool("MaxPool", 1, "f32[1, 1, 4]", {}), {{1, 5, 2, -3}});
  EXPECT_EQ(y.type, "f32[1, 1, 3]");
  EXPECT_THAT(y.values, ElementsAre(5, 5, 2));
}

TEST(OnnxMaxPool, dilatesAndRoundsUpSince10) {
  std::vector<TestAttribute> attributes = {
      {"dilations", Ints{2}}, {"ceil_mode", int64_t{1}}, {"strides", Ints{2}}};
  Evaluated y = evaluated(pool("MaxPool", 10, "f32[1, 1, 6]", attributes),
                          {{1, 9, 2, 9, 3, 9}});
  // windows at 0 (1, 2), 2 (2, 3) and, rounded up, 4 (3)
  EXPECT_THAT(y.values, ElementsAre(2, 3, 3));
  EXPECT_EQ(
      refusal(pool("MaxPool", 8, "f32[1, 1, 6]", {{"ceil_mode", int64_t{1}}})),
      "import.malformed: layer `layer`: `MaxPool` of opset 8: there is "
      "no attribute `ceil_mode` in this version");
}

TestModel withIndices(int64_t opset, int64_t order) {
  std::vector<TestAttribute> attributes = {{"kernel_shape", Ints{2, 2}},
                                           {"strides", Ints{2, 2}}};
  if (order != 0)
    attributes.push_back({"storage_order", order});
  return TestModel(opset)
      .input("x", "f32[1, 1, 2, 4]")
      .node("MaxPool", {"x"}, attributes, {"y", "places"})
      .output("places");
}

TEST(OnnxMaxPool, tellsThePlacesRowOrColumnWise) {
  std::vector<double> x = {0, 0, 0, 0, 0, 7, 8, 0};
  Evaluated rows = evaluated(withIndices(8, 0), {x});
  EXPECT_EQ(rows.type, "i64[1, 1, 1, 2]");
  EXPECT_THAT(rows.values, ElementsAre(5, 6));
  // (row 1, column 1) is 1·2 + 1, (row 1, column 2) is 2·2 + 1
  EXPECT_THAT(evaluated(withIndices(12, 1), {x}).values, ElementsAre(3, 5));
  EXPECT_EQ(refusal(withIndices(1, 0)),
            "import.malformed: layer `layer`: `MaxPool` of opset 1: two "
            "outputs, this version gives one");
}

TEST(OnnxMaxPool, sameFixesTheSizeWhateverCeilModeSays) {
  Evaluated y = evaluated(pool("MaxPool", 12, "f32[1, 1, 3]",
                               {{"auto_pad", "SAME_UPPER"},
                                {"ceil_mode", int64_t{1}},
                                {"strides", Ints{2}}}),
                          {{1, 2, 3}});
  EXPECT_THAT(y.values, ElementsAre(2, 3));
}

TEST(OnnxAveragePool, countsPadsOnlyOnRequest) {
  std::vector<TestAttribute> padded = {{"pads", Ints{1, 0}}};
  EXPECT_THAT(
      evaluated(pool("AveragePool", 1, "f32[1, 1, 2]", padded), {{4, 6}})
          .values,
      ElementsAre(4, 5));
  padded.push_back({"count_include_pad", int64_t{1}});
  EXPECT_THAT(
      evaluated(pool("AveragePool", 7, "f32[1, 1, 2]", padded), {{4, 6}})
          .values,
      ElementsAre(2, 5));
}

TEST(OnnxAveragePool, dilatesSince19) {
  std::vector<TestAttribute> dilated = {{"dilations", Ints{2}}};
  EXPECT_THAT(evaluated(pool("AveragePool", 19, "f32[1, 1, 4]", dilated),
                        {{1, 2, 3, 6}})
                  .values,
              ElementsAre(2, 4));
  EXPECT_EQ(refusal(pool("AveragePool", 11, "f32[1, 1, 4]", dilated)),
            "import.malformed: layer `layer`: `AveragePool` of opset 11: there "
            "is no attribute `dilations` in this version");
}

TEST(OnnxAveragePool, roundsUpSince10) {
  std::vector<TestAttribute> ceil = {{"ceil_mode", int64_t{1}},
                                     {"strides", Ints{2}}};
  EXPECT_THAT(
      evaluated(pool("AveragePool", 10, "f32[1, 1, 3]", ceil), {{1, 3, 8}})
          .values,
      ElementsAre(2, 8));
}

TEST(OnnxPool, needsAKernel) {
  for (const char *op : {"MaxPool", "AveragePool"})
    EXPECT_EQ(refusal(TestModel(11)
                          .input("x", "f32[1, 1, 3]")
                          .node(op, {"x"})
                          .output("y")),
              fmt::format("import.malformed: layer `layer`: `{}` of opset 11: "
                          "attribute `kernel_shape` is missing",
                          op));
}

TEST(OnnxGlobalAveragePool, isTheMeanOverSpace) {
  auto model = [](std::string_view x) {
    return TestModel(1)
        .input("x", x)
        .node("GlobalAveragePool", {"x"})
        .output("y");
  };
  Evaluated y = evaluated(model("f32[1, 2, 1, 2]"), {{1, 2, 3, 7}});
  EXPECT_EQ(y.type, "f32[1, 2, 1, 1]");
  EXPECT_THAT(y.values, ElementsAre(1.5, 5));
  EXPECT_EQ(refusal(model("f32[1, 2]")),
            "import.malformed: layer `layer`: `GlobalAveragePool` of opset 1: "
            "`X` is `f32[1, 2]`, needs [N, C, D1, …]");
}

} // namespace
} // namespace rune::import::testing
