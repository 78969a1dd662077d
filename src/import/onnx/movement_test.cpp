// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators on shapes and those that move data: what each version reads, what
// is known before the run, what is refused.
#include "import/onnx/test_onnx_model.h"

#include <onnx_facts.pb.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rune::import::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using Ints = std::vector<int64_t>;

std::string resultType(const TestModel &model, size_t output = 0) {
  Outcome outcome = importOf(model);
  if (!outcome.graph)
    return outcome.messages;
  const auto &graph = *outcome.graph;
  return graph.values[graph.outputs[output]].type.str();
}

std::vector<double> valuesOf(const TestModel &model,
                             const std::vector<std::vector<double>> &inputs) {
  return evaluated(model, inputs).values;
}

size_t nodesOf(const TestModel &model) {
  Outcome outcome = importOf(model);
  EXPECT_TRUE(outcome.graph) << outcome.messages;
  return outcome.graph ? outcome.graph->nodes.size() : 0;
}

TEST(OnnxShape, isAConstantWhereSizesAreFixed) {
  TestModel model = TestModel(15)
                        .input("x", "f32[2, 3, 4]")
                        .node("Shape", {"x"}, {{"start", int64_t{1}}})
                        .output("y");
  EXPECT_EQ(resultType(model), "i64[2]");
  EXPECT_THAT(valuesOf(model, {counting(24)}), ElementsAre(3, 4));
  // only the copy that makes a constant an output
  EXPECT_EQ(nodesOf(model), 1u);
  EXPECT_THAT(refusal(TestModel(13)
                          .input("x", "f32[2]")
                          .node("Shape", {"x"}, {{"start", int64_t{1}}})
                          .output("y")),
              HasSubstr("there is no attribute `start` in this version"));
}

TEST(OnnxShape, sizeIsTheProduct) {
  TestModel model =
      TestModel(13).input("x", "f32[?, 3]").node("Size", {"x"}).output("y");
  EXPECT_EQ(resultType(model), "i64[]");
  EXPECT_THAT(evaluated(model, {counting(6)}, {{2, 3}}).values, ElementsAre(6));
}

/// What exporters of transformers write: shape, gather, unsqueeze, concat.
TEST(OnnxShape, namesReachAReshape) {
  TestModel model = TestModel(13)
                        .input("x", "f32[batch, time, 768]")
                        .initializer("zero", "i64[]", {0})
                        .initializer("one", "i64[]", {1})
                        .initializer("axis", "i64[1]", {0})
                        .initializer("heads", "i64[1]", {12})
                        .initializer("rest", "i64[1]", {-1})
                        .node("Shape", {"x"}, {}, {"shape"}, "shape")
                        .node("Gather", {"shape", "zero"}, {}, {"b"}, "b")
                        .node("Gather", {"shape", "one"}, {}, {"t"}, "t")
                        .node("Unsqueeze", {"b", "axis"}, {}, {"b1"}, "b1")
                        .node("Unsqueeze", {"t", "axis"}, {}, {"t1"}, "t1")
                        .node("Concat", {"b1", "t1", "heads", "rest"},
                              {{"axis", int64_t{0}}}, {"wanted"}, "wanted")
                        .node("Reshape", {"x", "wanted"}, {}, {"y"}, "reshape")
                        .output("y");
  EXPECT_EQ(resultType(model), "f32[batch, time, 12, 64]");
}

