// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/test_onnx_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rune::import::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

TestModel binary(const std::string &op, int64_t opset, std::string_view a,
                 std::string_view b,
                 const std::vector<TestAttribute> &attributes = {}) {
  return TestModel(opset)
      .input("a", a)
      .input("b", b)
      .node(op, {"a", "b"}, attributes)
      .output("y");
}

TEST(OnnxElementwise, broadcastsAsNumpySince7) {
  Evaluated y =
      evaluated(binary("Add", 7, "f32[2, 1]", "f32[3]"), {{10, 20}, {1, 2, 3}});
  EXPECT_EQ(y.type, "f32[2, 3]");
  EXPECT_THAT(y.values, ElementsAre(11, 12, 13, 21, 22, 23));
}

TEST(OnnxElementwise, eachOperatorIsItsOwn) {
  auto of = [](const std::string &op) {
    return evaluated(binary(op, 14, "f32[2]", "f32[2]"), {{6, 8}, {2, 16}})
        .values;
  };
  EXPECT_THAT(of("Add"), ElementsAre(8, 24));
  EXPECT_THAT(of("Sub"), ElementsAre(4, -8));
  EXPECT_THAT(of("Mul"), ElementsAre(12, 128));
  EXPECT_THAT(of("Div"), ElementsAre(3, 0.5));
}

TEST(OnnxElementwise, keepsNamedDimensions) {
  Outcome outcome = importOf(binary("Mul", 13, "f32[batch, 4]", "f32[4]"));
  ASSERT_TRUE(outcome.graph) << outcome.messages;
  EXPECT_EQ(outcome.graph->values[outcome.graph->outputs[0]].type.str(),
            "f32[batch, 4]");
}

TEST(OnnxElementwise, version6PlacesBAtAxis) {
  std::vector<TestAttribute> axis1 = {{"broadcast", int64_t{1}},
                                      {"axis", int64_t{1}}};
  Evaluated y = evaluated(binary("Add", 6, "f32[1, 2, 3]", "f32[2]", axis1),
                          {counting(6), {10, 20}});
  EXPECT_EQ(y.type, "f32[1, 2, 3]");
  EXPECT_THAT(y.values, ElementsAre(10, 11, 12, 23, 24, 25));
}

TEST(OnnxElementwise, version6PlacesBAtAxisOfOpenSizes) {
  std::vector<TestAttribute> axis0 = {{"broadcast", int64_t{1}},
                                      {"axis", int64_t{0}}};
  Evaluated y = evaluated(binary("Sub", 6, "f32[n, 2]", "f32[n]", axis0),
                          {counting(4), {10, 20}}, {{2, 2}, {2}});
  EXPECT_THAT(y.values, ElementsAre(-10, -9, -18, -17));
}

TEST(OnnxElementwise, version1AlignsAtTheEndWithoutAxis) {
  std::vector<TestAttribute> attributes = {
      {"broadcast", int64_t{1}}, {"consumed_inputs", std::vector<int64_t>{0}}};
  Evaluated y = evaluated(binary("Mul", 1, "f32[2, 2]", "f32[2]", attributes),
                          {{1, 2, 3, 4}, {10, 100}});
  EXPECT_THAT(y.values, ElementsAre(10, 200, 30, 400));
}

TEST(OnnxElementwise, version6RefusesWhatNeedsBroadcast) {
  EXPECT_EQ(refusal(binary("Add", 6, "f32[2, 3]", "f32[3]")),
            "import.malformed: layer `layer`: `Add` of opset 6: `A` is "
            "`f32[2, 3]` and `B` is `f32[3]`: shapes that differ need "
            "`broadcast`");
  EXPECT_EQ(refusal(binary("Add", 6, "f32[1, 3]", "f32[2, 3]",
                           {{"broadcast", int64_t{1}}})),
            "import.malformed: layer `layer`: `Add` of opset 6: `A` is "
            "`f32[1, 3]` and `B` is `f32[2, 3]`, which does not lie within "
            "`A`");
  EXPECT_EQ(refusal(binary("Add", 6, "f32[2, 3]", "f32[2, 3]",
                           {{"broadcast", int64_t{1}}, {"axis", int64_t{1}}})),
            "import.malformed: layer `layer`: `Add` of opset 6: `B` "
            "(`f32[2, 3]`) at axis 1 leaves `A` (`f32[2, 3]`)");
  EXPECT_EQ(refusal(binary("Add", 6, "f32[2, 3]", "f32[3]",
                           {{"broadcast", int64_t{1}}, {"axis", int64_t{9}}})),
            "import.malformed: layer `layer`: `Add` of opset 6: axis 9 outside "
            "[-2, 3), the input has 2 dimensions");
}

TEST(OnnxElementwise, attributesOfOldVersionsAreUnknownLater) {
  EXPECT_EQ(refusal(binary("Add", 7, "f32[2]", "f32[2]",
                           {{"broadcast", int64_t{1}}})),
            "import.malformed: layer `layer`: `Add` of opset 7: there is no "
            "attribute `broadcast` in this version");
}

TEST(OnnxElementwise, needsBothInputs) {
  EXPECT_EQ(refusal(TestModel(13)
                        .input("a", "f32[2]")
                        .node("Add", {"a", ""})
                        .output("y")),
            "import.malformed: layer `layer`: `Add` of opset 13: input 1 "
            "(`B`) is missing");
  EXPECT_EQ(refusal(TestModel(13)
                        .input("a", "f32[2]")
                        .node("Add", {"a", "a", "a"})
                        .output("y")),
            "import.malformed: layer `layer`: `Add` of opset 13: 3 inputs, "
            "this version takes 2");
}

