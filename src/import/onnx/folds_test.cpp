// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reductions, scans, contractions, losses, spectra and random numbers across
// their versions. What they compute was worked out with numpy.
#include "import/onnx/test_onnx_model.h"

#include "graph/evaluate.h"

#include <onnx_facts.pb.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace rune::import::testing {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Lt;
using ::testing::Pointwise;
using Values = std::vector<double>;
using Attributes = std::vector<TestAttribute>;
using Axes = std::vector<int64_t>;

constexpr double infinity = std::numeric_limits<double>::infinity();

MATCHER(IsNear, "") {
  double a = std::get<0>(arg), b = std::get<1>(arg);
  return a == b || std::abs(a - b) < 1e-5 * (1 + std::abs(b));
}
auto near(const Values &values) { return Pointwise(IsNear(), values); }

TestModel unary(const std::string &op, int64_t opset, std::string_view x,
                const Attributes &attributes = {}) {
  return TestModel(opset).input("x", x).node(op, {"x"}, attributes).output("y");
}

Values reduced(const std::string &op, int64_t opset, std::string_view type,
               const Values &x, const Attributes &attributes = {}) {
  return evaluated(unary(op, opset, type, attributes), {x}).values;
}

TEST(OnnxReduce, axesAreAnAttributeAtFirst) {
  Values x = counting(6);
  Attributes axis = {{"axes", Axes{1}}, {"keepdims", int64_t{0}}};
  EXPECT_THAT(reduced("ReduceSum", 1, "f32[2, 3]", x, axis), near({3, 12}));
  EXPECT_THAT(reduced("ReduceMean", 13, "f32[2, 3]", x, axis), near({1, 4}));
  EXPECT_THAT(reduced("ReduceProd", 11, "f32[2, 3]", x, axis), near({0, 60}));
  EXPECT_THAT(reduced("ReduceMax", 12, "f32[2, 3]", x, axis), near({2, 5}));
  EXPECT_THAT(reduced("ReduceMin", 13, "f32[2, 3]", x, axis), near({0, 3}));
  EXPECT_THAT(reduced("ReduceL1", 1, "f32[2, 3]", {-1, 2, -3, 4, 5, -6}, axis),
              near({6, 15}));
  EXPECT_THAT(reduced("ReduceL2", 13, "f32[2, 2]", {3, 4, 6, 8}, axis),
              near({5, 10}));
  EXPECT_THAT(reduced("ReduceSumSquare", 1, "f32[2, 3]", x, axis),
              near({5, 50}));
  EXPECT_THAT(reduced("ReduceLogSum", 1, "f32[2, 2]", {1, 1, 2, 3}, axis),
              near({std::log(2), std::log(5)}));
  EXPECT_THAT(
      reduced("ReduceLogSumExp", 1, "f32[2, 2]", {1000, 1000, 0, 0}, axis),
      near({1000 + std::log(2), std::log(2)}));
  EXPECT_EQ(evaluated(unary("ReduceSum", 11, "f32[2, 3]"), {x}).type,
            "f32[1, 1]");
}

TEST(OnnxReduce, axesAreAnInputSince13Or18) {
  auto model = [](const std::string &op, int64_t opset, bool known,
                  int64_t keep) {
    TestModel model(opset);
    model.input("x", "f32[2, 3]");
    if (known)
      model.initializer("axes", "i64[1]", {-1});
    else
      model.input("axes", "i64[1]");
    return model.node(op, {"x", "axes"}, {{"keepdims", keep}}).output("y");
  };
  for (bool known : {false, true})
    for (int64_t keep : {0, 1}) {
      std::vector<Values> inputs = {counting(6)};
      if (!known)
        inputs.push_back({-1});
      Evaluated sum = evaluated(model("ReduceSum", 13, known, keep), inputs);
      EXPECT_EQ(sum.type, keep ? "f32[2, 1]" : "f32[2]");
      EXPECT_THAT(sum.values, near({3, 12}));
      EXPECT_THAT(
          evaluated(model("ReduceLogSumExp", 18, known, keep), inputs).values,
          near({2.4076059, 5.4076059}));
      EXPECT_THAT(evaluated(model("ReduceL2", 18, known, keep), inputs).values,
                  near({2.236068, 7.0710678}));
    }
}

