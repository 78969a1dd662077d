// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layers with a memory: what they give in a row of runs, worked out by hand,
// and what of them is refused. Whole models are in models_test.cpp.
#include "graph/evaluate.h"
#include "graph/numeric.h"
#include "import/tflite/test_tflite_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace rune::import::testing {
namespace {

using ::testing::DoubleNear;
using ::testing::HasSubstr;
using ::testing::Pointwise;

using Numbers = std::vector<double>;

TestTensor quantized(std::string name, std::string type, float scale,
                     int64_t zero, Numbers values = {}, bool variable = false) {
  return {std::move(name),
          std::move(type),
          std::move(values),
          {{scale}, {zero}, 0},
          variable};
}

/// The elements of the first output in each of several runs; each input is that
/// of one run.
std::vector<Numbers> runs(const TfliteTestModel &model,
                          const std::vector<Numbers> &inputs) {
  TfliteOutcome outcome = importOf(model);
  EXPECT_EQ(outcome.messages, "");
  std::vector<Numbers> all;
  if (!outcome.graph)
    return all;
  const graph::Graph &graph = *outcome.graph;
  const TensorType &type = graph.values[graph.inputs[0]].type;
  graph::State state;
  for (const Numbers &numbers : inputs) {
    auto x = Tensor::zeros(type.dtype, type.sizes());
    graph::withNumeric(type.dtype, [&]<class T>(graph::Type<T>) {
      for (size_t i = 0; i < numbers.size(); ++i)
        x->as<T>()[i] = graph::narrow<T>(numbers[i]);
    });
    std::vector<TensorView> views = {x->view()};
    auto results = graph::evaluate(graph, views, {}, &state);
    EXPECT_TRUE(results.ok()) << results.error().message;
    if (!results)
      return all;
    Numbers &got = all.emplace_back();
    const Tensor &y = results->front();
    graph::withNumeric(y.dtype(), [&]<class T>(graph::Type<T>) {
      for (T element : y.as<T>())
        got.push_back(static_cast<double>(graph::widen(element)));
    });
  }
  return all;
}

// ---- SVDF -------------------------------------------------------------------

TfliteTestModel svdf(int32_t rank, int8_t activation,
                     const std::vector<TestTensor> &tensors) {
  TfliteTestModel model;
  std::vector<int32_t> ids = {model.input(tensors[0])};
  for (size_t i = 1; i + 1 < tensors.size(); ++i)
    ids.push_back(tensors[i].name.empty() ? -1 : model.tensor(tensors[i]));
  int32_t y = model.tensor(tensors.back());
  auto options = [=](auto &fbb) {
    return tflite::CreateSvdfOptions(fbb, rank, activation);
  };
  model.op(BUILTIN_SVDF, ids, {y}, tflite::Options_SvdfOptions, options)
      .output(y);
  return model;
}

TEST(TfliteSvdf, remembersStepsOfEarlierRuns) {
  TfliteTestModel model = svdf(1, 1,
                               {{"x", "f32[1, 1]"},
                                {"features", "f32[1, 1]", {2}},
                                {"time", "f32[1, 3]", {1, 10, 100}},
                                {"bias", "f32[1]", {5}},
                                {"state", "f32[1, 3]", {}, {}, true},
                                {"y", "f32[1, 1]"}});
  // the state is 0 0 2, then 0 2 6, then 2 6 -200, then 6 -200 2
  EXPECT_EQ(runs(model, {{1}, {3}, {-100}, {1}}),
            (std::vector<Numbers>{{205}, {625}, {0}, {0}}));
}

TEST(TfliteSvdf, addsTheFiltersOfAUnit) {
  // two batch elements, two units of rank 2
  TfliteTestModel model =
      svdf(2, 0,
           {{"x", "f32[2, 1]"},
            {"features", "f32[4, 1]", {1, 2, 1, -1}},
            {"time", "f32[4, 2]", {1, 10, 100, 1000, 0, 1, 0, 1}},
            {},
            {"state", "f32[2, 8]", {}, {}, true},
            {"y", "f32[2, 2]"}});
  EXPECT_EQ(runs(model, {{1, 3}, {0, 1}}),
            (std::vector<Numbers>{{2010, 0, 6030, 0}, {201, 0, 2613, 0}}));
}

TEST(TfliteSvdf, ofOneStepIsADenseLayerOfRankOne) {
  TfliteTestModel model = svdf(1, 0,
                               {{"x", "f32[1, 2]"},
                                {"features", "f32[1, 2]", {1, 2}},
                                {"time", "f32[1, 1]", {3}},
                                {},
                                {"state", "f32[1, 1]", {}, {}, true},
                                {"y", "f32[1, 1]"}});
  EXPECT_EQ(runs(model, {{1, 1}, {0, 1}}), (std::vector<Numbers>{{9}, {6}}));
}

/// real = 0.5 (x - 1) · 0.25 w, kept at 0.125; times time, at 1 with -10 for 0.
TEST(TfliteSvdf, startsFromWhatStandsForZero) {
  auto model = [](const std::string &type, int64_t zero) {
    return svdf(1, 0,
                {quantized("x", "i8[1, 1]", 0.5, 1),
                 quantized("features", "i8[1, 1]", 0.25, 0, {4}),
                 quantized("time", type + "[1, 2]", 1, 0, {8, 2}),
                 quantized("bias", "i32[1]", 0.125, 0, {8}),
                 quantized("state", type + "[1, 2]", 0.125, zero, {}, true),
                 quantized("y", "i8[1, 1]", 1, -10)});
  };
  // (0 · 8 + 16 · 2 + 8) / 8 = 5, then (16 · 8 + 0 · 2 + 8) / 8 = 17
  std::vector<Numbers> wanted = {{-5}, {7}};
  EXPECT_EQ(runs(model("i8", 3), {{5}, {1}}), wanted);
  EXPECT_EQ(runs(model("i16", 0), {{5}, {1}}), wanted);
}

std::string refusal(const TfliteTestModel &model) {
  return importOf(model).messages;
}

TEST(TfliteSvdf, refusesWhatDoesNotFit) {
  std::vector<TestTensor> tensors = {{"x", "f32[1, 1]"},
                                     {"features", "f32[2, 1]", {1, 1}},
                                     {"time", "f32[2, 2]", {1, 1, 1, 1}},
                                     {},
                                     {"state", "f32[1, 4]", {}, {}, true},
                                     {"y", "f32[1, 2]"}};
  EXPECT_EQ(refusal(svdf(1, 0, tensors)), "");
  EXPECT_THAT(refusal(svdf(0, 0, tensors)), HasSubstr("a rank of 0"));
  EXPECT_THAT(refusal(svdf(3, 0, tensors)), HasSubstr("a rank of 3"));
  tensors[4].variable = false;
  EXPECT_THAT(refusal(svdf(1, 0, tensors)), HasSubstr("state"));
  tensors[4] = {"state", "f32[1, 5]", {}, {}, true};
  EXPECT_THAT(refusal(svdf(1, 0, tensors)),
              HasSubstr("needs 2 filters of 2 steps"));
  tensors[4] = {"state", "f32[4]", {}, {}, true};
  EXPECT_THAT(refusal(svdf(1, 0, tensors)), HasSubstr("two dimensions"));
  tensors[4] = {"state", "i16[1, 4]", {}, {}, true};
  EXPECT_THAT(refusal(svdf(1, 0, tensors)), HasSubstr("with a state of i16"));
  tensors[4] = {"state", "f32[1, 4]", {}, {}, true};
  tensors[1] = quantized("features", "i8[2, 1]", 1, 0, {1, 1});
  EXPECT_THAT(refusal(svdf(1, 0, tensors)),
              HasSubstr("f32 by weights of i8 and f32"));
}

/// What a layer makes of a variable is what later layers see.
TEST(TfliteSvdf, laterLayersSeeItsState) {
  TfliteTestModel model;
  int32_t x = model.input({"x", "f32[1, 1]"});
  int32_t one = model.tensor({"one", "f32[1, 1]", {1}});
  int32_t state = model.tensor({"state", "f32[1, 1]", {}, {}, true});
  int32_t y = model.tensor({"y", "f32[1, 1]"});
  int32_t z = model.tensor({"z", "f32[1, 1]"});
  auto options = [](auto &fbb) { return tflite::CreateSvdfOptions(fbb, 1, 0); };
  model.op(BUILTIN_SVDF, {x, one, one, -1, state}, {y},
           tflite::Options_SvdfOptions, options);
  model.op(BUILTIN_ADD, {y, state}, {z}).output(z).output(state);
  auto results = runAll(model, {{3}});
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[0].values, Numbers{6});
  EXPECT_EQ(results[1].values, Numbers{3});
}