TEST(OnnxMatMul, multipliesStacksOfMatrices) {
  Evaluated y = evaluated(binary("MatMul", 13, "f32[2, 1, 2]", "f32[2, 2]"),
                          {{1, 2, 3, 4}, {1, 10, 100, 1000}});
  EXPECT_EQ(y.type, "f32[2, 1, 2]");
  EXPECT_THAT(y.values, ElementsAre(201, 2010, 403, 4030));
}

TEST(OnnxMatMul, aVectorIsARowOrAColumn) {
  Evaluated y =
      evaluated(binary("MatMul", 1, "f32[2]", "f32[2]"), {{1, 2}, {3, 4}});
  EXPECT_EQ(y.type, "f32[]");
  EXPECT_THAT(y.values, ElementsAre(11));
}

TEST(OnnxRelu, keepsWhatIsPositive) {
  TestModel model =
      TestModel(1)
          .input("x", "f32[3]")
          .node("Relu", {"x"}, {{"consumed_inputs", std::vector<int64_t>{0}}})
          .output("y");
  EXPECT_THAT(evaluated(model, {{-1, 0, 2}}).values, ElementsAre(0, 0, 2));
}

TEST(OnnxIdentity, aConstantStaysAConstant) {
  // A shape that passed an Identity is still known.
  TestModel model = TestModel(13)
                        .input("x", "f32[4]")
                        .initializer("s", "i64[2]", {2, 2})
                        .node("Identity", {"s"}, {}, {"shape"}, "same")
                        .node("Reshape", {"x", "shape"})
                        .output("y");
  Evaluated y = evaluated(model, {counting(4)});
  EXPECT_EQ(y.type, "f32[2, 2]");
  EXPECT_THAT(y.values, ElementsAreArray(counting(4)));
}

TEST(OnnxIdentity, aGraphInputMayBeAnOutput) {
  TestModel model = TestModel(13)
                        .input("x", "i64[2]")
                        .node("Identity", {"x"})
                        .output("y")
                        .output("x");
  auto results = evaluateAll(model, {{5, 6}});
  ASSERT_EQ(results.size(), 2u) << results[0].type;
  EXPECT_THAT(results[0].values, ElementsAre(5, 6));
  EXPECT_THAT(results[1].values, ElementsAre(5, 6));
}

TEST(OnnxGemm, scalesTransposesAndAdds) {
  // A' is [2, 3], B' is [3, 1]; 2·A'·B' + 3·C
  TestModel model = TestModel(11)
                        .input("a", "f32[3, 2]")
                        .input("b", "f32[1, 3]")
                        .input("c", "f32[1]")
                        .node("Gemm", {"a", "b", "c"},
                              {{"alpha", 2.0f},
                               {"beta", 3.0f},
                               {"transA", int64_t{1}},
                               {"transB", int64_t{1}}})
                        .output("y");
  Evaluated y = evaluated(model, {{1, 2, 3, 4, 5, 6}, {1, 10, 100}, {7}});
  EXPECT_EQ(y.type, "f32[2, 1]");
  EXPECT_THAT(y.values, ElementsAre(2 * 531 + 21, 2 * 642 + 21));
}

TEST(OnnxGemm, biasIsOptionalSince11) {
  auto model = [](int64_t opset) {
    return TestModel(opset)
        .input("a", "f32[1, 2]")
        .input("b", "f32[2, 1]")
        .node("Gemm", {"a", "b"})
        .output("y");
  };
  EXPECT_THAT(evaluated(model(11), {{1, 2}, {3, 4}}).values, ElementsAre(11));
  EXPECT_EQ(refusal(model(9)), "import.malformed: layer `layer`: `Gemm` of "
                               "opset 9: input 2 (`C`) is missing");
}

TestModel gemm(int64_t opset, std::string_view c,
               const std::vector<TestAttribute> &attributes = {}) {
  return TestModel(opset)
      .input("a", "f32[2, 1]")
      .input("b", "f32[1, 2]")
      .input("c", c)
      .node("Gemm", {"a", "b", "c"}, attributes)
      .output("y");
}

TEST(OnnxGemm, before7ABiasIsStretchedOnlyOnRequest) {
  EXPECT_EQ(evaluated(gemm(6, "f32[2]", {{"broadcast", int64_t{1}}}),
                      {{1, 2}, {3, 4}, {10, 20}})
                .values,
            (std::vector<double>{13, 24, 16, 28}));
  EXPECT_EQ(refusal(gemm(6, "f32[2]")),
            "import.malformed: layer `layer`: `Gemm` of opset 6: `C` is "
            "`f32[2]`, which does not fit the product `f32[2, 2]`");
}

TEST(OnnxGemm, refusesWhatIsNoMatrix) {
  EXPECT_EQ(refusal(gemm(13, "f32[3, 2]")),
            "import.malformed: layer `layer`: `Gemm` of opset 13: `C` is "
            "`f32[3, 2]`, which does not fit the product `f32[2, 2]`");
  EXPECT_EQ(refusal(TestModel(13)
                        .input("a", "f32[2]")
                        .node("Gemm", {"a", "a"})
                        .output("y")),
            "import.malformed: layer `layer`: `Gemm` of opset 13: `A` is "
            "`f32[2]`, needs two dimensions");
}

TEST(OnnxGemm, integersTakeWholeFactorsOnly) {
  auto model = [](float alpha) {
    return TestModel(13)
        .input("a", "i32[1, 1]")
        .node("Gemm", {"a", "a"}, {{"alpha", alpha}})
        .output("y");
  };
  EXPECT_THAT(evaluated(model(-2), {{3}}).values, ElementsAre(-18));
  EXPECT_EQ(refusal(model(0.5)),
            "import.unsupported: layer `layer`: `Gemm` of opset 13: alpha is "
            "0.5, the elements are `i32`");
}

} // namespace
} // namespace rune::import::testing