TEST(OnnxSqueeze, axesAreAnInputSince13) {
  EXPECT_EQ(resultType(TestModel(11)
                           .input("x", "f32[1, 3, 1]")
                           .node("Squeeze", {"x"}, {{"axes", Ints{-1}}})
                           .output("y")),
            "f32[1, 3]");
  EXPECT_EQ(resultType(TestModel(13)
                           .input("x", "f32[1, n, 1]")
                           .initializer("axes", "i64[2]", {0, -1})
                           .node("Squeeze", {"x", "axes"})
                           .output("y")),
            "f32[n]");
  EXPECT_EQ(resultType(TestModel(13)
                           .input("x", "f32[1, n, 1]")
                           .input("axes", "i64[1]")
                           .node("Squeeze", {"x", "axes"})
                           .output("y")),
            "f32[?, ?]");
  EXPECT_THAT(refusal(TestModel(9)
                          .input("x", "f32[1, 3]")
                          .node("Squeeze", {"x"}, {{"axes", Ints{-2}}})
                          .output("y")),
              HasSubstr("axis -2 is negative"));
  EXPECT_EQ(resultType(TestModel(13)
                           .input("x", "f32[1, n]")
                           .node("Squeeze", {"x"})
                           .output("y")),
            "f32[...]");
  EXPECT_THAT(refusal(TestModel(13)
                          .input("x", "f32[1, 3]")
                          .initializer("axes", "i64[1]", {1})
                          .node("Squeeze", {"x", "axes"})
                          .output("y")),
              HasSubstr("(squeeze.3)"));
}

TEST(OnnxSlice, attributesThenInputs) {
  EXPECT_THAT(valuesOf(TestModel(1)
                           .input("x", "f32[5]")
                           .node("Slice", {"x"},
                                 {{"starts", Ints{1}}, {"ends", Ints{-1}}})
                           .output("y"),
                       {counting(5)}),
              ElementsAre(1, 2, 3));
  EXPECT_THAT(valuesOf(TestModel(13)
                           .input("x", "f32[5]")
                           .initializer("s", "i32[1]", {4})
                           .initializer("e", "i32[1]", {-6})
                           .initializer("a", "i32[1]", {-1})
                           .initializer("k", "i32[1]", {-2})
                           .node("Slice", {"x", "s", "e", "a", "k"})
                           .output("y"),
                       {counting(5)}),
              ElementsAre(4, 2, 0));
  EXPECT_THAT(refusal(TestModel(9)
                          .input("x", "f32[5]")
                          .node("Slice", {"x"}, {{"starts", Ints{1}}})
                          .output("y")),
              HasSubstr("`ends` is missing"));
}

TestModel split(int64_t opset, std::string_view x, size_t outputs,
                const std::vector<TestAttribute> &attributes = {}) {
  TestModel model(opset);
  std::vector<std::string> names;
  for (size_t i = 0; i < outputs; ++i)
    names.push_back(fmt::format("y{}", i));
  model.input("x", x).node("Split", {"x"}, attributes, names);
  for (const std::string &name : names)
    model.output(name);
  return model;
}

TEST(OnnxSplit, equalPartsAndALastSmallerOneSince18) {
  EXPECT_EQ(resultType(split(11, "f32[6, n]", 3)), "f32[2, n]");
  EXPECT_THAT(refusal(split(13, "f32[7]", 3)),
              HasSubstr("does not split into 3 equal parts"));
  TestModel seven = split(18, "f32[7]", 3, {{"num_outputs", int64_t{3}}});
  EXPECT_EQ(resultType(seven, 0), "f32[3]");
  EXPECT_EQ(resultType(seven, 2), "f32[1]");
  EXPECT_EQ(resultType(split(11, "f32[6]", 2, {{"split", Ints{4, 2}}}), 1),
            "f32[2]");
  EXPECT_THAT(refusal(split(18, "f32[7]", 3, {{"num_outputs", int64_t{2}}})),
              HasSubstr("`num_outputs` is 2, there are 3 outputs"));
  EXPECT_THAT(refusal(split(11, "f32[6]", 2, {{"split", Ints{4, 3}}})),
              HasSubstr("(split.3)"));
}

TEST(OnnxSplit, ofASizeThatIsNotKnown) {
  auto parts =
      evaluateAll(split(18, "f32[?]", 2, {{"num_outputs", int64_t{2}}}),
                  {counting(5)}, {{5}});
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_THAT(parts[0].values, ElementsAre(0, 1, 2));
  EXPECT_THAT(parts[1].values, ElementsAre(3, 4));
}

