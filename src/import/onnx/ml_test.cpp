// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ai.onnx.ml and ai.onnx.preview.training: small models whose results follow by
// hand from the definitions.
#include "import/onnx/test_onnx_model.h"

#include <onnx_facts.pb.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace rune::import::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pointwise;
using Values = std::vector<double>;
using Attributes = std::vector<TestAttribute>;
using List = std::vector<int64_t>;
using Floats = std::vector<float>;
using Texts = std::vector<std::string>;

MATCHER(IsNear, "") {
  double a = std::get<0>(arg), b = std::get<1>(arg);
  return a == b || std::abs(a - b) < 1e-5 * (1 + std::abs(b));
}
auto near(const Values &values) { return Pointwise(IsNear(), values); }

/// The node is of another domain.
TestModel &ofDomain(TestModel &model, const std::string &domain,
                    int64_t version) {
  model.proto().mutable_graph()->mutable_node(0)->set_domain(domain);
  auto *import = model.proto().add_opset_import();
  import->set_domain(domain);
  import->set_version(version);
  return model;
}

TestModel ml(const std::string &op, int64_t version, std::string_view x,
             const Attributes &attributes, const Texts &outputs = {"y"},
             size_t output = 0) {
  TestModel model;
  model.input("x", x)
      .node(op, {"x"}, attributes, outputs)
      .output(outputs[output]);
  return ofDomain(model, "ai.onnx.ml", version);
}

Values computed(const std::string &op, int64_t version, std::string_view type,
                const Values &x, const Attributes &attributes) {
  return evaluated(ml(op, version, type, attributes), {x}).values;
}

/// Two trees over two features: x0 ≤ 1 ? (x1 < 5 ? 10 : 20) : 30, and 1.
Attributes trees(const std::string &prefix) {
  return {{"nodes_treeids", List{0, 0, 0, 0, 0, 1}},
          {"nodes_nodeids", List{0, 1, 2, 3, 4, 0}},
          {"nodes_featureids", List{0, 1, 0, 0, 0, 0}},
          {"nodes_modes",
           Texts{"BRANCH_LEQ", "BRANCH_LT", "LEAF", "LEAF", "LEAF", "LEAF"}},
          {"nodes_values", Floats{1, 5, 0, 0, 0, 0}},
          {"nodes_truenodeids", List{1, 3, 0, 0, 0, 0}},
          {"nodes_falsenodeids", List{2, 4, 0, 0, 0, 0}},
          {"nodes_missing_value_tracks_true", List{0, 1, 0, 0, 0, 0}},
          {prefix + "_treeids", List{0, 0, 0, 1}},
          {prefix + "_nodeids", List{2, 3, 4, 0}},
          {prefix + "_ids", List{0, 0, 0, 0}},
          {prefix + "_weights", Floats{30, 10, 20, 1}}};
}

Attributes with(Attributes attributes, const TestAttribute &more) {
  std::erase_if(attributes, [&](const TestAttribute &old) {
    return old.name == more.name;
  });
  attributes.push_back(more);
  return attributes;
}

TEST(OnnxTrees, ofTheRegressor) {
  Values x = {1, 4, 0, 5, 2, 0, 0, std::nan("")};
  Attributes sum = trees("target");
  EXPECT_THAT(computed("TreeEnsembleRegressor", 1, "f32[4, 2]", x, sum),
              near({11, 21, 31, 11}));
  Attributes average = with(with(sum, {"aggregate_function", "AVERAGE"}),
                            {"base_values", Floats{100}});
  EXPECT_THAT(computed("TreeEnsembleRegressor", 3, "f64[4, 2]", x, average),
              near({105.5, 110.5, 115.5, 105.5}));
  EXPECT_THAT(computed("TreeEnsembleRegressor", 1, "f32[4, 2]", x,
                       with(sum, {"aggregate_function", "MIN"})),
              near({1, 1, 1, 1}));
}