TEST(OnnxReduce, noAxesAreAllOfThemOrNone) {
  auto model = [](const std::string &op, int64_t noop) {
    return TestModel(18)
        .input("x", "f32[3]")
        .input("axes", "i64[0]")
        .node(op, {"x", "axes"},
              {{"noop_with_empty_axes", noop}, {"keepdims", int64_t{0}}})
        .output("y");
  };
  std::vector<Values> x = {{1, 2, 4}, {}};
  EXPECT_THAT(evaluated(model("ReduceSum", 0), x).values, near({7}));
  EXPECT_THAT(evaluated(model("ReduceSum", 1), x).values, near({1, 2, 4}));
  EXPECT_THAT(evaluated(model("ReduceSumSquare", 1), x).values,
              near({1, 4, 16}));
  EXPECT_THAT(evaluated(model("ReduceLogSum", 1), x).values,
              near({0, std::log(2), std::log(4)}));
  EXPECT_THAT(reduced("ReduceMax", 18, "f32[3]", {1, 9, 2}), near({9}));
}

TEST(OnnxReduce, nothingHasASumToo) {
  Attributes axis = {{"axes", Axes{1}}, {"keepdims", int64_t{0}}};
  auto of = [&](const std::string &op) {
    return reduced(op, 13 - (op == "ReduceSum"), "f32[2, 0]", {}, axis);
  };
  EXPECT_THAT(of("ReduceSum"), ElementsAre(0, 0));
  EXPECT_THAT(of("ReduceProd"), ElementsAre(1, 1));
  EXPECT_THAT(of("ReduceMax"), ElementsAre(-infinity, -infinity));
  EXPECT_THAT(of("ReduceMin"), ElementsAre(infinity, infinity));
  EXPECT_THAT(of("ReduceL1"), ElementsAre(0, 0));
  EXPECT_THAT(of("ReduceL2"), ElementsAre(0, 0));
  EXPECT_THAT(of("ReduceLogSum"), ElementsAre(-infinity, -infinity));
  EXPECT_THAT(of("ReduceLogSumExp"), ElementsAre(-infinity, -infinity));
}

TEST(OnnxReduce, compositionsRoundOnce) {
  // in f16 the squares and the exponentials would overflow
  EXPECT_THAT(reduced("ReduceL2", 13, "f16[2]", {300, 400}), ElementsAre(500));
  EXPECT_THAT(reduced("ReduceLogSumExp", 13, "f16[2]", {-infinity, 12}),
              ElementsAre(12));
  EXPECT_THAT(reduced("ReduceL2", 13, "i32[2]", {3, 5}), ElementsAre(5));
  EXPECT_THAT(reduced("ReduceL1", 13, "u32[2]", {3, 5}), ElementsAre(8));
  EXPECT_THAT(reduced("ReduceLogSumExp", 13, "f32[2]", {infinity, 1}),
              ElementsAre(infinity));
}

TEST(OnnxReduce, refusesAxesOutsideOrTwice) {
  EXPECT_EQ(refusal(unary("ReduceSum", 11, "f32[2]", {{"axes", Axes{1}}})),
            "import.malformed: layer `layer`: `ReduceSum` of opset 11: axis 1 "
            "outside [-1, 1), the input has 1 dimensions");
  EXPECT_EQ(
      refusal(unary("ReduceL2", 11, "f32[2, 2]", {{"axes", Axes{1, -1}}})),
      "import.malformed: layer `layer`: `ReduceL2` of opset 11: `axes` name a "
      "dimension twice");
}