// ---- LSTM -------------------------------------------------------------------

/// One channel, one hidden element: weights and biases of the input, forget,
/// cell and output gate.
struct Lstm {
  std::string x = "f32[1, 2, 1]", y = "f32[1, 2, 1]", state = "f32[1, 1]";
  Numbers weights = {0, 0, 0, 0}, recurrent = {0, 0, 0, 0};
  Numbers bias = {100, 100, 100, 100};
  float cellClip = 0;
  bool timeMajor = false;
  int8_t activation = 4;
  /// Further inputs, by number.
  std::map<size_t, TestTensor> others = {};

  TfliteTestModel model() const {
    TfliteTestModel model;
    std::vector<int32_t> ids(24, -1);
    ids[0] = model.input({"x", x});
    for (size_t gate = 0; gate < 4; ++gate) {
      ids[1 + gate] = model.tensor({"w", "f32[1, 1]", {weights[gate]}});
      ids[5 + gate] = model.tensor({"r", "f32[1, 1]", {recurrent[gate]}});
      ids[12 + gate] = model.tensor({"b", "f32[1]", {bias[gate]}});
    }
    ids[18] = model.tensor({"h", state, {}, {}, true});
    ids[19] = model.tensor({"c", state, {}, {}, true});
    for (const auto &[index, tensor] : others)
      ids[index] = tensor.name.empty() ? -1 : model.tensor(tensor);
    int32_t out = model.tensor({"y", y});
    auto options = [*this](auto &fbb) {
      return tflite::CreateSequenceLstmOptions(fbb, activation, cellClip, 0,
                                               timeMajor);
    };
    model
        .op(BUILTIN_UNIDIRECTIONAL_SEQUENCE_LSTM, ids, {out},
            tflite::Options_SequenceLstmOptions, options)
        .output(out);
    return model;
  }
};

