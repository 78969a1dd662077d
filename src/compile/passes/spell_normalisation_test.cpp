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

Graph spelt(const Graph &graph) { return passed("spell-normalisation", graph); }

ValueId normalised(Sketch &sketch, ValueId x, const char *layout) {
  return sketch.one(Op::BatchNormalization,
                    {x, sketch.weights("f32[5]"), sketch.weights("f32[5]"),
                     sketch.weights("f32[5]"), sketch.weights("f32[5]", 0.2)},
                    {{"layout", layout}});
}

TEST(SpellNormalisation, ChannelsFirst) {
  Sketch sketch;
  ValueId x = sketch.input("f32[2, 5, 3, 4]");
  Graph graph = spelt(sketch.finish({normalised(sketch, x, "NCX")}));
  EXPECT_EQ(count(graph, Op::BatchNormalization), 0u) << renderText(graph);
  EXPECT_EQ(graph.nodes.size(), 3u);
}

TEST(SpellNormalisation, ChannelsLast) {
  Sketch sketch;
  ValueId x = sketch.input("f32[2, 3, 4, 5]");
  Graph graph = spelt(sketch.finish({normalised(sketch, x, "NXC")}));
  EXPECT_EQ(count(graph, Op::BatchNormalization), 0u) << renderText(graph);
}

TEST(SpellNormalisation, ChannelsAndNothingElse) {
  Sketch sketch;
  ValueId x = sketch.input("f32[7, 5]");
  Graph graph = spelt(sketch.finish({normalised(sketch, x, "NCX")}));
  EXPECT_EQ(count(graph, Op::BatchNormalization), 0u) << renderText(graph);
}

TEST(SpellNormalisation, StatisticsOfTheRunStay) {
  Sketch sketch;
  ValueId x = sketch.input("f32[2, 5, 3]"), mean = sketch.input("f32[5]");
  ValueId y = sketch.one(Op::BatchNormalization,
                         {x, sketch.weights("f32[5]"), sketch.weights("f32[5]"),
                          mean, sketch.weights("f32[5]", 0.2)});
  Graph graph = spelt(sketch.finish({y}));
  EXPECT_EQ(count(graph, Op::BatchNormalization), 1u) << renderText(graph);
}

TEST(SpellNormalisation, OtherFloatsStay) {
  Sketch sketch;
  ValueId x = sketch.input("f16[2, 5, 3]");
  ValueId y =
      sketch.one(Op::BatchNormalization,
                 {x, sketch.weights("f16[5]"), sketch.weights("f16[5]"),
                  sketch.weights("f16[5]"), sketch.weights("f16[5]", 0.2)});
  Graph graph = spelt(sketch.finish({y}));
  EXPECT_EQ(count(graph, Op::BatchNormalization), 1u) << renderText(graph);
}

} // namespace
} // namespace rune::compile
