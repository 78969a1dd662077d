// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What models may cost: memory, and the time of compiling them.
#include "device/cpu/cpu_model.h"

#include "graph/builder.h"
#include "graph/ops.h"

#include <gtest/gtest.h>

namespace rune::device {
namespace {

using Clock = std::chrono::steady_clock;

/// `count` nodes behind each other, in turns.
graph::Graph chain(const char *type, size_t count) {
  graph::GraphBuilder builder("chain");
  graph::ValueId x = builder.input("x", *parseTensorType(type));
  constexpr graph::Op turns[] = {graph::Op::Sigmoid, graph::Op::Abs};
  for (size_t i = 0; i < count; ++i)
    x = *builder.one(turns[i % 2], fmt::format("n{}", i), {x});
  builder.output(x, "y");
  auto graph = std::move(builder).finish();
  EXPECT_TRUE(graph.ok()) << graph.error().message;
  return *std::move(graph);
}

Result<graph::Items> run(CpuModel &model, const graph::EvaluateLimits &limits) {
  static const Tensor x = *Tensor::zeros(DType::F32, {64});
  graph::Items items;
  items.push_back(graph::Item::borrowed(x.view()));
  return model.run(std::move(items), limits);
}

TEST(CpuLimits, CompilingEndsAtTheDeadlineOfTheRun) {
  CpuModel model(chain("f32[64]", 50));
  graph::EvaluateLimits limits;
  limits.deadline = Clock::now() - std::chrono::seconds(1);
  auto results = run(model, limits);
  ASSERT_FALSE(results.ok());
  EXPECT_EQ(results.error().code, "evaluate.deadline");
  EXPECT_EQ(results.error().message,
            "the deadline passed while the model was compiled");
  // what was stopped is begun anew
  limits.deadline = Clock::now() + std::chrono::hours(1);
  EXPECT_TRUE(run(model, limits).ok());
}

TEST(CpuLimits, CompilingStopsWhenItIsTold) {
  std::atomic<bool> stop = true;
  compile::Options options;
  options.stop = &stop;
  auto stopped = compile::compile(chain("f32[64]", 50), options);
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, "compile.stopped");
  stop = false;
  EXPECT_TRUE(compile::compile(chain("f32[64]", 50), options).ok());
}

TEST(CpuLimits, TooManyNodesAreRefused) {
  auto made = compile::compile(chain("f32[4]", (size_t{1} << 16) + 1));
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, "compile.too-large");
  EXPECT_EQ(made.error().message,
            "the graph has 65537 nodes, at most 65536 are compiled");
}

TEST(CpuLimits, MoreMemoryThanTheMachineHasIsRefused) {
  auto run = CpuRun::prepare(chain("f32[524288, 262144]", 1));
  ASSERT_FALSE(run.ok());
  EXPECT_EQ(run.error().code, "machine.out-of-memory");
  auto beyond = CpuRun::prepare(chain("f32[1048576, 1048576]", 1));
  ASSERT_FALSE(beyond.ok());
  EXPECT_EQ(beyond.error().code, "compile.too-large");
}

TEST(CpuLimits, MoreMemoryThanIsAllowedIsRefused) {
  CpuModel model(chain("f32[64]", 1));
  graph::EvaluateLimits limits;
  limits.memoryBytes = 100;
  auto results = run(model, limits);
  ASSERT_FALSE(results.ok());
  EXPECT_EQ(results.error().code, "evaluate.memory-limit");
}

} // namespace
} // namespace rune::device