TEST(OnnxTrees, ofTheClassifier) {
  Values x = {1, 4, 0, 5, 2, 0};
  Attributes classes =
      with(with(trees("class"), {"class_ids", List{2, 0, 1, 0}}),
           {"classlabels_int64s", List{7, 8, 9}});
  Texts outputs = {"label", "scores"};
  EXPECT_THAT(evaluated(ml("TreeEnsembleClassifier", 1, "f32[3, 2]", classes,
                           outputs, 0),
                        {x})
                  .values,
              ElementsAre(7, 8, 9));
  EXPECT_THAT(evaluated(ml("TreeEnsembleClassifier", 1, "f32[3, 2]", classes,
                           outputs, 1),
                        {x})
                  .values,
              ElementsAre(11, 0, 0, 1, 20, 0, 1, 0, 30));
  Attributes binary = with(
      with(with(trees("class"), {"class_weights", Floats{.5, .25, 0, .125}}),
           {"classlabels_int64s", List{0, 1}}),
      {"post_transform", "NONE"});
  EXPECT_THAT(
      evaluated(
          ml("TreeEnsembleClassifier", 1, "f32[3, 2]", binary, outputs, 1), {x})
          .values,
      near({.625, .375, .875, .125, .375, .625}));
}

TEST(OnnxTrees, refusesCyclesAndMissingNodes) {
  auto refused = [](const TestAttribute &change) {
    return refusal(ml("TreeEnsembleRegressor", 1, "f32[4, 2]",
                      with(trees("target"), change)));
  };
  EXPECT_THAT(refused({"nodes_truenodeids", List{1, 0, 0, 0, 0, 0}}),
              HasSubstr("the trees have a cycle: node 1 leads back to 0"));
  EXPECT_THAT(refused({"nodes_truenodeids", List{0, 3, 0, 0, 0, 0}}),
              HasSubstr("the trees have a cycle: node 0 leads back to 0"));
  EXPECT_THAT(refused({"nodes_falsenodeids", List{9, 4, 0, 0, 0, 0}}),
              HasSubstr("node 0 of tree 0 leads to 9, which is not there"));
  EXPECT_THAT(refused({"nodes_featureids", List{2, 1, 0, 0, 0, 0}}),
              HasSubstr("(tree_ensemble.4)"));
  EXPECT_THAT(refused({"target_ids", List{0, 1, 0, 0}}),
              HasSubstr("(tree_ensemble.8)"));
  EXPECT_THAT(refused({"nodes_nodeids", List{0, 1, 1, 3, 4, 0}}),
              HasSubstr("node 1 of tree 0 is there twice"));
  EXPECT_THAT(refused({"nodes_values", Floats{1, 5}}),
              HasSubstr("the lists of nodes have 6 and 2 entries"));
  EXPECT_THAT(refused({"nodes_modes", Texts{"BRANCH", "BRANCH_LT", "LEAF",
                                            "LEAF", "LEAF", "LEAF"}}),
              HasSubstr("a node has the mode `BRANCH`"));
}

void addTensor(TestModel &model, const std::string &name, std::string_view type,
               const Values &values) {
  auto *attribute =
      model.proto().mutable_graph()->mutable_node(0)->add_attribute();
  attribute->set_name(name);
  attribute->set_type(4);
  fill(*attribute->mutable_t(), type, values);
}

/// x ∈ {1, 3} ? 10 : 20, by membership.
TEST(OnnxTrees, membershipIsAChainOfComparisons) {
  TestModel model = ml("TreeEnsemble", 5, "f32[4, 1]",
                       {{"nodes_featureids", List{0}},
                        {"nodes_truenodeids", List{0}},
                        {"nodes_falsenodeids", List{1}},
                        {"nodes_trueleafs", List{1}},
                        {"nodes_falseleafs", List{1}},
                        {"leaf_targetids", List{0, 0}},
                        {"n_targets", int64_t{1}},
                        {"tree_roots", List{0}}});
  addTensor(model, "nodes_splits", "f32[1]", {0});
  addTensor(model, "nodes_modes", "u8[1]", {6});
  addTensor(model, "leaf_weights", "f32[2]", {10, 20});
  addTensor(model, "membership_values", "f32[3]", {1, 3, std::nan("")});
  EXPECT_THAT(evaluated(model, {{1, 2, 3, std::nan("")}}).values,
              ElementsAre(10, 20, 10, 20));
}

