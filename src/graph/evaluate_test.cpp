// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Running whole graphs: names, limits, deadlines, values nobody may trust.
#include "graph/evaluate.h"
#include "graph/one_node.h"
#include "graph/op.h"
#include "graph/ops.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace rune::graph {
namespace {

using test::List;

Tensor f32(std::vector<int64_t> sizes, float value = 1) {
  auto tensor = Tensor::zeros(DType::F32, std::move(sizes));
  std::ranges::fill(tensor->as<float>(), value);
  return std::move(*tensor);
}

Result<Tensors> run(const Graph &graph, const std::vector<const Tensor *> &in,
                    const EvaluateLimits &limits = {}) {
  std::vector<TensorView> views;
  for (const Tensor *tensor : in)
    views.push_back(tensor->view());
  return evaluate(graph, views, limits);
}

void expectCode(const Result<Tensors> &result, std::string_view code) {
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, code) << result.error().message;
}

TEST(Evaluate, EqualNamesStandForEqualNumbers) {
  auto graph = test::oneNode(Op::Add, {"f32[N]", "f32[N]"});
  Tensor three = f32({3}), one = f32({1});
  EXPECT_TRUE(run(*graph, {&three, &three}).ok());
  expectCode(run(*graph, {&three, &one}), "evaluate.input-mismatch");
}

TEST(Evaluate, InputsMustAgreeWithTheirTypes) {
  auto graph = test::oneNode(Op::Relu, {"f32[N, 2]"});
  Tensor good = f32({3, 2}), wide = f32({3, 4}), flat = f32({2});
  EXPECT_TRUE(run(*graph, {&good}).ok());
  expectCode(run(*graph, {}), "evaluate.input-mismatch");
  expectCode(run(*graph, {&good, &good}), "evaluate.input-mismatch");
  expectCode(run(*graph, {&wide}), "evaluate.input-mismatch");
  expectCode(run(*graph, {&flat}), "evaluate.input-mismatch");
  std::vector<int64_t> sizes = {3, 2};
  TensorView shortData{DType::F32, sizes, good.bytes().first(8)};
  expectCode(evaluate(*graph, std::span(&shortData, 1)),
             "evaluate.input-mismatch");
  TensorView ints{DType::I32, sizes, good.bytes()};
  expectCode(evaluate(*graph, std::span(&ints, 1)), "evaluate.input-mismatch");
}

TEST(Evaluate, WhatInferenceLeftOpenIsCheckedAtRunTime) {
  auto sum = test::oneNode(Op::Add, {"f32[?]", "f32[5]"});
  Tensor five = f32({5}), two = f32({2});
  EXPECT_TRUE(run(*sum, {&five, &five}).ok());
  auto result = run(*sum, {&two, &five});
  expectCode(result, "evaluate.failed");
  EXPECT_TRUE(result.error().message.ends_with("(add.2)"));

  auto product = test::oneNode(Op::MatMul, {"f32[2, K]", "f32[M, 2]"});
  Tensor a = f32({2, 3}), b = f32({4, 2});
  expectCode(run(*product, {&a, &b}), "evaluate.failed");
}

TEST(Evaluate, ANameOfAnInnerValueIsOneNumberToo) {
  // the declared type of the result is refined to the input's name
  auto graph = test::oneNode(Op::Pad, {"f32[N]", "i64[2]"});
  graph->values[graph->outputs[0]].type.dims[0] = Dim::named("N");
  Tensor x = f32({3});
  auto none = Tensor::zeros(DType::I64, {2});
  EXPECT_TRUE(run(*graph, {&x, &*none}).ok());
  none->as<int64_t>()[0] = 1;
  expectCode(run(*graph, {&x, &*none}), "evaluate.failed");
}

TEST(Evaluate, ShapesComeFromValues) {
  auto graph = test::oneNode(Op::Reshape, {"f32[N, 2]", "i64[2]"});
  Tensor x = f32({3, 2});
  auto shape = Tensor::zeros(DType::I64, {2});
  shape->as<int64_t>()[0] = -1;
  shape->as<int64_t>()[1] = 6;
  auto result = run(*graph, {&x, &*shape});
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ((*result)[0].type().str(), "f32[1, 6]");
  shape->as<int64_t>()[1] = 4;
  expectCode(run(*graph, {&x, &*shape}), "evaluate.failed");
  shape->as<int64_t>()[0] = INT64_MAX;
  shape->as<int64_t>()[1] = INT64_MAX;
  expectCode(run(*graph, {&x, &*shape}), "evaluate.failed");
}