constexpr double tanh1 = 0.76159415596, tanh1Half = 0.90514825364,
                 tanh2 = 0.96402758008, tanh3 = 0.99505475369,
                 tanh4 = 0.99932929974;

/// The first run, then the second, one behind the other.
Numbers twoRuns(const Lstm &lstm, const Numbers &x = {0, 0}) {
  Numbers all;
  for (const Numbers &numbers : runs(lstm.model(), {x, x}))
    all.insert(all.end(), numbers.begin(), numbers.end());
  return all;
}
MATCHER_P(Near, wanted, "") {
  return ::testing::ExplainMatchResult(Pointwise(DoubleNear(1e-6), wanted), arg,
                                       result_listener);
}

TEST(TfliteLstm, keepsItsCellFromRunToRun) {
  EXPECT_THAT(twoRuns({}), Near(Numbers{tanh1, tanh2, tanh3, tanh4}));
  EXPECT_THAT(twoRuns({.cellClip = 1.5}),
              Near(Numbers{tanh1, tanh1Half, tanh1Half, tanh1Half}));
}

TEST(TfliteLstm, knowsItsGatesApart) {
  EXPECT_THAT(twoRuns({.bias = {-100, 100, 100, 100}}),
              Near(Numbers{0, 0, 0, 0}));
  EXPECT_THAT(twoRuns({.bias = {100, -100, 100, 100}}),
              Near(Numbers{tanh1, tanh1, tanh1, tanh1}));
  EXPECT_THAT(twoRuns({.bias = {100, 100, -100, 100}}),
              Near(Numbers{-tanh1, -tanh2, -tanh3, -tanh4}));
  EXPECT_THAT(twoRuns({.bias = {100, 100, 100, -100}}),
              Near(Numbers{0, 0, 0, 0}));
}

/// The cell gate follows x, the output gate what came out before.
TEST(TfliteLstm, readsItsInputAndItsLastOutput) {
  Lstm lstm{.weights = {0, 0, 100, 0},
            .recurrent = {0, 0, 0, -1000},
            .bias = {100, 100, 0, 100}};
  // c is 1, 2, 1, 2; the output is shut after tanh 1, open after 0
  EXPECT_THAT(twoRuns(lstm, {1, 1}), Near(Numbers{tanh1, 0, tanh3, 0}));
}

TEST(TfliteLstm, takesTimeFirst) {
  Lstm lstm{.x = "f32[2, 3, 1]",
            .y = "f32[2, 3, 1]",
            .state = "f32[3, 1]",
            .weights = {0, 0, 100, 0},
            .bias = {100, 100, 0, 100},
            .timeMajor = true};
  EXPECT_THAT(runs(lstm.model(), {{1, 0, -1, 1, 1, -1}})[0],
              Near(Numbers{tanh1, 0, -tanh1, tanh2, tanh1, -tanh2}));
}

