// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What must hold of any graph, rule by rule (docs/ops.md, "Every graph"); and
// what is said about graphs: text and numbers.
#include "graph/ops.h"
#include "graph/verify.h"

#include "graph/one_node.h"
#include "graph/statistics.h"
#include "graph/text.h"

#include <gtest/gtest.h>

namespace rune::graph {
namespace {

using test::List;

Graph sum() { return *test::oneNode(Op::Add, {"f32[N, 2]", "f32[2] = 1 2"}); }

void expectRule(const Graph &graph, std::string_view rule) {
  auto result = verify(graph);
  ASSERT_FALSE(result.ok()) << rule;
  EXPECT_EQ(result.error().code, "graph.invalid");
  EXPECT_TRUE(result.error().message.ends_with(fmt::format("({})", rule)))
      << result.error().message;
}

TEST(Verify, EachRuleRefusesItsFault) {
  ASSERT_TRUE(verify(sum()).ok());
  Graph graph = sum();
  graph.values[0].type.dims = Dims(maxRank + 1, Dim(1));
  expectRule(graph, "graph.1");
  graph = sum();
  graph.values[0].type.dims = {INT64_MAX, INT64_MAX};
  expectRule(graph, "graph.1");
  graph = sum();
  graph.constants[0].data = graph.constants[0].data.first(4);
  expectRule(graph, "graph.2");
  graph = sum();
  graph.values[1].type.dims = {3};
  expectRule(graph, "graph.2");
  graph = sum();
  graph.values[1].constant = 7;
  expectRule(graph, "graph.3");
  graph = sum();
  graph.nodes[0].inputs[1] = 99;
  expectRule(graph, "graph.3");
  graph = sum();
  graph.outputs[0] = noValue;
  expectRule(graph, "graph.3");
  graph = sum();
  graph.nodes[0].outputs[0] = 0;
  expectRule(graph, "graph.4");
  graph = sum();
  graph.inputs.push_back(1); // a constant
  expectRule(graph, "graph.4");
  graph = sum();
  graph.values.push_back({"nowhere", {DType::F32, {}}, {}});
  expectRule(graph, "graph.4");
  graph = sum();
  graph.nodes[0].inputs[0] = graph.nodes[0].outputs[0]; // a cycle
  expectRule(graph, "graph.5");
  graph = sum();
  graph.nodes[0].attributes.resize(maxPerNode + 1);
  expectRule(graph, "graph.6");
  graph = sum();
  graph.values[2].type.dims[0] = Dim::unknown(); // less than is known
  expectRule(graph, "graph.7");
  graph = sum();
  graph.values[2].type.dims[1] = 3;
  expectRule(graph, "graph.7");
  graph = sum();
  graph.values[2].type.dims[0] = 4; // more than is known: fine
  EXPECT_TRUE(verify(graph).ok());
}

/// x + state, which the state becomes.
Graph counter() {
  GraphBuilder builder("counter");
  ValueId x = builder.input("x", {DType::F32, {2}});
  ValueId state = builder.variable("state", {DType::F32, {2}},
                                   test::constantOf({DType::F32, {2}}, "5 7"));
  ValueId sum = *builder.one(Op::Add, "sum", {x, state});
  builder.update(state, sum);
  builder.output(sum, "y");
  return *std::move(builder).finish();
}

TEST(Verify, VariablesHaveRulesToo) {
  ASSERT_TRUE(verify(counter()).ok());
  Graph graph = counter();
  graph.variables[0].input = 0; // an input
  expectRule(graph, "graph.4");
  graph = counter();
  graph.variables[0].input = 99;
  expectRule(graph, "graph.3");
  graph = counter();
  graph.variables[0].output = 99;
  expectRule(graph, "graph.3");
  graph = counter();
  graph.variables[0].initial = 1;
  expectRule(graph, "graph.3");
  graph = counter();
  graph.variables.clear();
  expectRule(graph, "graph.5");
  graph = counter();
  graph.values[1].type.dims[0] = Dim::unknown();
  expectRule(graph, "graph.8");
  graph = counter();
  graph.values[1].type.dtype = DType::Utf8;
  expectRule(graph, "graph.8");
  graph = counter();
  graph.variables.resize(maxPerNode + 1, graph.variables[0]);
  expectRule(graph, "graph.8");
  graph = counter();
  graph.values[0].type.dims[0] = graph.values[2].type.dims[0] = 1;
  graph.variables[0].output = 0;
  expectRule(graph, "graph.7");
  graph = counter();
  graph.values.push_back({"other", {DType::F32, {3}}, {}});
  graph.inputs.push_back(3);
  graph.variables[0].output = 3;
  expectRule(graph, "graph.8");
  graph = counter();
  graph.constants[0] = test::constantOf({DType::I32, {2}}, "5 7");
  expectRule(graph, "graph.9");
}

TEST(Text, ShowsVariables) {
  EXPECT_EQ(renderText(counter()), "graph \"counter\" (%x : f32[2]) {\n"
                                   "  %state : f32[2] = variable #0\n"
                                   "  %y : f32[2] = add(%x, %state) \"sum\"\n"
                                   "  %state becomes %y\n"
                                   "  return %y\n"
                                   "}\n");
}

TEST(Text, IsOneLineANode) {
  Graph graph = *test::oneNode(Op::Conv, {"f32[N, 2, 6]", "f32[1, 2, 3] = 0"});
  EXPECT_EQ(renderText(graph),
            "graph \"test\" (%x0 : f32[N, 2, 6]) {\n"
            "  %x1 : f32[1, 2, 3] = constant\n"
            "  %y0 : f32[N, 1, 4] = conv(%x0, %x1) {accumulator = \"f32\", "
            "dilations = [1], groups = 1, layout = \"NCX\", pads = [0, 0], "
            "strides = [1]} \"node\"\n"
            "  return %y0\n"
            "}\n");
}

TEST(Text, NamesThatClashGetNumbersAndOddOnesQuotes) {
  Graph graph = *test::oneNode(Op::Clamp, {"f32[2]", "", "f32[]"});
  graph.values[0].name = graph.values[1].name = "same";
  graph.values[2].name = "a \"b\"\n";
  EXPECT_EQ(renderText(graph),
            "graph \"test\" (%same#0 : f32[2], %same#1 : f32[]) {\n"
            "  %\"a \\\"b\\\"\\x0a\" : f32[2] = clamp(%same#0, _, %same#1) "
            "\"node\"\n"
            "  return %\"a \\\"b\\\"\\x0a\"\n"
            "}\n");
}

TEST(Statistics, CountMultiplicationsWeightsAndOperators) {
  // 4 output channels of 6 × 6, each 2 · 3 · 3; the batch counts as one
  Graph conv =
      *test::oneNode(Op::Conv, {"f32[N, 4, 8, 8]", "f32[4, 2, 3, 3] = 0"},
                     {{"groups", int64_t{2}}});
  EXPECT_EQ(macs(conv), 4u * 36 * 18);
  Statistics statistics = statisticsOf(conv);
  EXPECT_EQ(statistics.parameters, 72u);
  EXPECT_EQ(statistics.weightBytes, 288u);
  EXPECT_EQ(statistics.operators,
            (std::vector<std::pair<std::string, uint64_t>>{{"conv", 1}}));
  EXPECT_EQ(macs(*test::oneNode(Op::MatMul, {"f32[5, 3]", "f32[3, 2]"})), 30u);
  EXPECT_EQ(macs(*test::oneNode(Op::MatMul, {"f32[3, 5]", "f32[3, 2]"},
                                {{"transpose_a", int64_t{1}}})),
            30u);
  EXPECT_EQ(macs(sum()), 0u);
  EXPECT_EQ(operations(conv, conv.nodes[0]), 2u * 4 * 36 * 18);
  auto operationsOf = [](Op op, const std::vector<std::string> &inputs,
                         std::vector<Attribute> attributes = {}) {
    Graph graph = *test::oneNode(op, inputs, std::move(attributes));
    return operations(graph, graph.nodes[0]);
  };
  EXPECT_EQ(operationsOf(Op::Relu, {"f32[3, 4]"}), 12u);
  EXPECT_EQ(operationsOf(Op::ReduceMean, {"f32[3, 4]"},
                         {{"axes", std::vector<int64_t>{0, 1}}}),
            12u);
  EXPECT_EQ(operationsOf(Op::MaxPool, {"f32[1, 2, 8, 8]"},
                         {{"kernel", std::vector<int64_t>{3, 2}}}),
            2u * 6 * 7 * 3 * 2);
  EXPECT_EQ(operationsOf(Op::Flatten, {"f32[3, 4]"}), 0u);
  EXPECT_EQ(
      macs(*test::oneNode(Op::ConvInteger, {"i8[1, 2, 5]", "i8[3, 2, 3]"})),
      3u * 3 * 6);
  EXPECT_EQ(macs(*test::oneNode(Op::MatMulInteger, {"i8[5, 3]", "i8[3, 2]"})),
            30u);
  EXPECT_EQ(
      macs(*test::oneNode(Op::ConvTranspose, {"f32[1, 2, 5]", "f32[2, 4, 3]"},
                          {{"strides", List{2}}})),
      10u * 12);
  EXPECT_EQ(macs(*test::oneNode(Op::MatMul, {"f32[1073741824, 1073741824]",
                                             "f32[1073741824, 1073741824]"})),
            UINT64_MAX);
}

} // namespace
} // namespace rune::graph
