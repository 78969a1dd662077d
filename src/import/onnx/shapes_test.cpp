// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that move elements: Flatten, Reshape, Transpose, Concat, Pad,
// Constant.
#include "import/onnx/test_onnx_model.h"

#include <onnx_facts.pb.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rune::import::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using Ints = std::vector<int64_t>;

TestModel unary(const std::string &op, int64_t opset, std::string_view x,
                const std::vector<TestAttribute> &attributes = {}) {
  return TestModel(opset).input("x", x).node(op, {"x"}, attributes).output("y");
}

std::string resultType(const TestModel &model) {
  Outcome outcome = importOf(model);
  if (!outcome.graph)
    return outcome.messages;
  return outcome.graph->values[outcome.graph->outputs[0]].type.str();
}

TEST(OnnxFlatten, cutsAtAxis) {
  auto cut = [](int64_t opset, int64_t axis) {
    return resultType(
        unary("Flatten", opset, "f32[2, 3, 4]", {{"axis", axis}}));
  };
  EXPECT_EQ(cut(1, 0), "f32[1, 24]");
  EXPECT_EQ(cut(1, 2), "f32[6, 4]");
  EXPECT_EQ(cut(9, 3), "f32[24, 1]");
  EXPECT_EQ(cut(11, -1), "f32[6, 4]");
  EXPECT_EQ(cut(25, -3), "f32[1, 24]");
  EXPECT_EQ(cut(9, -1),
            "import.malformed: layer `layer`: `Flatten` of opset "
            "9: axis -1 outside [0, 4), the input has 3 dimensions");
  EXPECT_EQ(cut(13, 4), "import.malformed: layer `layer`: `Flatten` of opset "
                        "13: axis 4 outside [-3, 4), the input has 3 "
                        "dimensions");
  EXPECT_EQ(resultType(unary("Flatten", 13, "f32[n, 3, 4]")), "f32[n, 12]");
}

TEST(OnnxReshape, shapeIsAnAttributeBefore5) {
  EXPECT_EQ(
      resultType(unary("Reshape", 1, "f32[2, 3]", {{"shape", Ints{0, -1, 1}}})),
      "f32[2, 3, 1]");
  EXPECT_EQ(resultType(unary("Reshape", 1, "f32[2, 3]")),
            "import.malformed: layer `layer`: `Reshape` of opset 1: attribute "
            "`shape` is missing");
}

TestModel reshape(int64_t opset, std::string_view x, std::vector<double> shape,
                  const std::vector<TestAttribute> &attributes = {}) {
  std::string type = fmt::format("i64[{}]", shape.size());
  return TestModel(opset)
      .input("x", x)
      .initializer("shape", type, shape)
      .node("Reshape", {"x", "shape"}, attributes)
      .output("y");
}

TEST(OnnxReshape, zeroCopiesUnlessAllowed) {
  EXPECT_EQ(resultType(reshape(5, "f32[2, 6]", {0, 3, -1})), "f32[2, 3, 2]");
  EXPECT_EQ(
      resultType(reshape(14, "f32[0, 6]", {3, 0}, {{"allowzero", int64_t{1}}})),
      "f32[3, 0]");
  EXPECT_EQ(
      resultType(reshape(13, "f32[2, 6]", {12}, {{"allowzero", int64_t{1}}})),
      "import.malformed: layer `layer`: `Reshape` of opset 13: there is "
      "no attribute `allowzero` in this version");
}

TEST(OnnxReshape, shapeMayComeAtRunTime) {
  TestModel model = TestModel(13)
                        .input("x", "f32[6]")
                        .input("shape", "i64[2]")
                        .node("Reshape", {"x", "shape"})
                        .output("y");
  EXPECT_EQ(resultType(model), "f32[?, ?]");
  Evaluated y = evaluated(model, {counting(6), {3, -1}});
  EXPECT_EQ(y.type, "f32[3, 2]");
  EXPECT_THAT(y.values, ElementsAreArray(counting(6)));
}

TEST(OnnxTranspose, reversesUnlessTold) {
  EXPECT_EQ(resultType(unary("Transpose", 1, "f32[2, 3, 4]")), "f32[4, 3, 2]");
  Evaluated y = evaluated(
      unary("Transpose", 13, "f32[1, 2, 3]", {{"perm", Ints{2, 0, 1}}}),
      {counting(6)});
  EXPECT_EQ(y.type, "f32[3, 1, 2]");
  EXPECT_THAT(y.values, ElementsAre(0, 3, 1, 4, 2, 5));
}

