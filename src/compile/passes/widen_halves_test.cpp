// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/passes/testing.h"

namespace rune::compile {
namespace {

using test::count;
using test::Graph;
using test::Op;
using test::passed;
using test::Sketch;
using test::ValueId;

Graph widened(const Graph &graph) { return passed("widen-halves", graph); }

TEST(WidenHalves, ProductsAndWhatFollows) {
  for (std::string half : {"f16", "bf16"}) {
    Sketch sketch;
    ValueId x = sketch.input(half + "[3, 20]");
    ValueId y = sketch.one(Op::MatMul, {x, sketch.weights(half + "[20, 9]")});
    y = sketch.one(Op::Add, {y, sketch.weights(half + "[9]")});
    y = sketch.one(Op::Gelu, {y});
    Graph graph = widened(sketch.finish({y}));
    // of weights there are none: they are wide already
    EXPECT_EQ(count(graph, Op::Cast), 6u) << renderText(graph);
    for (const graph::Node &node : graph.nodes)
      if (node.op != Op::Cast)
        EXPECT_EQ(graph.values[node.outputs[0]].type.dtype, DType::F32);
  }
}

TEST(WidenHalves, WhatSeveralNeedIsWidenedOnce) {
  Sketch sketch;
  ValueId x = sketch.input("f16[4]");
  ValueId y = sketch.one(Op::Mul, {x, sketch.one(Op::Sigmoid, {x})});
  Graph graph = widened(sketch.finish({y}));
  EXPECT_EQ(count(graph, Op::Cast), 4u) << renderText(graph);
}

TEST(WidenHalves, ConditionsStay) {
  Sketch sketch;
  ValueId c =
      sketch.one(Op::Less, {sketch.input("f32[4]"), sketch.weights("f32[4]")});
  ValueId x = sketch.input("f16[4]");
  Graph graph = widened(
      sketch.finish({sketch.one(Op::Where, {c, x, sketch.weights("f16[1]")})}));
  EXPECT_EQ(count(graph, Op::Cast), 2u) << renderText(graph);
}

TEST(WidenHalves, MovesStay) {
  Sketch sketch;
  ValueId x = sketch.input("bf16[4, 3]");
  Graph graph = widened(sketch.finish(
      {sketch.one(Op::Transpose, {x}, {{"permutation", test::List{1, 0}}})}));
  EXPECT_EQ(count(graph, Op::Cast), 0u) << renderText(graph);
}

TEST(WidenHalves, OtherAccumulatorsStay) {
  Sketch sketch;
  ValueId x = sketch.input("f16[2, 6]");
  ValueId y = sketch.one(Op::MatMul, {x, sketch.weights("f16[6, 3]")},
                         {{"accumulator", std::string("f64")}});
  Graph graph = widened(sketch.finish({y}));
  EXPECT_EQ(count(graph, Op::Cast), 0u) << renderText(graph);
}

TEST(WidenHalves, OtherTypesStay) {
  Sketch sketch;
  ValueId x = sketch.input("f64[4]"), n = sketch.input("f16[4]");
  ValueId y = sketch.one(Op::Relu, {x});
  Graph graph = widened(sketch.finish({y, n}));
  EXPECT_EQ(count(graph, Op::Cast), 0u) << renderText(graph);
}

} // namespace
} // namespace rune::compile