TEST(OnnxArg, takesTheFirstOrTheLast) {
  auto places = [](const std::string &op, int64_t opset,
                   const Attributes &more) {
    return evaluated(unary(op, opset, "f32[4]", more), {{3, 1, 3, 1}}).values;
  };
  EXPECT_THAT(places("ArgMax", 1, {}), ElementsAre(0));
  EXPECT_THAT(places("ArgMin", 11, {{"axis", int64_t{-1}}}), ElementsAre(1));
  EXPECT_THAT(places("ArgMax", 12, {{"select_last_index", int64_t{1}}}),
              ElementsAre(2));
  EXPECT_THAT(refusal(unary("ArgMax", 11, "f32[4]",
                            {{"select_last_index", int64_t{1}}})),
              HasSubstr("select_last_index"));
}

TEST(OnnxSoftmaxFamily, logarithmsAndHardChoices) {
  EXPECT_THAT(reduced("LogSoftmax", 13, "f32[1, 2]", {0, 0}),
              near({-std::log(2), -std::log(2)}));
  EXPECT_THAT(reduced("LogSoftmax", 13, "f32[1, 2]", {10000, 0}),
              near({0, -10000}));
  EXPECT_THAT(reduced("LogSoftmax", 11, "f32[1, 2, 2]", {0, 0, 0, 0}),
              near(Values(4, -std::log(4))));
  EXPECT_THAT(reduced("Hardmax", 13, "f32[2, 3]", {1, 3, 3, 2, 1, 0}),
              ElementsAre(0, 1, 0, 1, 0, 0));
  EXPECT_THAT(reduced("Hardmax", 1, "f32[1, 2, 2]", {1, 2, 5, 5}),
              ElementsAre(0, 0, 1, 0));
  EXPECT_THAT(reduced("Hardmax", 13, "f32[3]", {1, std::nan(""), 3}),
              ElementsAre(0, 1, 0));
}

TEST(OnnxNorms, divideByTheirSizes) {
  EXPECT_THAT(reduced("LpNormalization", 22, "f32[2, 2]", {3, 4, 0, 0}),
              near({0.6, 0.8, 0, 0}));
  EXPECT_THAT(
      reduced("LpNormalization", 1, "f32[2]", {-1, 3}, {{"p", int64_t{1}}}),
      near({-0.25, 0.75}));
  EXPECT_THAT(
      reduced("MeanVarianceNormalization", 13, "f32[2, 1, 1, 2]", {1, 3, 1, 3}),
      near({-1, 1, -1, 1}));
}

TEST(OnnxCumulative, axisKnownOrNot) {
  for (bool known : {false, true}) {
    TestModel model(14);
    model.input("x", "f32[2, 2]");
    if (known)
      model.initializer("axis", "i32[]", {-1});
    else
      model.input("axis", "i32[]");
    model.node("CumSum", {"x", "axis"}, {{"reverse", int64_t{1}}}).output("y");
    std::vector<Values> inputs = {{1, 2, 3, 4}};
    if (!known)
      inputs.push_back({-1});
    EXPECT_THAT(evaluated(model, inputs).values, ElementsAre(3, 2, 7, 4));
  }
}

Values einsum(const std::string &equation,
              const std::vector<std::pair<std::string, Values>> &operands) {
  TestModel model(12);
  std::vector<std::string> names;
  std::vector<Values> values;
  for (const auto &[type, data] : operands) {
    names.push_back("x" + std::to_string(names.size()));
    model.input(names.back(), type);
    values.push_back(data);
  }
  model.node("Einsum", names, {{"equation", equation}}).output("y");
  return evaluated(model, values).values;
}