TEST(Evaluate, MemoryLimitRefusesBeforeAllocating) {
  auto graph = test::oneNode(Op::Add, {"f32[N, 1]", "f32[1, M]"});
  Tensor a = f32({1 << 20, 1}), b = f32({1, 1 << 20});
  expectCode(run(*graph, {&a, &b}), "evaluate.memory-limit");
  auto pad =
      test::oneNode(Op::Pad, {"i8[1]", "i64[2] = 4611686018427387904 0"});
  auto one = Tensor::zeros(DType::I8, {1});
  expectCode(run(*pad, {&*one}), "evaluate.memory-limit");
  auto text =
      test::oneNode(Op::Pad, {"utf8[1]", "i64[2] = 1152921504606846976 0"});
  Tensor word = Tensor::ofText({1}, std::vector<std::string>{"word"});
  expectCode(run(*text, {&word}), "evaluate.memory-limit");
}

TEST(Evaluate, WorkingSpaceOfWindowsIsPaidToo) {
  auto graph = test::oneNode(Op::MaxPool, {"i8[1, 1, 65536, 1]"},
                             {{"kernel", List{65536, 1}}});
  auto x = Tensor::zeros(DType::I8, {1, 1, 65536, 1});
  EvaluateLimits limits;
  limits.memoryBytes = 1 << 16;
  expectCode(run(*graph, {&*x}, limits), "evaluate.memory-limit");
  limits.memoryBytes = 1 << 22;
  EXPECT_TRUE(run(*graph, {&*x}, limits).ok());
}

TEST(Evaluate, TensorsAreFreedAfterTheirLastUse) {
  GraphBuilder builder("chain");
  ValueId value = builder.input("x", {DType::F32, {1000}});
  for (int i = 0; i < 10; ++i)
    value = *builder.one(Op::Relu, fmt::format("n{}", i), {value});
  builder.output(value, "y");
  auto graph = std::move(builder).finish();
  Tensor x = f32({1000});
  EvaluateLimits limits;
  limits.memoryBytes = 8000; // two of ten
  auto result = run(*graph, {&x}, limits);
  EXPECT_TRUE(result.ok()) << result.error().message;
  limits.memoryBytes = 7999;
  expectCode(run(*graph, {&x}, limits), "evaluate.memory-limit");
}

TEST(Evaluate, APassedDeadlineStopsEachOperator) {
  EvaluateLimits limits;
  limits.deadline = std::chrono::steady_clock::now();
  auto graph = test::oneNode(Op::Relu, {"f32[1]"});
  Tensor x = f32({1});
  expectCode(run(*graph, {&x}, limits), "evaluate.deadline");
}

TEST(Evaluate, ADeadlineStopsALongLoop) {
  // 2^31 window taps would take seconds; the deadline is over before
  auto graph =
      test::oneNode(Op::Conv, {"f32[1, 1, 65536]", "f32[1, 1, 32768]"});
  Tensor x = f32({1, 1, 65536}), w = f32({1, 1, 32768});
  EvaluateLimits limits;
  limits.deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
  expectCode(run(*graph, {&x, &w}, limits), "evaluate.deadline");
}

TEST(Evaluate, AbsurdWindowsEndSoon) {
  constexpr int64_t most = INT32_MAX;
  // a kernel of 2^31 - 1 in each of three dimensions, nearly all in the padding
  auto pool = test::oneNode(Op::AveragePool, {"f32[1, 1, 2, 2, 2]"},
                            {{"kernel", List{most, most, most}},
                             {"pads", List{most, most, most, most, most, most}},
                             {"strides", List{most, most, most}},
                             {"count_include_pad", int64_t{1}}});
  ASSERT_TRUE(pool.ok()) << pool.error().message;
  Tensor x = f32({1, 1, 2, 2, 2});
  EXPECT_TRUE(run(*pool, {&x}).ok());

  auto dilated = test::oneNode(Op::MaxPool, {"f32[1, 1, 2, 2]"},
                               {{"kernel", List{3, 3}},
                                {"dilations", List{most, most}},
                                {"pads", List{most, most, most, most}},
                                {"strides", List{most, most}}});
  ASSERT_TRUE(dilated.ok()) << dilated.error().message;
  Tensor y = f32({1, 1, 2, 2});
  EXPECT_TRUE(run(*dilated, {&y}).ok());

  // no elements, but sizes whose strides nearly overflow
  auto empty = test::oneNode(Op::MaxPool, {"i8[1, 1, 0, 4611686014132420607]"},
                             {{"kernel", List{1, most}},
                              {"pads", List{1, 0, 0, 0}},
                              {"strides", List{1, most}}},
                             2);
  ASSERT_TRUE(empty.ok()) << empty.error().message;
  auto none = Tensor::zeros(DType::I8, {1, 1, 0, 4611686014132420607});
  ASSERT_TRUE(none.ok());
  EvaluateLimits small;
  small.memoryBytes = 1 << 20;
  expectCode(run(*empty, {&*none}, small), "evaluate.memory-limit");

  // weights without elements but with an absurd kernel
  auto hollow = test::oneNode(
      Op::Conv, {"f32[1, 0, 1048576, 1048576]", "f32[1, 0, 1048576, 1048575]"});
  ASSERT_TRUE(hollow.ok()) << hollow.error().message;
  auto nothing = Tensor::zeros(DType::F32, {1, 0, 1048576, 1048576});
  auto weights = Tensor::zeros(DType::F32, {1, 0, 1048576, 1048575});
  auto result = run(*hollow, {&*nothing, &*weights});
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ((*result)[0].type().str(), "f32[1, 1, 1, 2]");
}

