// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/passes/testing.h"

namespace rune::compile {
namespace {

using test::count;
using test::Graph;
using test::GraphBuilder;
using test::List;
using test::Op;
using test::passed;
using test::Sketch;
using test::ValueId;

Graph folded(const Graph &graph) { return passed("fold-constants", graph); }

TEST(FoldConstants, LargeWeightsBecomeWhatTheyMean) {
  Sketch sketch;
  ValueId x = sketch.input("f32[1, 8, 4, 4]");
  ValueId bytes = sketch.weights("i8[64, 8, 3, 3]");
  ValueId weights =
      sketch.one(Op::Dequantize, {bytes, sketch.weights("f32[64]", 0.1)});
  Graph graph = folded(sketch.finish({sketch.one(Op::Conv, {x, weights})}));
  ASSERT_EQ(graph.nodes.size(), 1u) << renderText(graph);
  EXPECT_TRUE(graph.values[graph.nodes[0].inputs[1]].constant.has_value());
}

TEST(FoldConstants, OneNumberForAllAndBackAgain) {
  Sketch sketch;
  ValueId x = sketch.input("f32[3, 70]");
  ValueId wide = sketch.one(Op::Expand, {sketch.numbers("f32[1]", "0.5"),
                                         sketch.numbers("i64[2]", "90 70")});
  ValueId turned =
      sketch.one(Op::Transpose, {wide}, {{"permutation", List{1, 0}}});
  Graph graph = folded(sketch.finish({sketch.one(Op::MatMul, {x, turned})}));
  EXPECT_EQ(graph.nodes.size(), 1u) << renderText(graph);
}

TEST(FoldConstants, OtherSizesKeepTheBytes) {
  Sketch sketch;
  ValueId x = sketch.input("f32[2, 100]");
  ValueId weights = sketch.weights("f32[10, 10, 50]");
  ValueId flat =
      sketch.one(Op::Reshape, {weights, sketch.numbers("i64[2]", "100 50")});
  Graph before = sketch.finish({sketch.one(Op::MatMul, {x, flat})});
  const uint8_t *bytes = nullptr;
  for (const graph::Constant &constant : before.constants)
    if (constant.dtype == DType::F32)
      bytes = constant.data.data();
  Graph graph = folded(before);
  ASSERT_EQ(graph.constants.size(), 1u);
  EXPECT_EQ(graph.constants[0].data.data(), bytes);
}

TEST(FoldConstants, OutputsStayNodes) {
  Sketch sketch;
  ValueId wide = sketch.one(Op::Expand, {sketch.numbers("f32[1]", "0.5"),
                                         sketch.numbers("i64[1]", "9000")});
  EXPECT_EQ(folded(sketch.finish({wide})).nodes.size(), 1u);
}

TEST(FoldConstants, WhatIsTooLargeIsLeftToTheRun) {
  GraphBuilder builder("test");
  ValueId one =
      builder.constant("one", graph::test::constantOf({DType::F32, {1}}, "1"));
  ValueId size = builder.constant(
      "size", graph::test::constantOf({DType::I64, {1}}, "400000000"));
  ValueId wide = *builder.one(Op::Expand, "wide", {one, size});
  ValueId sum = *builder.one(Op::ReduceSum, "sum", {wide}, {{"axes", List{0}}});
  builder.output(sum, "y");
  auto after = passNamed("fold-constants")->run(*std::move(builder).finish());
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after->nodes.size(), 2u);
}

} // namespace
} // namespace rune::compile