TEST(OnnxEinsum, readsEveryForm) {
  Values four = {1, 2, 3, 4};
  EXPECT_THAT(einsum("ij", {{"f32[2, 2]", four}}), near(four));
  EXPECT_THAT(einsum("ba", {{"f32[2, 2]", four}}), near({1, 3, 2, 4}));
  EXPECT_THAT(einsum("aB", {{"f32[2, 2]", four}}), near({1, 3, 2, 4}));
  EXPECT_THAT(einsum(" i i -> i ", {{"f32[2, 2]", four}}), near({1, 4}));
  EXPECT_THAT(einsum("ii", {{"f32[2, 2]", four}}), near({5}));
  EXPECT_THAT(einsum("...ii->...i", {{"f32[2, 2]", four}}), near({1, 4}));
  EXPECT_THAT(einsum("...i->...", {{"f32[2, 2]", four}}), near({3, 7}));
  EXPECT_THAT(einsum("...i->i", {{"f32[2, 2]", four}}), near({4, 6}));
  EXPECT_THAT(einsum("i...", {{"f32[2, 2]", four}}), near({1, 3, 2, 4}));
  EXPECT_THAT(
      einsum("...ij,...jk", {{"f32[2, 2]", four}, {"f32[1, 2, 1]", {1, 10}}}),
      near({21, 43}));
  EXPECT_THAT(einsum("i,j->ij", {{"f32[2]", {1, 2}}, {"f32[2]", {3, 5}}}),
              near({3, 5, 6, 10}));
}

TEST(OnnxEinsum, refusesWhatDoesNotParse) {
  for (std::string bad : {"i,j->ij", "i->", "ij->k", "i1->i", "..ij",
                          "......ij", "ij->ii", "ij->->", "i.j"})
    EXPECT_NE(refusal(TestModel(12)
                          .input("x", "f32[2, 2]")
                          .node("Einsum", {"x"}, {{"equation", bad}})
                          .output("y")),
              "")
        << bad;
}

TEST(OnnxLoss, weightsAndIgnoredTargets) {
  TestModel nll(13);
  nll.input("x", "f32[3, 2]")
      .input("t", "i64[3]")
      .input("w", "f32[2]")
      .node("NegativeLogLikelihoodLoss", {"x", "t", "w"},
            {{"ignore_index", int64_t{-1}}})
      .output("y");
  EXPECT_THAT(evaluated(nll, {{1, 2, 3, 4, 5, 6}, {0, -1, 1}, {2, 3}}).values,
              near({-(1 * 2 + 6 * 3) / 5.0}));
  auto sce = [](const std::string &output) {
    return TestModel(13)
        .input("x", "f32[1, 2]")
        .input("t", "i32[1]")
        .node("SoftmaxCrossEntropyLoss", {"x", "t"}, {{"reduction", "sum"}},
              {"y", "log"})
        .output(output);
  };
  EXPECT_THAT(evaluated(sce("y"), {{0, 0}, {1}}).values, near({std::log(2)}));
  EXPECT_THAT(evaluated(sce("log"), {{0, 0}, {1}}).values,
              near({-std::log(2), -std::log(2)}));
}

TEST(OnnxSpectra, axisAndLengthKnownOrNot) {
  Values x = {1, 0, 0, 0};
  EXPECT_THAT(evaluated(unary("DFT", 17, "f32[1, 4, 1]"), {x}).values,
              near({1, 0, 1, 0, 1, 0, 1, 0}));
  TestModel run(20);
  run.input("x", "f32[1, 4, 1]")
      .input("length", "i64[]")
      .input("axis", "i64[]")
      .node("DFT", {"x", "length", "axis"}, {{"onesided", int64_t{1}}})
      .output("y");
  Evaluated y = evaluated(run, {x, {2}, {-2}});
  EXPECT_EQ(y.type, "f32[1, 2, 2]");
  EXPECT_THAT(y.values, near({1, 0, 1, 0}));
  EXPECT_NE(refusal(unary("DFT", 17, "f32[1, 4, 1]", {{"axis", int64_t{2}}})),
            "");
}