TEST(TfliteLstm, refusesByNameWhatItDoesNotKnow) {
  auto with = [](size_t index, TestTensor tensor) {
    Lstm lstm;
    lstm.others[index] = std::move(tensor);
    return refusal(lstm.model());
  };
  TestTensor vector = {"more", "f32[1]", {1}};
  for (size_t i : {9U, 10U, 11U})
    EXPECT_THAT(with(i, vector), HasSubstr("peephole weights"));
  EXPECT_THAT(with(16, {"more", "f32[1, 1]", {1}}), HasSubstr("a projection"));
  EXPECT_THAT(with(17, vector), HasSubstr("a projection"));
  for (size_t i : {20U, 21U, 22U, 23U})
    EXPECT_THAT(with(i, vector), HasSubstr("layer normalisation"));
  EXPECT_THAT(with(1, {}), HasSubstr("coupled input and forget gates"));
  EXPECT_THAT(with(5, {}), HasSubstr("coupled input and forget gates"));
  EXPECT_THAT(refusal(Lstm{.activation = 1}.model()),
              HasSubstr("activation number 1, needs tanh"));
}

TEST(TfliteLstm, refusesWhatDoesNotFit) {
  auto with = [](size_t index, TestTensor tensor) {
    Lstm lstm;
    lstm.others[index] = std::move(tensor);
    return refusal(lstm.model());
  };
  EXPECT_THAT(with(12, {}), HasSubstr("input 12 (`bias`) is missing"));
  EXPECT_THAT(with(2, {"more", "f32[2, 1]", {1, 1}}),
              HasSubstr("`weights` are `f32[2, 1]`"));
  EXPECT_THAT(with(18, {"h", "f32[1, 1]", {1}}), HasSubstr("is no variable"));
  EXPECT_THAT(with(19, {"c", "i16[1, 1]", {}, {}, true}),
              HasSubstr("with a cell of i16"));
  EXPECT_THAT(with(19, {"c", "f32[1, 2]", {}, {}, true}), HasSubstr("lstm.3"));
}

/// Zeros everywhere: gates are a half, the cell stays 0.
TfliteTestModel integerLstm(float cellScale, int64_t weightsZero,
                            float outputScale) {
  TfliteTestModel model;
  std::vector<int32_t> ids(24, -1);
  ids[0] = model.input(quantized("x", "i8[1, 1, 1]", 0.5, 3));
  for (size_t gate = 0; gate < 4; ++gate) {
    ids[1 + gate] =
        model.tensor(quantized("w", "i8[1, 1]", 0.5, weightsZero, {0}));
    ids[5 + gate] = model.tensor(quantized("r", "i8[1, 1]", 0.5, 0, {1}));
    ids[12 + gate] = model.tensor(quantized("b", "i32[1]", 0.25, 0, {0}));
  }
  ids[18] = model.tensor(quantized("h", "i8[1, 1]", 0.0078125, -7, {}, true));
  ids[19] = model.tensor(quantized("c", "i16[1, 1]", cellScale, 0, {}, true));
  int32_t y = model.tensor(quantized("y", "i8[1, 1, 1]", outputScale, -7));
  auto options = [](auto &fbb) {
    return tflite::CreateSequenceLstmOptions(fbb, 4, 10.0F);
  };
  model
      .op(BUILTIN_UNIDIRECTIONAL_SEQUENCE_LSTM, ids, {y},
          tflite::Options_SequenceLstmOptions, options)
      .output(y);
  return model;
}

TEST(TfliteLstm, ofIntegersStartsFromWhatStandsForZero) {
  EXPECT_EQ(runs(integerLstm(0x1p-11F, 0, 0.0078125), {{9}, {-100}}),
            (std::vector<Numbers>{{-7}, {-7}}));
}

TEST(TfliteLstm, ofIntegersRefusesOtherScales) {
  EXPECT_THAT(refusal(integerLstm(0.0005F, 0, 0.0078125)),
              HasSubstr("needs a power of two"));
  EXPECT_THAT(refusal(integerLstm(0x1p-20F, 0, 0.0078125)),
              HasSubstr("lstm_integer.5"));
  EXPECT_THAT(refusal(integerLstm(0x1p-11F, 1, 0.0078125)),
              HasSubstr("weights with a zero point of 1"));
  EXPECT_THAT(refusal(integerLstm(0x1p-11F, 0, 0.5)),
              HasSubstr("an output of another scale than its state"));
}

} // namespace
} // namespace rune::import::testing
