// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiled graphs against the evaluator and against what numpy computed.
#include "device/cpu/run_graph.h"

#include "graph/builder.h"
#include "graph/evaluate.h"
#include "graph/golden_cases.h"
#include "graph/ops.h"

#include <set>

namespace rune::device {
namespace {

using graph::test::golden;
using graph::test::Json;

/// All cases of one operator, so that a failure names it.
class CompiledOperator : public testing::TestWithParam<std::string> {};

/// In one graph: compiling is what takes time.
TEST_P(CompiledOperator, AgreesWithNumpy) {
  graph::GraphBuilder builder("golden");
  std::vector<graph::test::Case> cases;
  for (const Json &json : golden())
    if (json["op"].get<std::string>() == GetParam())
      cases.emplace_back(json);
  std::vector<TensorView> inputs;
  for (size_t i = 0; i < cases.size(); ++i) {
    ASSERT_TRUE(cases[i].addTo(builder, false, fmt::format("_{}", i)).ok());
    std::ranges::copy(cases[i].views(), std::back_inserter(inputs));
  }
  auto results = runOnce(*std::move(builder).finish(), inputs);
  ASSERT_TRUE(results.ok()) << results.error().message;
  size_t at = 0;
  for (const graph::test::Case &test : cases) {
    SCOPED_TRACE(graph::test::nameOf(test.json));
    size_t count = test.json["outputs"].size();
    std::vector<Tensor> outputs;
    for (size_t i = 0; i < count; ++i)
      outputs.push_back(*Tensor::copyOf((*results)[at + i].view()));
    test.check(outputs);
    at += count;
  }
}

std::vector<std::string> operators() {
  std::set<std::string> names;
  for (const Json &json : golden())
    names.insert(json["op"].get<std::string>());
  return {names.begin(), names.end()};
}

INSTANTIATE_TEST_SUITE_P(All, CompiledOperator, testing::ValuesIn(operators()),
                         [](const auto &info) { return info.param; });

TEST(CpuRun, GivesConstantsOut) {
  graph::GraphBuilder builder("constants");
  graph::ValueId x = builder.input("x", {DType::F32, {Dim(2)}});
  Tensor tensor = *Tensor::zeros(DType::F32, {2});
  tensor.as<float>()[0] = 3;
  graph::ValueId c =
      builder.constant("c", graph::Constant::of(std::move(tensor)));
  builder.output(*builder.one(graph::Op::Relu, "relu", {x}), "y");
  builder.output(c, "c_out");
  Tensor input = *Tensor::zeros(DType::F32, {2});
  TensorView inputs[] = {input.view()};
  auto results = runOnce(*std::move(builder).finish(), inputs);
  ASSERT_TRUE(results.ok()) << results.error().message;
  EXPECT_EQ(Tensor::copyOf((*results)[1].view())->as<float>()[0], 3);
}

/// The code is cut into pieces for threads, but not by their number.
TEST(CpuRun, IsMadeOfTheSameCodeByAnyNumberOfThreads) {
  auto codeOf = [](uint32_t threads) {
    graph::GraphBuilder builder("golden");
    size_t count = 0;
    for (const Json &json : golden())
      if (json["op"].get<std::string>() == "conv")
        EXPECT_TRUE(graph::test::Case(json)
                        .addTo(builder, false, fmt::format("_{}", count++))
                        .ok());
    EXPECT_GT(count, 10u);
    compile::Options options;
    options.compileThreads = threads;
    auto run = CpuRun::prepare(*std::move(builder).finish(), options);
    EXPECT_TRUE(run.ok());
    return (*run)->program().code;
  };
  Bytes alone = codeOf(1);
  EXPECT_EQ(codeOf(2), alone);
  EXPECT_EQ(codeOf(5), alone);
}

TEST(CpuRun, TakesSequences) {
  graph::GraphBuilder builder("sequence");
  graph::ValueId s = builder.input(
      "s", graph::ValueType::of(graph::Form::Sequence, DType::F32, {}));
  builder.output(*builder.one(graph::Op::SequenceLength, "length", {s}), "n");
  EXPECT_TRUE(CpuRun::prepare(*std::move(builder).finish()).ok());
}

} // namespace
} // namespace rune::device