TEST(OnnxSpectra, windowsOfAnyType) {
  auto window = [](const std::string &op, const Attributes &attributes) {
    return evaluated(TestModel(17)
                         .input("n", "i32[]")
                         .node(op, {"n"}, attributes)
                         .output("y"),
                     {{4}});
  };
  EXPECT_THAT(window("HannWindow", {}).values, near({0, .5, 1, .5}));
  EXPECT_THAT(window("HammingWindow", {}).values,
              near({4.0 / 46, 25.0 / 46, 1, 25.0 / 46}));
  EXPECT_THAT(window("BlackmanWindow", {}).values, near({0, .34, 1, .34}));
  Evaluated whole = window("HannWindow", {{"output_datatype", int64_t{6}},
                                          {"periodic", int64_t{1}}});
  EXPECT_EQ(whole.type, "i32[4]");
  EXPECT_THAT(whole.values, ElementsAre(0, 0, 1, 0));
}

TEST(OnnxTfIdf, countsAndWeighs) {
  auto model = [](const std::string &mode) {
    return TestModel(9)
        .input("x", "i64[6]")
        .node("TfIdfVectorizer", {"x"},
              {{"mode", mode},
               {"min_gram_length", int64_t{1}},
               {"max_gram_length", int64_t{2}},
               {"max_skip_count", int64_t{0}},
               {"ngram_counts", Axes{0, 1}},
               {"ngram_indexes", Axes{1, 0}},
               {"pool_int64s", Axes{2, 2, 3}},
               {"weights", std::vector<float>{10, 100}}})
        .output("y");
  };
  std::vector<Values> x = {{2, 2, 3, 2, 3, 1}};
  EXPECT_THAT(evaluated(model("TF"), x).values, ElementsAre(2, 3));
  EXPECT_THAT(evaluated(model("IDF"), x).values, ElementsAre(10, 100));
  EXPECT_THAT(evaluated(model("TFIDF"), x).values, ElementsAre(20, 300));
}

double meanOf(const Values &values) {
  return std::accumulate(values.begin(), values.end(), 0.0) /
         static_cast<double>(values.size());
}
double deviationOf(const Values &values) {
  double mean = meanOf(values), sum = 0;
  for (double value : values)
    sum += (value - mean) * (value - mean);
  return std::sqrt(sum / static_cast<double>(values.size()));
}

TestModel drawn(const std::string &op, Attributes attributes) {
  attributes.push_back({"shape", Axes{100, 100}});
  return TestModel(22).node(op, {}, attributes).output("y");
}

TEST(OnnxRandom, hasTheDistributionThatIsAskedFor) {
  Evaluated uniform =
      evaluated(drawn("RandomUniform", {{"low", 2.0f}, {"high", 6.0f}}), {});
  EXPECT_EQ(uniform.type, "f32[100, 100]");
  EXPECT_THAT(uniform.values, Each(AllOf(Ge(2), Lt(6))));
  EXPECT_NEAR(meanOf(uniform.values), 4, 0.05);
  EXPECT_NEAR(deviationOf(uniform.values), 4 / std::sqrt(12), 0.05);
  Evaluated normal = evaluated(
      drawn("RandomNormal",
            {{"mean", -3.0f}, {"scale", 2.0f}, {"dtype", int64_t{11}}}),
      {});
  EXPECT_EQ(normal.type, "f64[100, 100]");
  EXPECT_NEAR(meanOf(normal.values), -3, 0.1);
  EXPECT_NEAR(deviationOf(normal.values), 2, 0.1);
}

TEST(OnnxRandom, followsTheProbabilities) {
  Evaluated coins = evaluated(
      TestModel(15).input("x", "f64[n]").node("Bernoulli", {"x"}).output("y"),
      {Values(10000, 0.25)}, {{10000}});
  EXPECT_EQ(coins.type, "f64[10000]");
  EXPECT_NEAR(meanOf(coins.values), 0.25, 0.02);
  Evaluated dice = evaluated(
      TestModel(7)
          .input("x", "f32[n, 3]")
          .node("Multinomial", {"x"}, {{"sample_size", int64_t{4000}}})
          .output("y"),
      {{0, std::log(2.f), 0, -infinity, -infinity, 5}}, {{2, 3}});
  EXPECT_EQ(dice.type, "i32[2, 4000]");
  Values first(dice.values.begin(), dice.values.begin() + 4000),
      second(dice.values.begin() + 4000, dice.values.end());
  EXPECT_NEAR(std::ranges::count(first, 0), 1000, 150);
  EXPECT_NEAR(std::ranges::count(first, 1), 2000, 150);
  EXPECT_THAT(second, Each(2));
}