TEST(OnnxConstantOfShape, isF32ZeroByDefault) {
  TestModel model = TestModel(9)
                        .initializer("shape", "i64[2]", {2, 2})
                        .node("ConstantOfShape", {"shape"})
                        .output("y");
  EXPECT_EQ(resultType(model), "f32[2, 2]");
  EXPECT_THAT(valuesOf(model, {}), ElementsAre(0, 0, 0, 0));
}

TEST(OnnxScatter, reductionsByVersion) {
  auto model = [](int64_t opset, const std::string &reduction) {
    return TestModel(opset)
        .input("x", "f32[3]")
        .initializer("i", "i64[2]", {0, 0})
        .initializer("u", "f32[2]", {4, 5})
        .node("ScatterElements", {"x", "i", "u"}, {{"reduction", reduction}})
        .output("y");
  };
  EXPECT_THAT(valuesOf(model(16, "add"), {{1, 2, 3}}), ElementsAre(10, 2, 3));
  EXPECT_THAT(valuesOf(model(18, "max"), {{1, 2, 3}}), ElementsAre(5, 2, 3));
  EXPECT_THAT(refusal(model(16, "max")), HasSubstr("does not have"));
  EXPECT_THAT(refusal(model(13, "add")), HasSubstr("no attribute"));
}

TEST(OnnxTriangle, triluAndEyeLike) {
  EXPECT_THAT(valuesOf(TestModel(14)
                           .input("x", "f32[2, 3]")
                           .initializer("k", "i64[]", {1})
                           .node("Trilu", {"x", "k"})
                           .output("y"),
                       {counting(6, 1)}),
              ElementsAre(0, 2, 3, 0, 0, 6));
  EXPECT_THAT(valuesOf(TestModel(14)
                           .input("x", "f32[2, 2]")
                           .node("Trilu", {"x"}, {{"upper", int64_t{0}}})
                           .output("y"),
                       {counting(4, 1)}),
              ElementsAre(1, 0, 3, 4));
  TestModel eye =
      TestModel(9)
          .input("x", "f32[2, 3]")
          .node("EyeLike", {"x"}, {{"k", int64_t{1}}, {"dtype", int64_t{6}}})
          .output("y");
  EXPECT_EQ(resultType(eye), "i32[2, 3]");
  EXPECT_THAT(valuesOf(eye, {counting(6)}), ElementsAre(0, 1, 0, 0, 0, 1));
}

TEST(OnnxOneHot, negativeIndicesSince11) {
  auto model = [](int64_t opset) {
    return TestModel(opset)
        .input("i", "f32[3]")
        .initializer("depth", "i64[]", {3})
        .initializer("values", "f32[2]", {5, 7})
        .node("OneHot", {"i", "depth", "values"}, {{"axis", int64_t{0}}})
        .output("y");
  };
  EXPECT_EQ(resultType(model(11)), "f32[3, 3]");
  EXPECT_THAT(valuesOf(model(11), {{0, -1, 9}}),
              ElementsAre(7, 5, 5, 5, 5, 5, 5, 7, 5));
  EXPECT_THAT(valuesOf(model(9), {{0, -1, 9}}),
              ElementsAre(7, 5, 5, 5, 5, 5, 5, 5, 5));
}

TEST(OnnxTopK, kIsAnAttributeThenAnInput) {
  EXPECT_EQ(
      resultType(TestModel(1)
                     .input("x", "f32[2, 5]")
                     .node("TopK", {"x"}, {{"k", int64_t{3}}}, {"y", "places"})
                     .output("y")
                     .output("places"),
                 1),
      "i64[2, 3]");
  TestModel smallest =
      TestModel(11)
          .input("x", "f32[4]")
          .initializer("k", "i64[1]", {2})
          .node("TopK", {"x", "k"}, {{"largest", int64_t{0}}}, {"v", "y"})
          .output("y");
  EXPECT_THAT(valuesOf(smallest, {{3, 1, 2, 1}}), ElementsAre(1, 3));
}