TestModel concat(int64_t opset, const std::vector<TestAttribute> &attributes) {
  return TestModel(opset)
      .input("a", "f32[1, 2]")
      .input("b", "f32[1, 1]")
      .node("Concat", {"a", "b"}, attributes)
      .output("y");
}

TEST(OnnxConcat, joinsAlongAxis) {
  EXPECT_THAT(
      evaluated(concat(11, {{"axis", int64_t{-1}}}), {{1, 2}, {3}}).values,
      ElementsAre(1, 2, 3));
  EXPECT_THAT(evaluated(concat(1, {}), {{1, 2}, {3}}).values,
              ElementsAre(1, 2, 3));
  EXPECT_EQ(refusal(concat(4, {})),
            "import.malformed: layer `layer`: `Concat` of opset 4: attribute "
            "`axis` is missing");
  EXPECT_EQ(refusal(concat(4, {{"axis", int64_t{-1}}})),
            "import.malformed: layer `layer`: `Concat` of opset 4: axis -1 "
            "outside [0, 2), the input has 2 dimensions");
  EXPECT_EQ(
      refusal(
          TestModel(13).node("Concat", {}, {{"axis", int64_t{0}}}).output("y")),
      "import.malformed: layer `layer`: `Concat` of opset 13: no inputs");
}

TEST(OnnxPad, attributesBefore11) {
  Evaluated y = evaluated(
      unary("Pad", 1, "f32[2]", {{"paddings", Ints{1, 2}}, {"value", 9.0f}}),
      {{1, 2}});
  EXPECT_THAT(y.values, ElementsAre(9, 1, 2, 9, 9));
  EXPECT_THAT(evaluated(unary("Pad", 2, "f32[3]",
                              {{"pads", Ints{2, 0}}, {"mode", "reflect"}}),
                        {{1, 2, 3}})
                  .values,
              ElementsAre(3, 2, 1, 2, 3));
  EXPECT_THAT(
      evaluated(unary("Pad", 2, "f32[3]", {{"pads", Ints{1, -2}}}), {{1, 2, 3}})
          .values,
      ElementsAre(0, 1));
  EXPECT_EQ(refusal(unary("Pad", 2, "f32[2]")),
            "import.malformed: layer `layer`: `Pad` of opset 2: attribute "
            "`pads` is missing");
  EXPECT_EQ(refusal(unary("Pad", 2, "i32[2]",
                          {{"pads", Ints{1, 1}}, {"value", 0.5f}})),
            "import.malformed: layer `layer`: `Pad` of opset 2: `value` is "
            "0.5, the elements are `i32`");
}

TestModel pad(int64_t opset, const std::string &mode, std::vector<double> pads,
              const std::vector<std::string> &more = {}) {
  std::vector<std::string> inputs = {"x", "pads"};
  inputs.insert(inputs.end(), more.begin(), more.end());
  return TestModel(opset)
      .input("x", "f32[1, 3]")
      .initializer("pads", fmt::format("i64[{}]", pads.size()), pads)
      .initializer("value", "f32[1]", {7})
      .initializer("axes", "i32[1]", {-1})
      .node("Pad", inputs, {{"mode", mode}})
      .output("y");
}

TEST(OnnxPad, inputsSince11) {
  Evaluated y =
      evaluated(pad(11, "constant", {0, 1, 0, 1}, {"value"}), {{1, 2, 3}});
  EXPECT_EQ(y.type, "f32[1, 5]");
  EXPECT_THAT(y.values, ElementsAre(7, 1, 2, 3, 7));
}

TEST(OnnxPad, namesAxesSince18) {
  EXPECT_THAT(
      evaluated(pad(18, "edge", {2, 0}, {"", "axes"}), {{1, 2, 3}}).values,
      ElementsAre(1, 1, 1, 2, 3));
  EXPECT_EQ(
      refusal(pad(13, "edge", {0, 2, 0, 0}, {"", "axes"})),
      "import.malformed: layer `layer`: `Pad` of opset 13: 4 inputs, this "
      "version takes 3");
}