TEST(OnnxMl, linearModels) {
  EXPECT_THAT(
      computed("LinearRegressor", 1, "f32[2, 2]", {1, 2, 3, 4},
               {{"coefficients", Floats{1, 10}}, {"intercepts", Floats{100}}}),
      near({121, 143}));
  Attributes classes = {{"coefficients", Floats{1, 0, 0, 1}},
                        {"intercepts", Floats{0, .5}},
                        {"classlabels_ints", List{5, 6}}};
  Texts outputs = {"label", "scores"};
  EXPECT_THAT(
      evaluated(ml("LinearClassifier", 1, "f32[2, 2]", classes, outputs, 0),
                {{3, 1, 1, 3}})
          .values,
      ElementsAre(5, 6));
  EXPECT_THAT(
      evaluated(ml("LinearClassifier", 1, "f32[2, 2]",
                   with(classes, {"post_transform", "LOGISTIC"}), outputs, 1),
                {{0, 0, 0, -.5}})
          .values,
      near({.5, 1 / (1 + std::exp(-.5)), .5, .5}));
  EXPECT_THAT(evaluated(ml("LinearClassifier", 1, "f32[2, 2]",
                           {{"coefficients", Floats{1, 1}},
                            {"classlabels_ints", List{0, 1}}},
                           outputs, 1),
                        {{1, 1, -1, -2}})
                  .values,
              near({-2, 2, 3, -3}));
}

TEST(OnnxMl, postTransforms) {
  auto of = [](const std::string &transform, const Values &x) {
    return computed("LinearRegressor", 1, "f32[1, 2]", x,
                    {{"coefficients", Floats{1, 0, 0, 1}},
                     {"targets", int64_t{2}},
                     {"post_transform", transform}});
  };
  EXPECT_THAT(of("SOFTMAX", {0, 0}), near({.5, .5}));
  EXPECT_THAT(of("SOFTMAX_ZERO", {0, 1}), near({0, 1}));
  EXPECT_THAT(of("SOFTMAX_ZERO", {0, 0}), near({.5, .5}));
  // the approximation is good to 0.5 %; the exact values are ±1.2815516
  Values probit = of("PROBIT", {.1, .9});
  EXPECT_NEAR(probit[0], -1.2815516, 0.01);
  EXPECT_NEAR(probit[1], 1.2815516, 0.01);
  EXPECT_THAT(of("PROBIT", {0, .5}), near({0, 0}));
  EXPECT_THAT(
      refusal(ml("LinearRegressor", 1, "f32[1, 1]",
                 {{"coefficients", Floats{1}}, {"post_transform", "CUBE"}})),
      HasSubstr("`post_transform` is `CUBE`"));
}

TEST(OnnxMl, features) {
  EXPECT_THAT(computed("Scaler", 1, "i64[2, 2]", {1, 2, 3, 4},
                       {{"offset", Floats{1, 0}}, {"scale", Floats{2, .5}}}),
              near({0, 1, 4, 2}));
  EXPECT_THAT(
      computed("Normalizer", 1, "f32[2, 2]", {3, -4, 0, 0}, {{"norm", "L2"}}),
      near({.6, -.8, 0, 0}));
  EXPECT_THAT(computed("Normalizer", 1, "f32[2]", {3, -4}, {{"norm", "MAX"}}),
              near({1, -4. / 3}));
  EXPECT_THAT(computed("Normalizer", 1, "i32[2]", {3, -5}, {{"norm", "L1"}}),
              near({.375, -.625}));
  EXPECT_THAT(
      computed("Binarizer", 1, "i32[3]", {1, 2, 3}, {{"threshold", 2.0f}}),
      ElementsAre(0, 0, 1));
  EXPECT_THAT(computed("Imputer", 1, "f32[2, 2]", {std::nan(""), 1, 2, 0},
                       {{"imputed_value_floats", Floats{7, 8}},
                        {"replaced_value_float", std::nanf("")}}),
              ElementsAre(7, 1, 2, 0));
  EXPECT_THAT(computed("Imputer", 1, "i64[2, 2]", {3, 1, 2, 3},
                       {{"imputed_value_int64s", List{9}},
                        {"replaced_value_int64", int64_t{3}}}),
              ElementsAre(9, 1, 2, 9));
  EXPECT_THAT(computed("OneHotEncoder", 1, "f32[2]", {4, 5},
                       {{"cats_int64s", List{3, 4}}}),
              ElementsAre(0, 1, 0, 0));
}