TEST(OnnxSelection, sizesFollowFromTheData) {
  TestModel model = TestModel(11)
                        .input("x", "f32[3, 2]")
                        .initializer("c", "bool[3]", {1, 0, 1})
                        .node("Compress", {"x", "c"}, {{"axis", int64_t{0}}})
                        .output("y");
  EXPECT_THAT(valuesOf(model, {counting(6)}), ElementsAre(0, 1, 4, 5));
  TestModel places =
      TestModel(13).input("x", "f32[2, 2]").node("NonZero", {"x"}).output("y");
  EXPECT_EQ(resultType(places), "i64[2, ?]");
  EXPECT_THAT(valuesOf(places, {{0, 1, 1, 0}}), ElementsAre(0, 1, 1, 0));
  TestModel unique = TestModel(11)
                         .input("x", "f32[2, 2]")
                         .node("Unique", {"x"}, {}, {"y", "", "inverse"})
                         .output("inverse");
  EXPECT_THAT(valuesOf(unique, {{5, 4, 5, 5}}), ElementsAre(1, 0, 1, 1));
}

TEST(OnnxBlocks, depthToSpaceAndBackWithNames) {
  TestModel model = TestModel(13)
                        .input("x", "f32[n, 4, h, 2]")
                        .node("DepthToSpace", {"x"},
                              {{"blocksize", int64_t{2}}}, {"wide"}, "wide")
                        .node("SpaceToDepth", {"wide"},
                              {{"blocksize", int64_t{2}}}, {"y"}, "deep")
                        .output("y");
  EXPECT_EQ(evaluated(model, {counting(16)}, {{1, 4, 2, 2}}).type,
            "f32[1, 4, 2, 2]");
  EXPECT_THAT(evaluated(model, {counting(16)}, {{1, 4, 2, 2}}).values,
              ElementsAreArray(counting(16)));
  EXPECT_EQ(resultType(TestModel(13)
                           .input("x", "f32[n, 8, 3, 2]")
                           .node("DepthToSpace", {"x"},
                                 {{"blocksize", int64_t{2}},
                                  {"mode", std::string("CRD")}})
                           .output("y")),
            "f32[n, 2, 6, 4]");
  EXPECT_THAT(
      refusal(TestModel(13)
                  .input("x", "f32[1, 6, 1, 1]")
                  .node("DepthToSpace", {"x"}, {{"blocksize", int64_t{2}}})
                  .output("y")),
      HasSubstr("is no multiple of 4"));
}

TEST(OnnxCenterCropPad, cropsAndPads) {
  TestModel model = TestModel(18)
                        .input("x", "f32[3, 5]")
                        .initializer("shape", "i64[2]", {4, 2})
                        .node("CenterCropPad", {"x", "shape"})
                        .output("y");
  EXPECT_EQ(resultType(model), "f32[4, 2]");
  EXPECT_THAT(valuesOf(model, {counting(15)}),
              ElementsAre(1, 2, 6, 7, 11, 12, 0, 0));
}

/// Constants are computed at once, so that their faults are those of the file.
TEST(OnnxFolding, refusesWhatCanNeverRun) {
  EXPECT_THAT(refusal(TestModel(13)
                          .input("x", "f32[2]")
                          .initializer("a", "i64[1]", {3})
                          .initializer("i", "i64[1]", {5})
                          .node("Gather", {"a", "i"}, {}, {"s"}, "pick")
                          .node("Expand", {"x", "s"}, {}, {"y"}, "expand")
                          .output("y")),
              HasSubstr("`pick` (gather): index 5 of a dimension of 1 "
                        "(gather.3)"));
}

} // namespace
} // namespace rune::import::testing