TEST(OnnxRandom, isTheSameInEachFirstRunAndOtherInTheNext) {
  Outcome model = importOf(drawn("RandomUniform", {}));
  ASSERT_TRUE(model.graph) << model.messages;
  graph::State state;
  auto run = [&](graph::State *kept) {
    auto result = graph::evaluate(*model.graph, {}, {}, kept);
    EXPECT_TRUE(result.ok());
    ByteSpan bytes = (*result)[0].bytes();
    return Bytes(bytes.begin(), bytes.end());
  };
  Bytes first = run(&state), second = run(&state);
  EXPECT_EQ(first, run(nullptr));
  EXPECT_NE(first, second);
  Outcome seeded = importOf(drawn("RandomUniform", {{"seed", 3.0f}}));
  ASSERT_TRUE(seeded.graph) << seeded.messages;
  EXPECT_TRUE(seeded.graph->variables.empty());
}

/// A branch that draws [2] numbers.
void addBranch(onnx::NodeProto &node, const std::string &name) {
  auto *attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(5);
  auto *graph = attribute->mutable_g();
  graph->set_name(name);
  auto *draw = graph->add_node();
  draw->set_op_type("RandomUniform");
  draw->add_output("drawn");
  auto *shape = draw->add_attribute();
  shape->set_name("shape");
  shape->set_type(7);
  shape->add_ints(2);
  graph->add_output()->set_name("drawn");
}

TEST(OnnxRandom, drawsInBranchesToo) {
  TestModel model(22);
  model.input("c", "bool[]").node("If", {"c"}).output("y");
  auto &node = *model.proto().mutable_graph()->mutable_node(0);
  addBranch(node, "then_branch");
  addBranch(node, "else_branch");
  Outcome imported = importOf(model);
  ASSERT_TRUE(imported.graph) << imported.messages;
  EXPECT_EQ(imported.graph->variables.size(), 1u);
  Evaluated first = evaluated(model, {{1}}), other = evaluated(model, {{0}});
  EXPECT_EQ(first.type, "f32[2]");
  EXPECT_EQ(first.values.size(), 2u);
  EXPECT_NE(first.values, other.values);
}

TEST(OnnxDropoutTraining, dropsSomeAndGrowsTheOthers) {
  auto model = [](bool known, const std::string &output) {
    TestModel model(13);
    model.input("x", "f32[10000]").input("ratio", "f32[]");
    if (known)
      model.initializer("train", "bool[]", {1});
    else
      model.input("train", "bool[]");
    return model.node("Dropout", {"x", "ratio", "train"}, {}, {"y", "mask"})
        .output(output);
  };
  Values ones(10000, 1);
  Values y = evaluated(model(true, "y"), {ones, {.75}}).values;
  EXPECT_NEAR(std::ranges::count(y, 4), 2500, 200);
  EXPECT_NEAR(std::ranges::count(y, 0), 7500, 200);
  Values mask = evaluated(model(true, "mask"), {ones, {.75}}).values;
  for (size_t i = 0; i < mask.size(); ++i)
    ASSERT_EQ(mask[i], y[i] != 0);
  EXPECT_THAT(evaluated(model(false, "y"), {ones, {.75}, {0}}).values, Each(1));
  EXPECT_THAT(evaluated(model(false, "mask"), {ones, {.75}, {0}}).values,
              Each(1));
  EXPECT_THAT(evaluated(model(false, "y"), {ones, {0}, {1}}).values, Each(1));
}

} // namespace
} // namespace rune::import::testing