TEST(OnnxMl, anUnknownCategoryIsRefusedInTheRun) {
  Evaluated result =
      evaluated(ml("OneHotEncoder", 1, "i64[1]",
                   {{"cats_int64s", List{3, 4}}, {"zeros", int64_t{0}}}),
                {{5}});
  EXPECT_THAT(result.type, HasSubstr("(gather.3)"));
}

TEST(OnnxMl, extractorsAndVectorizers) {
  TestModel extractor;
  extractor.input("x", "f32[2, 3]")
      .input("i", "i64[1, 2]")
      .node("ArrayFeatureExtractor", {"x", "i"})
      .output("y");
  ofDomain(extractor, "ai.onnx.ml", 1);
  EXPECT_THAT(evaluated(extractor, {counting(6), {2, 0}}).values,
              ElementsAre(2, 0, 5, 3));
  TestModel vectorizer;
  vectorizer.input("a", "i64[2]")
      .input("b", "f32[2, 2]")
      .node("FeatureVectorizer", {"a", "b"}, {{"inputdimensions", List{2, 1}}})
      .output("y");
  ofDomain(vectorizer, "ai.onnx.ml", 1);
  EXPECT_THAT(evaluated(vectorizer, {{1, 2}, {3, 4, 5, 6}}).values,
              ElementsAre(1, 0, 3, 2, 0, 5));
}

TEST(OnnxMl, labels) {
  EXPECT_THAT(computed("LabelEncoder", 2, "i64[3]", {5, 6, 7},
                       {{"keys_int64s", List{6, 5}},
                        {"values_floats", Floats{.5, 1.5}},
                        {"default_float", -1.0f}}),
              ElementsAre(1.5, .5, -1));
  EXPECT_THAT(
      computed("LabelEncoder", 4, "f32[2]", {1.5, 2},
               {{"keys_floats", Floats{1.5}}, {"values_int64s", List{3}}}),
      ElementsAre(3, -1));
  EXPECT_THAT(
      refusal(ml("LabelEncoder", 2, "i64[1]",
                 {{"keys_int64s", List{1, 2}}, {"values_int64s", List{1}}})),
      HasSubstr("2 keys for 1 values"));
  EXPECT_THAT(
      refusal(ml("LabelEncoder", 2, "f32[1]",
                 {{"keys_int64s", List{1}}, {"values_int64s", List{1}}})),
      HasSubstr("the keys are `i64[1]`"));
}

/// Two vectors at 0 and 2 on a line; the score is k(x, 0) - k(x, 2).
Attributes machine(const std::string &kernel) {
  return {{"kernel_type", kernel},
          {"kernel_params", Floats{.5, 1, 2}},
          {"support_vectors", Floats{0, 2}},
          {"coefficients", Floats{1, -1}},
          {"rho", Floats{.25}}};
}

TEST(OnnxMl, supportVectors) {
  auto score = [](const std::string &kernel) {
    return computed("SVMRegressor", 1, "f32[2, 1]", {0, 3},
                    with(machine(kernel), {"n_supports", int64_t{2}}));
  };
  EXPECT_THAT(score("LINEAR"), near({.25, -5.75}));
  EXPECT_THAT(score("RBF"), near({1 - std::exp(-2) + .25,
                                  std::exp(-4.5) - std::exp(-.5) + .25}));
  EXPECT_THAT(score("POLY"), near({.25, 1 - 16 + .25}));
  EXPECT_THAT(score("SIGMOID"), near({.25, std::tanh(1) - std::tanh(4) + .25}));
  Attributes classes =
      with(with(machine("RBF"), {"vectors_per_class", List{1, 1}}),
           {"classlabels_ints", List{8, 9}});
  Texts outputs = {"label", "scores"};
  double first = 1 - std::exp(-2) + .25,
         second = std::exp(-4.5) - std::exp(-.5) + .25;
  EXPECT_THAT(
      evaluated(ml("SVMClassifier", 1, "f32[2, 1]", classes, outputs, 0),
                {{0, 3}})
          .values,
      ElementsAre(8, 9));
  EXPECT_THAT(
      evaluated(ml("SVMClassifier", 1, "f32[2, 1]", classes, outputs, 1),
                {{0, 3}})
          .values,
      near({-first, first, -second, second}));
}

