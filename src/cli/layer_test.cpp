// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/layer.h"

#include "graph/one_node.h"
#include "graph/ops.h"

#include <gtest/gtest.h>

namespace rune::cli {
namespace {

using graph::Graph;
using graph::Op;
using Integers = std::vector<int64_t>;

std::string textOfOne(Op op, const std::vector<std::string> &inputs,
                      std::vector<graph::Attribute> attributes = {},
                      size_t outputs = 1) {
  auto graph = graph::test::oneNode(op, inputs, std::move(attributes), outputs);
  EXPECT_TRUE(graph.ok()) << graph.error().message;
  return graph.ok() ? textOf(*graph, {.nodes = {0}}) : "";
}

TEST(Layer, ConvolutionsTellKernelChannelsAndSteps) {
  EXPECT_EQ(textOfOne(Op::Conv, {"f32[1, 3, 8, 8]", "f32[4, 3, 3, 5]"}),
            "conv 3x5 3→4");
  EXPECT_EQ(textOfOne(Op::Conv, {"f32[1, 4, 9, 9]", "f32[4, 4, 1, 1]"},
                      {{"strides", Integers{2, 2}}}),
            "conv 1x1 4 /2");
  EXPECT_EQ(textOfOne(Op::Conv, {"f32[1, 4, 9, 9]", "f32[4, 1, 3, 3]"},
                      {{"groups", int64_t{4}}, {"strides", Integers{2, 1}}}),
            "depthwise conv 3x3 4 /2x1");
  EXPECT_EQ(textOfOne(Op::Conv, {"f32[1, 4, 9, 9]", "f32[6, 2, 3, 3]"},
                      {{"groups", int64_t{2}}, {"dilations", Integers{2, 2}}}),
            "conv 3x3 4→6 dilated 2 in 2 groups");
}

TEST(Layer, TransposedConvolutionsHaveTheirWeightsTheOtherWayRound) {
  EXPECT_EQ(
      textOfOne(Op::ConvTranspose, {"f32[1, 3, 8, 8]", "f32[3, 5, 2, 2]"}),
      "conv_transpose 2x2 3→5");
}

TEST(Layer, ProductsTellRowsSumAndColumns) {
  EXPECT_EQ(textOfOne(Op::MatMul, {"f32[5, 3]", "f32[3, 2]"}),
            "matmul 5x3·3x2");
  EXPECT_EQ(textOfOne(Op::MatMul, {"f32[1, 7, 3, 5]", "f32[3, 2]"},
                      {{"transpose_a", int64_t{1}}}),
            "matmul 7 of 5x3·3x2");
}

TEST(Layer, PoolsTellTheirWindow) {
  EXPECT_EQ(
      textOfOne(Op::MaxPool, {"f32[1, 2, 8, 8]"},
                {{"kernel", Integers{3, 2}}, {"strides", Integers{2, 2}}}),
      "max_pool 3x2 /2");
}

/// relu(x · w + b) + x, in nodes 0 to 3.
Graph chain() {
  graph::GraphBuilder builder("chain");
  auto constant = [&](const char *name, const char *type) {
    return builder.constant(
        name, graph::test::constantOf(*parseTensorType(type), ""));
  };
  graph::ValueId x = builder.input("x", *parseTensorType("f32[4, 4]"));
  graph::ValueId w = constant("w", "f32[4, 4]"), b = constant("b", "f32[4]");
  graph::ValueId y = *builder.one(Op::MatMul, "product", {x, w});
  y = *builder.one(Op::Add, "bias", {y, b});
  y = *builder.one(Op::Relu, "relu", {y});
  y = *builder.one(Op::Add, "residual", {y, x});
  builder.output(y, "y");
  return *std::move(builder).finish();
}

TEST(Layer, FusedOperatorsStandInTheirOrder) {
  Graph graph = chain();
  Layer layer{.nodes = {0, 1, 2, 3}, .anchor = 0};
  EXPECT_EQ(textOf(graph, layer), "matmul 4x4·4x4 + add + relu + add");
  EXPECT_EQ(nameOf(graph, layer), "product");
  EXPECT_EQ(resultOf(graph, layer), "f32[4, 4]");
  layer.how = "plain loops";
  EXPECT_EQ(textOf(graph, {.nodes = {1, 3}, .anchor = 3, .how = "interpreted"}),
            "add ×2 (interpreted)");
}

TEST(Layer, LongChainsAreCutShort) {
  graph::GraphBuilder builder("long");
  graph::ValueId x = builder.input("x", *parseTensorType("f32[4]"));
  Layer layer;
  for (uint32_t i = 0; i < 10; ++i) {
    x = *builder.one(i % 2 ? Op::Exp : Op::Neg, "node", {x});
    layer.nodes.push_back(i);
  }
  layer.anchor = 9;
  builder.output(x, "y");
  EXPECT_EQ(textOf(*std::move(builder).finish(), layer),
            "neg + exp + neg + exp + neg + exp + 4 more");
}

TEST(Layer, CostsAreThoseOfAllNodesAndTrafficOnlyWhatComesAndGoes) {
  Graph graph = chain();
  Layer layer{.nodes = {0, 1, 2, 3}, .anchor = 0};
  EXPECT_EQ(macsOf(graph, layer), 64u);
  EXPECT_EQ(operationsOf(graph, layer), 2u * 64 + 3 * 16);
  // x, w and b, and the result; x once although two nodes read it
  EXPECT_EQ(trafficOf(graph, layer), 4u * (16 + 16 + 4 + 16));
}

} // namespace
} // namespace rune::cli