TEST(Evaluate, InputsAndOutputsMayBeTheSameValue) {
  Graph graph;
  graph.values.push_back({"x", {DType::F32, {2}}, {}});
  graph.inputs = {0};
  graph.outputs = {0, 0};
  Tensor x = f32({2}, 5);
  auto result = run(graph, {&x});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ((*result)[1].as<float>()[1], 5);
}

/// y = x + state; the state becomes y.
Graph counter(std::optional<Constant> initial = {}) {
  GraphBuilder builder("counter");
  ValueId x = builder.input("x", {DType::F32, {2}});
  ValueId state = builder.variable("state", {DType::F32, {2}}, initial);
  ValueId sum = *builder.one(Op::Add, "sum", {x, state});
  builder.update(state, sum);
  builder.output(sum, "y");
  return *std::move(builder).finish();
}

float countOnce(const Graph &graph, State *state,
                const EvaluateLimits &limits = {}) {
  Tensor one = f32({2});
  TensorView view = one.view();
  auto results = evaluate(graph, {&view, 1}, limits, state);
  return results ? results->at(0).as<float>()[1] : -1;
}

TEST(State, IsKeptByWhoRunsTheGraph) {
  Graph graph = counter();
  State first, second;
  EXPECT_EQ(countOnce(graph, &first), 1);
  EXPECT_EQ(countOnce(graph, &first), 2);
  EXPECT_EQ(countOnce(graph, &second), 1);
  EXPECT_EQ(countOnce(graph, &first), 3);
  first.clear();
  EXPECT_EQ(countOnce(graph, &first), 1);
  EXPECT_EQ(countOnce(graph, nullptr), 1);
  EXPECT_EQ(countOnce(graph, nullptr), 1);
}

TEST(State, StartsWithItsConstant) {
  Graph graph = counter(test::constantOf({DType::F32, {2}}, "5 7"));
  State state;
  EXPECT_EQ(countOnce(graph, &state), 8);
  EXPECT_EQ(countOnce(graph, &state), 9);
}

TEST(State, StaysWhenARunFails) {
  Graph graph = counter();
  State state;
  EXPECT_EQ(countOnce(graph, &state), 1);
  EvaluateLimits late;
  late.deadline = std::chrono::steady_clock::time_point();
  EvaluateLimits small;
  small.memoryBytes = 12; // the state, but not the sum
  EXPECT_EQ(countOnce(graph, &state, late), -1);
  EXPECT_EQ(countOnce(graph, &state, small), -1);
  EXPECT_EQ(countOnce(graph, &state), 2);
}

TEST(State, MustBeOfThisGraph) {
  Graph graph = counter();
  State tooMany, mistyped;
  tooMany.push_back(f32({2}));
  tooMany.push_back(f32({2}));
  mistyped.push_back(f32({3}));
  for (State *state : {&tooMany, &mistyped}) {
    Tensor one = f32({2});
    TensorView view = one.view();
    expectCode(evaluate(graph, {&view, 1}, {}, state),
               "evaluate.input-mismatch");
  }
}

/// Two variables that change places, and one nobody updates; none is an output.
TEST(State, VariablesMayBecomeEachOther) {
  GraphBuilder builder("swap");
  ValueId a = builder.variable("a", {DType::F32, {1}},
                               test::constantOf({DType::F32, {1}}, "3"));
  ValueId b = builder.variable("b", {DType::F32, {1}});
  ValueId still = builder.variable("still", {DType::F32, {1}},
                                   test::constantOf({DType::F32, {1}}, "9"));
  builder.update(a, b);
  builder.update(b, a);
  builder.output(a, "y");
  builder.output(still, "z");
  Graph graph = *std::move(builder).finish();
  State state;
  for (float expected : {3.0F, 0.0F, 3.0F}) {
    auto results = evaluate(graph, {}, {}, &state);
    ASSERT_TRUE(results.ok()) << results.error().message;
    EXPECT_EQ(results->at(0).as<float>()[0], expected);
    EXPECT_EQ(results->at(1).as<float>()[0], 9);
  }
}

} // namespace
} // namespace rune::graph