/// Expected values: libsvm's loop, written again in Python.
TEST(OnnxMl, probabilitiesOfSeveralClassesAreCoupled) {
  Attributes classes = {{"kernel_type", std::string("RBF")},
                        {"kernel_params", Floats{.5, 0, 3}},
                        {"support_vectors", Floats{0, 2, 5}},
                        {"coefficients", Floats{1, -1, -.5, .75, .25, -1}},
                        {"rho", Floats{.25, -.5, .125}},
                        {"prob_a", Floats{-1, -2, -1.5}},
                        {"prob_b", Floats{.1F, -.2F, .3F}},
                        {"vectors_per_class", List{1, 1, 1}},
                        {"classlabels_ints", List{7, 8, 9}}};
  EXPECT_THAT(
      evaluated(
          ml("SVMClassifier", 1, "f32[2, 1]", classes, {"label", "scores"}, 1),
          {{0, 3}})
          .values,
      near({.53817038, .20933547, .25249415, .20047792, .36788982, .43163226}));
  classes[5] = {"prob_a", Floats{-1, -2}};
  classes[6] = {"prob_b", Floats{-1, -2}};
  EXPECT_THAT(refusal(ml("SVMClassifier", 1, "f32[2, 1]", classes,
                         {"label", "scores"}, 1)),
              HasSubstr("2 `prob_a` for 3 pairs of classes"));
}

/// `first` and `second` make y of a and b; then its gradient by both.
TestModel gradient(const std::string &op, const Texts &places,
                   size_t wanted = 0) {
  TestModel model;
  for (const char *name : {"a", "b", "c", "d"})
    model.input(name, "f32[2]");
  model.node("Add", {"a", "b"}, {}, {"sum"}, "sum")
      .node(op, {"sum", "a"}, {}, {"y"}, op);
  Texts outputs = {"by_a", "by_b"};
  model.node("Gradient", places,
             {{"xs", Texts{"a", "b"}}, {"y", std::string("y")}}, outputs,
             "gradient");
  model.output("y").output(outputs[wanted]);
  auto *graph = model.proto().mutable_graph();
  graph->mutable_node(2)->set_domain("ai.onnx.preview.training");
  auto *import = model.proto().add_opset_import();
  import->set_domain("ai.onnx.preview.training");
  import->set_version(1);
  return model;
}

TEST(OnnxTraining, gradientsOfASumAndAProduct) {
  std::vector<Values> at = {{1, 2}, {3, 4}, {5, 6}, {7, 8}};
  auto by = [&](const std::string &op, const Texts &places, size_t which) {
    return evaluateAll(gradient(op, places, which), at)[1].values;
  };
  // y = (a + b) · a
  EXPECT_THAT(by("Mul", {"a", "b"}, 0), near({2 * 1 + 3, 2 * 2 + 4}));
  EXPECT_THAT(by("Mul", {"a", "b"}, 1), near({1, 2}));
  // the same function at another place
  EXPECT_THAT(by("Mul", {"c", "d"}, 0), near({2 * 5 + 7, 2 * 6 + 8}));
  EXPECT_THAT(by("Mul", {"c", "d"}, 1), near({5, 6}));
  // y = (a + b) / a
  EXPECT_THAT(by("Div", {"a", "b"}, 0), near({-3, -4. / 4}));
  EXPECT_THAT(by("Div", {"a", "b"}, 1), near({1, .5}));
  EXPECT_THAT(by("Sub", {"a", "b"}, 0), near({0, 0}));
}

