// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shapes with symbols: what is known stays, nothing is claimed that might not
// hold.
#include "graph/one_node.h"
#include "graph/ops.h"

#include <gtest/gtest.h>

namespace rune::graph {
namespace {

using test::List;

struct Case {
  Op op;
  std::vector<std::string> inputs;
  std::vector<Attribute> attributes;
  std::string result;
};

TEST(Infer, TypesWithSymbols) {
  const Case cases[] = {
      // broadcasting
      {Op::Add, {"f32[N, 3]", "f32[N, 3]"}, {}, "f32[N, 3]"},
      {Op::Add, {"f32[N, 1]", "f32[1, M]"}, {}, "f32[N, M]"},
      {Op::Add, {"f32[N]", "f32[M]"}, {}, "f32[?]"},
      {Op::Add, {"f32[N]", "f32[?]"}, {}, "f32[?]"},
      {Op::Add, {"f32[?]", "f32[?]"}, {}, "f32[?]"},
      {Op::Add, {"f32[?]", "f32[5]"}, {}, "f32[5]"},
      {Op::Add, {"f32[N]", "f32[0]"}, {}, "f32[0]"},
      {Op::Add, {"f32[N, 3]", "f32[3]"}, {}, "f32[N, 3]"},
      {Op::Mul, {"f32[]", "f32[N]"}, {}, "f32[N]"},
      // elementwise
      {Op::Relu, {"f32[N, ?]"}, {}, "f32[N, ?]"},
      {Op::Clamp, {"f32[N]", "f32[?]"}, {}, "f32[N]"},
      // convolution
      {Op::Conv, {"f32[N, 3, 8, 8]", "f32[4, 3, 3, 3]"}, {}, "f32[N, 4, 6, 6]"},
      {Op::Conv, {"f32[N, C, 8]", "f32[4, 3, 3]"}, {}, "f32[N, 4, 6]"},
      {Op::Conv,
       {"f32[N, 3, H]", "f32[4, 3, 3]"},
       {{"pads", List{1, 1}}},
       "f32[N, 4, H]"},
      {Op::Conv, {"f32[N, 3, H]", "f32[4, 3, 3]"}, {}, "f32[N, 4, ?]"},
      {Op::Conv,
       {"f32[N, 3, H]", "f32[4, 3, 1]"},
       {{"strides", List{2}}},
       "f32[N, 4, ?]"},
      {Op::Conv,
       {"f32[N, 8, 3]", "f32[4, 3, 3]"},
       {{"layout", "NXC"}},
       "f32[N, 6, 4]"},
      {Op::Conv, {"f32[1, 1, 8]", "f32[O, 1, K]"}, {}, "f32[1, O, ?]"},
      {Op::Conv, {"f32[1, 1, 0]", "f32[1, 1, 3]"}, {}, "f32[1, 1, 0]"},
      {Op::Conv,
       {"f32[1, 1, 0]", "f32[1, 1, 3]"},
       {{"pads", List{2, 2}}},
       "f32[1, 1, 2]"},
      // pooling
      {Op::MaxPool,
       {"f32[N, C, 7]"},
       {{"kernel", List{2}}, {"strides", List{2}}},
       "f32[N, C, 3]"},
      {Op::MaxPool,
       {"f32[N, C, 7]"},
       {{"kernel", List{2}}, {"strides", List{2}}, {"ceil", int64_t{1}}},
       "f32[N, C, 4]"},
      {Op::AveragePool,
       {"f32[N, H, C]"},
       {{"kernel", List{3}}, {"pads", List{1, 1}}, {"layout", "NXC"}},
       "f32[N, H, C]"},
      // products
      {Op::MatMul, {"f32[N, 4]", "f32[4, 2]"}, {}, "f32[N, 2]"},
      {Op::MatMul, {"f32[B, N, ?]", "f32[4, M]"}, {}, "f32[B, N, M]"},
      {Op::MatMul, {"f32[1, N, K]", "f32[B, K, M]"}, {}, "f32[B, N, M]"},
      {Op::MatMul,
       {"f32[K, N]", "f32[K, M]"},
       {{"transpose_a", int64_t{1}}},
       "f32[N, M]"},
      {Op::MatMul, {"f32[K]", "f32[K]"}, {}, "f32[]"},
      {Op::ReduceMean,
       {"f32[N, C, H]"},
       {{"axes", List{-1}}, {"keep_dims", int64_t{0}}},
       "f32[N, C]"},
      {Op::ReduceMean,
       {"f32[N, C, H]"},
       {{"axes", List{2, 1}}},
       "f32[N, 1, 1]"},
      {Op::Softmax, {"f32[N, C]"}, {{"axes", List{-1}}}, "f32[N, C]"},
      {Op::BatchNormalization,
       {"f32[N, C, 2]", "f32[3]", "f32[C]", "f32[C]", "f32[?]"},
       {},
       "f32[N, C, 2]"},
      // moving
      {Op::Flatten, {"f32[N, 2, 3]"}, {}, "f32[N, 6]"},
      {Op::Flatten, {"f32[N, 1, 1]"}, {{"axis", int64_t{2}}}, "f32[N, 1]"},
      {Op::Flatten, {"f32[N, M, 2]"}, {{"axis", int64_t{2}}}, "f32[?, 2]"},
      {Op::Flatten, {"f32[N, 0, M]"}, {{"axis", int64_t{3}}}, "f32[0, 1]"},
      {Op::Flatten, {"f32[N, 4]"}, {{"axis", int64_t{0}}}, "f32[1, ?]"},
      {Op::Reshape, {"f32[N, 2, 3]", "i64[2] = 0 -1"}, {}, "f32[N, 6]"},
      {Op::Reshape, {"f32[N, 2, 3]", "i64[2] = -1 6"}, {}, "f32[N, 6]"},
      {Op::Reshape, {"f32[N, 2, 3]", "i64[2] = -1 3"}, {}, "f32[?, 3]"},
      {Op::Reshape, {"f32[N, M]", "i64[2] = 0 -1"}, {}, "f32[N, M]"},
      {Op::Reshape, {"f32[N, M]", "i64[1] = -1"}, {}, "f32[?]"},
      {Op::Reshape, {"f32[2, 3]", "i64[2]"}, {}, "f32[?, ?]"},
      {Op::Reshape, {"f32[?, 3]", "i64[1] = 12"}, {}, "f32[12]"},
      {Op::Transpose,
       {"f32[N, C, 3]"},
       {{"permutation", List{0, 2, 1}}},
       "f32[N, 3, C]"},
      {Op::Transpose, {"f32[N, C, 3]"}, {}, "f32[3, C, N]"},
      {Op::Concat,
       {"f32[N, 2]", "f32[?, 3]"},
       {{"axis", int64_t{-1}}},
       "f32[N, 5]"},
      {Op::Concat,
       {"f32[N, 2]", "f32[4, M]"},
       {{"axis", int64_t{1}}},
       "f32[4, ?]"},
      {Op::Concat,
       {"f32[0, 2]", "f32[M, 2]"},
       {{"axis", int64_t{0}}},
       "f32[M, 2]"},
      {Op::Pad, {"f32[N, 3]", "i64[4] = 0 1 0 2"}, {}, "f32[N, 6]"},
      {Op::Pad, {"f32[N, 3]", "i64[4] = 1 0 0 0"}, {}, "f32[?, 3]"},
      {Op::Pad, {"f32[N, 3]", "i64[4]"}, {}, "f32[?, ?]"},
      {Op::Pad,
       {"f32[N, 3]", "i64[2] = 1 1", "", "i64[1] = -1"},
       {},
       "f32[N, 5]"},
      {Op::Pad, {"f32[N, 3]", "i64[2] = 1 1", "", "i64[1]"}, {}, "f32[?, ?]"},
      {Op::Identity, {"utf8[N]"}, {}, "utf8[N]"},
  };
  for (const Case &c : cases)
    EXPECT_EQ(test::inferred(c.op, c.inputs, c.attributes), c.result)
        << opName(c.op) << " of "
        << fmt::format("{}", fmt::join(c.inputs, " "));
}

TEST(Infer, IndicesAndRunningStatisticsHaveTheirOwnTypes) {
  auto pool =
      test::oneNode(Op::MaxPool, {"f16[N, 2, 4]"}, {{"kernel", List{2}}}, 2);
  ASSERT_TRUE(pool.ok());
  EXPECT_EQ(pool->values[pool->outputs[1]].type.str(), "i64[N, 2, 3]");
  auto norm =
      test::oneNode(Op::BatchNormalization,
                    {"f16[N, C]", "f16[C]", "f16[C]", "f32[4]", "f32[C]"},
                    {{"training", int64_t{1}}}, 3);
  ASSERT_TRUE(norm.ok()) << norm.error().message;
  EXPECT_EQ(norm->values[norm->outputs[2]].type.str(), "f32[4]");
}

TEST(Builder, AttributesAreCompletedAndSorted) {
  auto graph = test::oneNode(Op::Conv, {"f16[1, 2, 5, 5]", "f16[4, 2, 3, 3]"},
                             {{"strides", List{2, 2}}, {"groups", int64_t{1}}});
  ASSERT_TRUE(graph.ok());
  EXPECT_EQ(graph->nodes[0].attributes,
            (std::vector<Attribute>{{"accumulator", "f32"},
                                    {"dilations", List{1, 1}},
                                    {"groups", int64_t{1}},
                                    {"layout", "NCX"},
                                    {"pads", List{0, 0, 0, 0}},
                                    {"strides", List{2, 2}}}));
}

TEST(Builder, OutputsOfInputsConstantsAndOutputsAreCopies) {
  GraphBuilder builder("g");
  ValueId x = builder.input("x", {DType::F32, {2}});
  ValueId c = builder.constant("c", test::constantOf({DType::F32, {1}}, "1"));
  ValueId y = *builder.one(Op::Relu, "y", {x});
  builder.output(x, "x");
  builder.output(c, "other");
  builder.output(y, "result");
  builder.output(y, "again");
  auto graph = std::move(builder).finish();
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  std::vector<std::string> names;
  for (ValueId id : graph->outputs)
    names.push_back(graph->values[id].name);
  EXPECT_EQ(names, (std::vector<std::string>{"x", "other", "result", "again"}));
  EXPECT_EQ(graph->nodes.size(), 3u);
}

TEST(Builder, FaultsOfInputsAreRefusedLater) {
  GraphBuilder builder("g");
  Dims many(maxRank + 1, Dim(1));
  ValueId x = builder.input("x", {DType::F32, many});
  auto node = builder.one(Op::Relu, "y", {x});
  ASSERT_FALSE(node.ok());
  EXPECT_EQ(node.error().code, "graph.invalid");
  EXPECT_TRUE(node.error().message.ends_with("(graph.1)"));

  GraphBuilder second("g");
  second.constant("c", {DType::F32, {2}, {}, nullptr});
  auto graph = std::move(second).finish();
  ASSERT_FALSE(graph.ok());
  EXPECT_TRUE(graph.error().message.ends_with("(graph.2)"));

  GraphBuilder third("g");
  EXPECT_FALSE(third.one(Op::Relu, "y", {7}).ok());
  third.output(9, "y");
  EXPECT_FALSE(std::move(third).finish().ok());
}

TEST(Infer, OperatorsOnIntegersWithSymbols) {
  const Case cases[] = {
      {Op::ConvInteger,
       {"u8[N, H, W, 3]", "i8[8, 3, 3, 3]", "i32[8]", "u8[]", "i8[8]"},
       {{"layout", "NXC"}, {"pads", List{1, 1, 1, 1}}},
       "i32[N, H, W, 8]"},
      {Op::ConvInteger,
       {"i16[1, 2, 5]", "i8[4, 1, 3]", "i64[4]"},
       {{"groups", int64_t{2}}, {"accumulator", "i64"}},
       "i64[1, 4, 3]"},
      {Op::ConvTranspose,
       {"f32[N, 2, H]", "f32[2, 3, 3]"},
       {{"pads", List{1, 1}}},
       "f32[N, 3, H]"},
      {Op::ConvTranspose,
       {"f32[N, 2, H]", "f32[2, 3, 3]"},
       {{"strides", List{2}}},
       "f32[N, 3, ?]"},
      {Op::ConvTransposeInteger,
       {"i8[1, 2, 5]", "i8[2, 3, 3]"},
       {{"groups", int64_t{2}}, {"strides", List{2}}},
       "i32[1, 6, 11]"},
      {Op::MatMulInteger, {"u8[N, 4]", "i8[4, M]", "i32[M]"}, {}, "i32[N, M]"},
      {Op::Requantize,
       {"i32[N, 3]", "i32[3]", "i32[]"},
       {{"dtype", "i8"}, {"axis", int64_t{-1}}},
       "i8[N, 3]"},
      {Op::Quantize, {"f32[N]", "f32[]"}, {{"dtype", "u16"}}, "u16[N]"},
      {Op::Dequantize, {"i8[N]", "f16[]"}, {}, "f16[N]"},
      {Op::Lookup, {"i8[N]", "f32[256]"}, {}, "f32[N]"},
      {Op::Cast, {"f32[N, ?]"}, {{"dtype", "bool"}}, "bool[N, ?]"},
      {Op::Less, {"f32[N]", "f32[1]"}, {}, "bool[N]"},
      {Op::Where, {"bool[N]", "u8[3, 1]", "u8[]"}, {}, "u8[3, N]"},
      {Op::ReduceSum,
       {"i8[N, 3, M]"},
       {{"axes", List{1}}, {"keep_dims", int64_t{0}}},
       "i8[N, M]"},
      {Op::ArgMax, {"f32[N, 3]"}, {{"axis", int64_t{-1}}}, "i64[N, 1]"},
      {Op::Slice, {"f32[N, 9]", "i64[1]", "i64[1]"}, {}, "f32[?, 9]"},
      {Op::Slice,
       {"f32[N, 9]", "i64[1] = 2", "i64[1] = -1", "i64[1] = 1"},
       {},
       "f32[N, 6]"},
      {Op::Slice, {"f32[N]", "i64[1] = 1", "i64[1] = 3"}, {}, "f32[?]"},
      {Op::Gather,
       {"f32[N, 9]", "i32[M, 2]"},
       {{"axis", int64_t{1}}},
       "f32[N, M, 2]"},
      {Op::GatherNd, {"f32[N, 9, 4]", "i32[M, 2]"}, {}, "f32[M, 4]"},
      {Op::Expand, {"f32[N, 1]", "i64[2] = 1 5"}, {}, "f32[N, 5]"},
      {Op::Expand, {"f32[3]", "i64[2]"}, {}, "f32[?, 3]"},
      {Op::Tile, {"f32[N, 2]", "i64[2] = 1 3"}, {}, "f32[N, 6]"},
      {Op::Tile, {"f32[N, 2]", "i64[2] = 2 3"}, {}, "f32[?, 6]"},
      {Op::Tile, {"f32[2]", "i64[1]"}, {}, "f32[?]"},
      {Op::ResizeNearest,
       {"f32[N, 2, H]", "i64[1] = 7"},
       {{"axes", List{2}}},
       "f32[N, 2, 7]"},
      {Op::ResizeLinear, {"f32[2, 3]", "i64[2]"}, {}, "f32[?, ?]"},
      {Op::AveragePool, {"u8[N, C, 4]"}, {{"kernel", List{2}}}, "u8[N, C, 3]"},
  };
  for (const Case &test : cases)
    EXPECT_EQ(test::inferred(test.op, test.inputs, test.attributes),
              test.result)
        << opName(test.op) << " "
        << fmt::format("{}", fmt::join(test.inputs, " "));
}

} // namespace
} // namespace rune::graph