TEST(OnnxPad, wrapsSince19) {
  EXPECT_THAT(evaluated(pad(19, "wrap", {0, 2, 0, 1}), {{1, 2, 3}}).values,
              ElementsAre(2, 3, 1, 2, 3, 1));
  EXPECT_EQ(refusal(pad(18, "wrap", {0, 2, 0, 1})),
            "import.malformed: layer `layer`: `Pad` of opset 18: mode `wrap`, "
            "needs `constant`, `reflect`, `edge`");
}

TEST(OnnxPad, refusesAxesItCannotKnow) {
  TestModel model = TestModel(18)
                        .input("x", "f32[1, 3]")
                        .input("axes", "i32[1]")
                        .initializer("pads", "i64[2]", {1, 1})
                        .node("Pad", {"x", "pads", "", "axes"})
                        .output("y");
  EXPECT_EQ(refusal(model),
            "import.unsupported: layer `layer`: `Pad` of opset 18: `axes` is "
            "`i32[1]` and not known before the run");
  EXPECT_EQ(
      refusal(TestModel(18)
                  .input("x", "f32[1, 3]")
                  .initializer("pads", "i64[2]", {1, 1})
                  .initializer("axes", "i64[1]", {2})
                  .node("Pad", {"x", "pads", "", "axes"})
                  .output("y")),
      "import.malformed: layer `layer`: `Pad` of opset 18: axis 2 outside "
      "[-2, 2), the input has 2 dimensions");
  EXPECT_EQ(refusal(TestModel(18)
                        .input("x", "f32[1, 3]")
                        .initializer("pads", "i64[2]", {1, 1})
                        .initializer("value", "f32[2]", {1, 1})
                        .node("Pad", {"x", "pads", "value"})
                        .output("y")),
            "import.malformed: layer `layer`: `Pad` of opset 18: "
            "`constant_value` is `f32[2]`, needs to be a scalar");
}

TestModel constant(int64_t opset, const std::vector<TestAttribute> &value) {
  return TestModel(opset).node("Constant", {}, value).output("y");
}

TEST(OnnxConstant, holdsNumbersListsAndTexts) {
  auto typeOf = [](TestAttribute value) {
    return evaluated(constant(12, {std::move(value)}), {});
  };
  EXPECT_EQ(typeOf({"value_float", 1.5f}).type, "f32[]");
  EXPECT_THAT(typeOf({"value_float", 1.5f}).values, ElementsAre(1.5));
  EXPECT_EQ(typeOf({"value_int", int64_t{-3}}).type, "i64[]");
  EXPECT_THAT(typeOf({"value_ints", Ints{4, 5}}).values, ElementsAre(4, 5));
  EXPECT_EQ(typeOf({"value_floats", std::vector<float>{1, 2}}).type, "f32[2]");
  EXPECT_EQ(typeOf({"value_string", std::string("a")}).type, "utf8[]");
  EXPECT_EQ(typeOf({"value_strings", std::vector<std::string>{"a", "b"}}).type,
            "utf8[2]");
}

TEST(OnnxConstant, holdsATensor) {
  TestModel model = constant(1, {});
  auto *value = model.proto().mutable_graph()->mutable_node(0)->add_attribute();
  value->set_name("value");
  value->set_type(4);
  fill(*value->mutable_t(), "i32[2]", {7, 8});
  Evaluated y = evaluated(model, {});
  EXPECT_EQ(y.type, "i32[2]");
  EXPECT_THAT(y.values, ElementsAre(7, 8));
}

TEST(OnnxConstant, refusesNoneSeveralAndSparse) {
  std::string layer = "layer `layer`: `Constant` of opset 11: ";
  EXPECT_EQ(refusal(constant(11, {})),
            "import.malformed: " + layer +
                "0 attributes hold a value, needs one");
  EXPECT_EQ(
      refusal(constant(11, {{"value_int", int64_t{1}}, {"value_float", 1.0f}})),
      "import.malformed: " + layer + "2 attributes hold a value, needs one");
  EXPECT_EQ(refusal(constant(11, {{"value_int", int64_t{1}}})),
            "import.malformed: " + layer +
                "there is no attribute `value_int` in this version");
  TestModel sparse = constant(11, {});
  auto *value =
      sparse.proto().mutable_graph()->mutable_node(0)->add_attribute();
  value->set_name("sparse_value");
  value->set_type(11);
  value->mutable_sparse_tensor();
  EXPECT_EQ(refusal(sparse),
            "import.unsupported: " + layer + "sparse tensors (`sparse_value`)");
}

} // namespace
} // namespace rune::import::testing
