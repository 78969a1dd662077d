// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Programs with a step for each call, which profiles are made of, beside those
// with a step for each region.
#include "device/cpu/cpu_run.h"
#include "device/cpu/random_graph.h"

#include "graph/evaluate.h"

#include <gtest/gtest.h>

#include <random>

namespace rune::device {
namespace {

graph::Graph randomGraph(uint64_t seed) {
  std::mt19937_64 random(seed);
  Bytes bytes(64);
  for (uint8_t &byte : bytes)
    byte = static_cast<uint8_t>(random());
  return RandomGraph(bytes).make();
}

std::vector<Tensor> inputsOf(const graph::Graph &graph) {
  std::vector<Tensor> tensors;
  for (graph::ValueId id : graph.inputs)
    tensors.push_back(patternOf(graph.values[id].type.dtype,
                                graph.values[id].type.sizes(), id + 1));
  return tensors;
}

/// The bytes of all results; nothing where the values were refused.
std::vector<Bytes> resultsOf(CpuRun &run, const std::vector<Tensor> &tensors) {
  graph::Items items;
  for (const Tensor &tensor : tensors)
    items.push_back(graph::Item::borrowed(tensor.view()));
  graph::State state;
  auto results = run.run(std::move(items), {}, state);
  std::vector<Bytes> bytes;
  if (results)
    for (const graph::Item &item : *results)
      bytes.emplace_back(item.view().data.begin(), item.view().data.end());
  return bytes;
}

TEST(TimedSteps, GiveTheSameBits) {
  for (uint64_t seed = 0; seed < 8; ++seed) {
    SCOPED_TRACE(seed);
    graph::Graph graph = randomGraph(seed);
    auto inputs = inputsOf(graph);
    auto whole = CpuRun::prepare(graph);
    auto timed = CpuRun::prepare(graph, {.stepForEachCall = true});
    ASSERT_TRUE(whole.ok() && timed.ok());
    std::vector<int64_t> nanoseconds;
    (*timed)->timeSteps(&nanoseconds);
    EXPECT_EQ(resultsOf(**timed, inputs), resultsOf(**whole, inputs));
    EXPECT_EQ(nanoseconds.size(), (*timed)->program().steps.size());
  }
}

TEST(TimedSteps, HoldOneCallOrOneNodeOfThePlanEach) {
  size_t calls = 0, several = 0;
  for (uint64_t seed = 0; seed < 8; ++seed) {
    SCOPED_TRACE(seed);
    auto run = CpuRun::prepare(randomGraph(seed), {.stepForEachCall = true});
    ASSERT_TRUE(run.ok());
    const compile::Program &program = (*run)->program();
    std::vector<int> held(program.graph.nodes.size());
    for (const compile::Call &call : program.calls) {
      ++calls;
      several += call.nodes.size() > 1;
      for (uint32_t node : call.nodes)
        ++held[node];
      EXPECT_TRUE(std::ranges::count(call.nodes, call.anchor));
    }
    for (const compile::Step &step : program.steps) {
      if (!step.entry) {
        EXPECT_EQ(step.lastNode, step.firstNode + 1);
        ++held[step.firstNode];
        continue;
      }
      EXPECT_LE(
          std::ranges::count_if(program.calls,
                                [&](const compile::Call &call) {
                                  return call.nodes.back() >= step.firstNode &&
                                         call.nodes.back() < step.lastNode;
                                }),
          1);
    }
    EXPECT_TRUE(std::ranges::all_of(held, [](int n) { return n == 1; }));
  }
  EXPECT_GT(calls, several); // or nothing was seen
  EXPECT_GT(several, 0u);
}

TEST(TimedSteps, NameTheCodeOfEachCall) {
  auto run = CpuRun::prepare(randomGraph(3), {.stepForEachCall = true});
  ASSERT_TRUE(run.ok());
  const compile::Program &program = (*run)->program();
  ASSERT_FALSE(program.calls.empty());
  std::map<std::string, uint32_t> all;
  for (const compile::Call &call : program.calls) {
    EXPECT_FALSE(call.code.empty());
    all.insert(call.code.begin(), call.code.end());
  }
  uint64_t bytes = 0;
  for (const auto &[name, size] : all) {
    EXPECT_GT(size, 0u) << name;
    ASSERT_TRUE(program.symbols.contains(name)) << name;
    EXPECT_LE(program.symbols.at(name) + size, program.code.size()) << name;
    bytes += size;
  }
  EXPECT_LE(bytes, program.code.size());
}

TEST(TimedSteps, TimeTheEvaluatorsNodesToo) {
  graph::Graph graph = randomGraph(3);
  auto inputs = inputsOf(graph);
  graph::Items items;
  for (const Tensor &tensor : inputs)
    items.push_back(graph::Item::borrowed(tensor.view()));
  std::vector<int64_t> nanoseconds;
  auto results = graph::evaluateItems(graph, std::move(items), {}, nullptr,
                                      graph::maxTurns, &nanoseconds);
  ASSERT_TRUE(results.ok()) << results.error().message;
  EXPECT_EQ(nanoseconds.size(), graph.nodes.size());
}

} // namespace
} // namespace rune::device
