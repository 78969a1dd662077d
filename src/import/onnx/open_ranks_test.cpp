// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values whose number of dimensions is known only in the run: `If` gives x as
// it is, or with a dimension more. What follows must compute in both cases what
// it computes for a value of that rank.
#include "graph/evaluate.h"
#include "graph/ops.h"
#include "import/onnx/test_onnx_model.h"

#include <onnx_facts.pb.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rune::import::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Gives the last node of `model` a graph.
void attach(TestModel &model, const std::string &name, TestModel body) {
  auto *graph = model.proto().mutable_graph();
  auto *attribute =
      graph->mutable_node(graph->node_size() - 1)->add_attribute();
  attribute->set_name(name);
  attribute->set_type(5);
  *attribute->mutable_g() = body.proto().graph();
  attribute->mutable_g()->set_name(name);
}

/// `x` f32[2, 3] where `c`, else f32[1, 2, 3].
TestModel openRank() {
  TestModel model(18);
  model.input("c", "bool[]")
      .input("x", "f32[2, 3]")
      .node("If", {"c"}, {}, {"open"}, "choice");
  attach(model, "then_branch",
         TestModel(18).node("Identity", {"x"}, {}, {"same"}).output("same"));
  attach(model, "else_branch",
         TestModel(18)
             .initializer("front", "i64[1]", {0})
             .node("Unsqueeze", {"x", "front"}, {}, {"more"})
             .output("more"));
  return model;
}

const std::vector<double> x = {1, 2, 3, 4, 5, 6};

TEST(OnnxOpenRanks, sizesComeFromTheRun) {
  TestModel model = openRank();
  model.node("Shape", {"open"}).output("y");
  EXPECT_THAT(evaluated(model, {{1}, x}).values, ElementsAre(2, 3));
  EXPECT_THAT(evaluated(model, {{0}, x}).values, ElementsAre(1, 2, 3));
}

TEST(OnnxOpenRanks, attributesAreCompletedInTheRun) {
  TestModel model = openRank();
  model.node("Shape", {"open"}, {{"start", int64_t{-2}}, {"end", int64_t{-1}}})
      .output("y");
  EXPECT_THAT(evaluated(model, {{1}, x}).values, ElementsAre(2));
  EXPECT_THAT(evaluated(model, {{0}, x}).values, ElementsAre(2));
}

TEST(OnnxOpenRanks, axesFromTheEndMeanTheSameDimension) {
  TestModel model = openRank();
  model.node("Softmax", {"open"}, {{"axis", int64_t{-1}}}, {"soft"}, "soft")
      .node("Split", {"open"},
            {{"axis", int64_t{-1}}, {"num_outputs", int64_t{3}}},
            {"a", "b", "y"}, "split")
      .output("y");
  EXPECT_EQ(evaluated(model, {{1}, x}).type, "f32[2, 1]");
  EXPECT_THAT(evaluated(model, {{1}, x}).values, ElementsAre(3, 6));
  EXPECT_EQ(evaluated(model, {{0}, x}).type, "f32[1, 2, 1]");
  EXPECT_THAT(evaluated(model, {{0}, x}).values, ElementsAre(3, 6));
}

TEST(OnnxOpenRanks, twoOpenValuesMeet) {
  TestModel model = openRank();
  model.node("Concat", {"open", "open"}, {{"axis", int64_t{0}}}).output("y");
  EXPECT_EQ(evaluated(model, {{1}, x}).type, "f32[4, 3]");
  EXPECT_EQ(evaluated(model, {{0}, x}).type, "f32[2, 2, 3]");
}

TEST(OnnxOpenRanks, anOperatorOfOneRankRefusesOthersInTheRun) {
  TestModel model = openRank();
  model.node("Gemm", {"open", "w"}, {}, {"y"}, "gemm")
      .initializer("w", "f32[3, 1]", {1, 1, 1})
      .output("y");
  Evaluated fits = evaluated(model, {{1}, x});
  EXPECT_EQ(fits.type, "f32[2, 1]");
  EXPECT_THAT(fits.values, ElementsAre(6, 15));
  EXPECT_THAT(evaluated(model, {{0}, x}).type, HasSubstr("gemm"));
}

TEST(OnnxOpenRanks, shapesOfOpenLengthGiveOpenRanks) {
  TestModel model = openRank();
  model.node("Shape", {"open"}, {}, {"sizes"}, "sizes")
      .initializer("one", "f32[1]", {7})
      .node("Expand", {"one", "sizes"}, {}, {"sevens"}, "sevens")
      .node("Reshape", {"x", "sizes"}, {}, {"again"}, "again")
      .node("Sub", {"again", "sevens"}, {}, {"y"}, "difference")
      .output("y");
  EXPECT_EQ(evaluated(model, {{1}, x}).type, "f32[2, 3]");
  Evaluated more = evaluated(model, {{0}, x});
  EXPECT_EQ(more.type, "f32[1, 2, 3]");
  EXPECT_THAT(more.values, ElementsAre(-6, -5, -4, -3, -2, -1));
}

TEST(OnnxOpenRanks, whatFitsNoRankIsRefused) {
  TestModel model = openRank();
  model.node("Gemm", {"open", "w"}, {}, {"y"}, "gemm")
      .initializer("w", "f32[3]", {1, 1, 1})
      .output("y");
  EXPECT_THAT(refusal(model), HasSubstr("layer `gemm`"));
}

} // namespace
} // namespace rune::import::testing
