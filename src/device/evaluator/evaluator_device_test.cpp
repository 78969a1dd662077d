// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/evaluator/evaluator_device.h"

#include "graph/builder.h"
#include "graph/ops.h"
#include "graph/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rune::device {
namespace {

using graph::Op;

/// y = max(x + [1, -2], 0) for x of f32[n, 2].
graph::Graph addAndClip() {
  graph::GraphBuilder builder("model");
  auto x = builder.input("x", *parseTensorType("f32[n, 2]"));
  std::vector<float> bias = {1, -2};
  std::vector<int64_t> sizes = {2};
  ByteSpan bytes(reinterpret_cast<const uint8_t *>(bias.data()), 8);
  auto constant = builder.constant(
      "bias", graph::Constant::of(
                  std::move(*Tensor::copyOf({DType::F32, sizes, bytes}))));
  auto sum = *builder.one(Op::Add, "sum", {x, constant});
  builder.output(*builder.one(Op::Relu, "relu", {sum}), "y");
  return *std::move(builder).finish();
}

/// The model as a container holds it; graph and table live beside it.
struct StoredModel {
  graph::Graph graph = addAndClip();
  graph::StoredGraph stored = *graph::store(graph);
  container::Model model;

  StoredModel() {
    model.name = "model";
    model.encoding = "rune-graph";
    model.graph = stored.table;
    for (ByteSpan weight : stored.weights)
      model.weights.push_back({{}, weight});
  }
};

Result<std::vector<Tensor>> run(runtime::Program &program,
                                std::vector<int64_t> sizes,
                                std::vector<float> values,
                                const runtime::RunLimits &limits = {}) {
  ByteSpan bytes(reinterpret_cast<const uint8_t *>(values.data()),
                 values.size() * sizeof(float));
  TensorView view{DType::F32, sizes, bytes};
  return program.run({&view, 1}, limits);
}

TEST(Evaluator, RunsAStoredGraph) {
  StoredModel stored;
  auto device = makeEvaluator();
  EXPECT_EQ(device->name(), "evaluator");
  auto program = device->load(stored.model);
  ASSERT_TRUE(program) << program.error().message;
  ASSERT_EQ((*program)->inputs().size(), 1u);
  EXPECT_EQ((*program)->inputs()[0].name, "x");
  EXPECT_EQ((*program)->inputs()[0].type.str(), "f32[n, 2]");
  EXPECT_EQ((*program)->outputs()[0].type.str(), "f32[n, 2]");
  for (int i = 0; i < 2; ++i) {
    auto outputs = run(**program, {2, 2}, {1, 1, -5, 4});
    ASSERT_TRUE(outputs) << outputs.error().message;
    EXPECT_EQ(outputs->at(0).type().str(), "f32[2, 2]");
    EXPECT_THAT(outputs->at(0).as<float>(), testing::ElementsAre(2, 0, 0, 2));
  }
}

TEST(Evaluator, KeepsStateUntilItIsReset) {
  graph::GraphBuilder builder("sum");
  auto x = builder.input("x", *parseTensorType("f32[1]"));
  auto state = builder.variable("state", *parseTensorType("f32[1]"));
  auto sum = *builder.one(Op::Add, "sum", {x, state});
  builder.update(state, sum);
  builder.output(sum, "y");
  graph::Graph graph = *std::move(builder).finish();
  auto stored = *graph::store(graph);
  container::Model model;
  model.encoding = "rune-graph";
  model.graph = stored.table;
  auto device = makeEvaluator();
  auto program = *device->load(model), other = *device->load(model);
  EXPECT_EQ(program->inputs().size(), 1u);
  for (float expected : {1.0F, 2.0F, 3.0F})
    EXPECT_EQ(run(*program, {1}, {1})->at(0).as<float>()[0], expected);
  EXPECT_EQ(run(*other, {1}, {1})->at(0).as<float>()[0], 1);
  program->reset();
  EXPECT_EQ(run(*program, {1}, {1})->at(0).as<float>()[0], 1);
}

TEST(Evaluator, NamesItsErrorsAsADevice) {
  StoredModel stored;
  auto program = *makeEvaluator()->load(stored.model);
  EXPECT_EQ(run(*program, {3}, {1, 2, 3}).error().code,
            "device.input-mismatch");
  EXPECT_EQ(program->run({}, {}).error().code, "device.input-mismatch");
  runtime::RunLimits late{std::chrono::steady_clock::time_point(), 1 << 20};
  EXPECT_EQ(run(*program, {1, 2}, {1, 2}, late).error().code,
            "device.deadline");
  EXPECT_EQ(run(*program, {1, 2}, {1, 2}, {{}, 4}).error().code,
            "device.memory-limit");
}

TEST(Evaluator, RefusesWhatItCannotRead) {
  StoredModel stored;
  stored.model.encoding = "onnx";
  EXPECT_EQ(makeEvaluator()->load(stored.model).error().code,
            "device.unsupported");
  stored.model.encoding = "rune-graph";
  stored.model.graph = stored.model.graph.first(10);
  EXPECT_FALSE(makeEvaluator()->load(stored.model));
}

} // namespace
} // namespace rune::device