/// y = Σ tanh(a · w): of a matrix product, and summed where it was spread.
TEST(OnnxTraining, gradientsOfMatricesAreOfTheirShape) {
  TestModel model;
  model.input("a", "f32[1, 2]").input("w", "f32[2, 3]").input("k", "f32[]");
  model.node("MatMul", {"a", "w"}, {}, {"p"}, "p")
      .node("Mul", {"p", "k"}, {}, {"q"}, "q")
      .node("ReduceSum", {"q"}, {{"keepdims", int64_t{0}}}, {"y"}, "y");
  model.node("Gradient", {"a", "w", "k"},
             {{"xs", Texts{"a", "w", "k"}}, {"y", std::string("y")}},
             {"da", "dw", "dk"}, "gradient");
  model.output("da").output("dw").output("dk");
  model.proto().mutable_graph()->mutable_node(3)->set_domain(
      "ai.onnx.preview.training");
  auto *import = model.proto().add_opset_import();
  import->set_domain("ai.onnx.preview.training");
  import->set_version(1);
  auto results = evaluateAll(model, {{2, 3}, {1, 2, 3, 4, 5, 6}, {10}});
  ASSERT_EQ(results.size(), 3U);
  EXPECT_EQ(results[0].type, "f32[1, 2]");
  EXPECT_THAT(results[0].values, near({60, 150}));
  EXPECT_EQ(results[1].type, "f32[2, 3]");
  EXPECT_THAT(results[1].values, near({20, 20, 20, 30, 30, 30}));
  EXPECT_EQ(results[2].type, "f32[]");
  EXPECT_THAT(results[2].values, near({14 + 19 + 24}));
}

TEST(OnnxTraining, gradientsThatAreNotThereAreRefused) {
  EXPECT_THAT(refusal(gradient("PRelu", {"a", "b"})),
              HasSubstr("import.unsupported: layer `gradient`: "));
  EXPECT_THAT(refusal(gradient("Mul", {"a"})),
              HasSubstr("1 inputs for 2 names"));
}

TestModel optimiser(const std::string &op, const Texts &inputs, size_t tensors,
                    size_t lists, const Attributes &attributes, size_t output) {
  TestModel model;
  for (const std::string &input : inputs)
    model.input(input, input == "T"   ? "i64[]"
                       : input == "R" ? "f32[]"
                                      : "f32[1]");
  Texts outputs;
  for (size_t i = 0; i < tensors * lists; ++i)
    outputs.push_back("y" + std::to_string(i));
  model.node(op, inputs, attributes, outputs).output(outputs[output]);
  return ofDomain(model, "ai.onnx.preview.training", 1);
}

TEST(OnnxTraining, momentumOfTwoTensors) {
  auto step = [](const std::string &mode, size_t output, double count) {
    return evaluated(optimiser("Momentum",
                               {"R", "T", "a", "b", "g", "h", "v", "w"}, 2, 2,
                               {{"alpha", .5f},
                                {"beta", .25f},
                                {"norm_coefficient", .5f},
                                {"mode", mode}},
                               output),
                     {{.1}, {count}, {2}, {4}, {1}, {2}, {3}, {6}})
        .values;
  };
  // g = .5·2 + 1 = 2, v = .5·3 + .25·2 = 2
  EXPECT_THAT(step("standard", 2, 1), near({2}));
  EXPECT_THAT(step("standard", 0, 1), near({2 - .1 * 2}));
  EXPECT_THAT(step("standard", 3, 0), near({.5 * 6 + 4}));
  EXPECT_THAT(step("nesterov", 0, 1), near({2 - .1 * (2 + .5 * 2)}));
}

TEST(OnnxTraining, adagradAndAdam) {
  auto adagrad = [](size_t output) {
    return evaluated(optimiser("Adagrad", {"R", "T", "x", "g", "h"}, 1, 2,
                               {{"decay_factor", .5f}, {"epsilon", 1.0f}},
                               output),
                     {{.1}, {2}, {1}, {3}, {16}})
        .values;
  };
  EXPECT_THAT(adagrad(1), near({25}));
  EXPECT_THAT(adagrad(0), near({1 - .05 * 3 / 6}));
  auto adam = [](size_t output, double count) {
    return evaluated(optimiser("Adam", {"R", "T", "x", "g", "v", "h"}, 1, 3,
                               {{"alpha", .5f}, {"beta", .75f}}, output),
                     {{.1}, {count}, {1}, {2}, {4}, {8}})
        .values;
  };
  EXPECT_THAT(adam(1, 2), near({3}));
  EXPECT_THAT(adam(2, 2), near({7}));
  EXPECT_THAT(adam(0, 0), near({1 - .1 * 3 / std::sqrt(7)}));
  EXPECT_THAT(adam(0, 2),
              near({1 - .1 * std::sqrt(1 - .5625) / .75 * 3 / std::sqrt(7)}));
}

} // namespace
} // namespace rune::import::testing
