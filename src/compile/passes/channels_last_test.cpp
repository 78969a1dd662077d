// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/passes/arrangement.h"
#include "compile/passes/testing.h"

namespace rune::compile {
namespace {

using test::count;
using test::Graph;
using test::List;
using test::Op;
using test::passed;
using test::Sketch;
using test::ValueId;

Graph lastOf(const Graph &graph) { return passed("channels-last", graph); }

std::vector<std::string> layoutsOf(const Graph &graph) {
  std::vector<std::string> layouts;
  for (const graph::Node &node : graph.nodes)
    for (const graph::Attribute &attribute : node.attributes)
      if (attribute.name == "layout")
        layouts.push_back(node.text("layout"));
  return layouts;
}

const List pads1 = {1, 1, 1, 1};

ValueId conv(Sketch &sketch, ValueId x, const std::string &weights,
             List pads = pads1) {
  return sketch.one(Op::Conv, {x, sketch.weights(weights)}, {{"pads", pads}});
}

TEST(ChannelsLast, TransposesOnlyAtTheBorders) {
  Sketch sketch;
  ValueId x = sketch.input("f32[2, 3, 8, 7]");
  ValueId a = sketch.one(Op::Relu, {conv(sketch, x, "f32[4, 3, 3, 3]")});
  ValueId b = conv(sketch, a, "f32[4, 4, 3, 3]");
  ValueId sum = sketch.one(Op::Add, {a, b});
  ValueId pool = sketch.one(Op::MaxPool, {sum}, {{"kernel", List{2, 2}}});
  Graph graph = lastOf(sketch.finish({pool}));
  EXPECT_EQ(count(graph, Op::Transpose), 2u) << renderText(graph);
  EXPECT_EQ(layoutsOf(graph), (std::vector<std::string>{"NXC", "NXC", "NXC"}));
}

TEST(ChannelsLast, OneChannelOrOnePlaceIsAReshape) {
  Sketch sketch;
  ValueId x = sketch.input("f32[1, 1, 8, 8]");
  ValueId a = conv(sketch, x, "f32[4, 1, 3, 3]");
  ValueId mean = sketch.one(Op::ReduceMean, {a}, {{"axes", List{2, 3}}});
  ValueId flat = sketch.one(Op::Flatten, {mean});
  ValueId y = sketch.one(Op::MatMul, {flat, sketch.weights("f32[4, 2]")});
  Graph graph = lastOf(sketch.finish({y}));
  EXPECT_EQ(count(graph, Op::Transpose), 0u) << renderText(graph);
}

TEST(ChannelsLast, BroadcastOperandsFollow) {
  Sketch sketch;
  ValueId x = sketch.input("f32[1, 3, 4, 5]");
  ValueId gate = sketch.input("f32[3, 1, 1]");
  ValueId a = conv(sketch, x, "f32[3, 3, 3, 3]");
  ValueId b = sketch.one(Op::Mul, {a, sketch.weights("f32[1, 3, 1, 1]")});
  ValueId c = sketch.one(Op::Add, {b, sketch.weights("f32[4, 5]")});
  ValueId d = sketch.one(Op::Sub, {sketch.weights("f32[]"), c});
  ValueId e = sketch.one(Op::Div, {d, sketch.weights("f32[3, 4, 5]", 0.5)});
  ValueId f = sketch.one(Op::Mul, {e, gate});
  ValueId g = conv(sketch, f, "f32[2, 3, 3, 3]");
  Graph graph = lastOf(sketch.finish({g}));
  EXPECT_EQ(count(graph, Op::Transpose), 2u) << renderText(graph);
}

TEST(ChannelsLast, PassesThroughWhatKnowsAxes) {
  Sketch sketch;
  ValueId x = sketch.input("f32[1, 4, 6, 5]");
  ValueId a = conv(sketch, x, "f32[4, 4, 3, 3]");
  ValueId pads = sketch.numbers("i64[8]", "0 0 1 2 0 0 0 -1");
  ValueId padded = sketch.one(Op::Pad, {a, pads}, {{"mode", "reflect"}});
  ValueId cut = sketch.one(Op::Slice, {padded, sketch.numbers("i64[2]", "1 0"),
                                       sketch.numbers("i64[2]", "5 4"),
                                       sketch.numbers("i64[2]", "-2 1")});
  ValueId soft = sketch.one(Op::Softmax, {cut}, {{"axes", List{1}}});
  ValueId both = sketch.one(Op::Concat, {soft, cut}, {{"axis", int64_t{1}}});
  ValueId large =
      sketch.one(Op::ResizeLinear, {both, sketch.numbers("i64[2]", "9 7")},
                 {{"axes", List{2, 3}}});
  ValueId tiled =
      sketch.one(Op::Tile, {large, sketch.numbers("i64[4]", "1 1 2 1")});
  ValueId wide =
      sketch.one(Op::Expand, {tiled, sketch.numbers("i64[4]", "3 8 18 7")});
  ValueId y = conv(sketch, wide, "f32[2, 8, 3, 3]");
  ValueId most = sketch.one(Op::ArgMax, {y},
                            {{"axis", int64_t{1}}, {"keep_dims", int64_t{0}}});
  ValueId sum = sketch.one(Op::ReduceSum, {y},
                           {{"axes", List{0, 3}}, {"keep_dims", int64_t{0}}});
  Graph graph = lastOf(sketch.finish({most, sum}));
  // x, and sum, whose order is [H, C]
  EXPECT_EQ(count(graph, Op::Transpose), 2u) << renderText(graph);
}

TEST(ChannelsLast, SplitsGoAlongTheChannels) {
  Sketch sketch;
  ValueId x = sketch.input("f32[1, 4, 3, 5]");
  ValueId a = conv(sketch, x, "f32[4, 4, 3, 3]");
  auto parts = sketch.builder.node(Op::Split, "split",
                                   {a, sketch.numbers("i64[2]", "1 3")},
                                   {{"axis", int64_t{1}}}, 2);
  ValueId y = sketch.one(Op::Concat, {(*parts)[1], (*parts)[0]},
                         {{"axis", int64_t{1}}});
  Graph graph = lastOf(sketch.finish({conv(sketch, y, "f32[2, 4, 3, 3]")}));
  EXPECT_EQ(count(graph, Op::Transpose), 2u) << renderText(graph);
}

TEST(ChannelsLast, ChannelShuffleMovesOnce) {
  Sketch sketch;
  ValueId x = sketch.input("f32[1, 6, 4, 4]");
  ValueId a = conv(sketch, x, "f32[6, 6, 3, 3]");
  ValueId five =
      sketch.one(Op::Reshape, {a, sketch.numbers("i64[5]", "1 2 3 4 4")});
  ValueId mixed =
      sketch.one(Op::Transpose, {five}, {{"permutation", List{0, 2, 1, 3, 4}}});
  ValueId four =
      sketch.one(Op::Reshape, {mixed, sketch.numbers("i64[4]", "1 6 4 4")});
  Graph graph = lastOf(sketch.finish({conv(sketch, four, "f32[2, 6, 3, 3]")}));
  EXPECT_EQ(count(graph, Op::Transpose), 3u) << renderText(graph);
}

TEST(ChannelsLast, TransposesOfTheModelCancel) {
  Sketch sketch;
  ValueId x = sketch.input("f32[2, 8, 7, 3]");
  ValueId in =
      sketch.one(Op::Transpose, {x}, {{"permutation", List{0, 3, 1, 2}}});
  ValueId a = conv(sketch, in, "f32[4, 3, 3, 3]");
  ValueId out =
      sketch.one(Op::Transpose, {a}, {{"permutation", List{0, 2, 3, 1}}});
  Graph graph = lastOf(sketch.finish({out}));
  EXPECT_EQ(count(graph, Op::Transpose), 0u) << renderText(graph);
}

TEST(ChannelsLast, PatchesBecomeRowsWithoutATranspose) {
  Sketch sketch;
  ValueId x = sketch.input("f32[1, 3, 8, 8]");
  ValueId a = sketch.one(Op::Conv, {x, sketch.weights("f32[6, 3, 4, 4]")},
                         {{"strides", List{4, 4}}});
  ValueId rows =
      sketch.one(Op::Reshape, {a, sketch.numbers("i64[3]", "1 6 4")});
  ValueId turned =
      sketch.one(Op::Transpose, {rows}, {{"permutation", List{0, 2, 1}}});
  ValueId y = sketch.one(Op::MatMul, {turned, sketch.weights("f32[6, 6]")});
  Graph graph = lastOf(sketch.finish({y}));
  EXPECT_EQ(count(graph, Op::Transpose), 1u) << renderText(graph);
}

TEST(ChannelsLast, OneAndThreeDimensionsToo) {
  Sketch sketch;
  ValueId x = sketch.input("f32[2, 3, 9]"),
          z = sketch.input("f32[1, 2, 3, 4, 5]");
  ValueId a = sketch.one(Op::Conv, {x, sketch.weights("f32[4, 3, 3]")});
  ValueId b = sketch.one(Op::ConvTranspose, {a, sketch.weights("f32[4, 2, 3]")},
                         {{"strides", List{2}}});
  ValueId c = sketch.one(Op::Conv, {z, sketch.weights("f32[4, 1, 2, 2, 2]")},
                         {{"groups", int64_t{2}}});
  Graph graph = lastOf(sketch.finish({b, c}));
  EXPECT_EQ(count(graph, Op::Transpose), 4u) << renderText(graph);
  EXPECT_EQ(layoutsOf(graph), (std::vector<std::string>{"NXC", "NXC", "NXC"}));
}

TEST(ChannelsLast, IntegersKeepTheirScales) {
  Sketch sketch;
  ValueId x = sketch.input("u8[1, 3, 5, 5]");
  ValueId a =
      sketch.one(Op::ConvInteger, {x, sketch.weights("i8[4, 3, 3, 3]")});
  ValueId b = sketch.one(
      Op::Requantize,
      {a,
       sketch.numbers("i32[4]", "1073741824 1200000000 1300000000 1400000000"),
       sketch.numbers("i32[4]", "-6 -7 -8 -6")},
      {{"axis", int64_t{1}}, {"dtype", "i8"}});
  ValueId c = sketch.one(Op::Dequantize, {b, sketch.weights("f32[4]", 0.1)},
                         {{"axis", int64_t{1}}});
  Graph graph = lastOf(sketch.finish({c}));
  EXPECT_EQ(count(graph, Op::Transpose), 2u) << renderText(graph);
}

TEST(ChannelsLast, LeavesAloneWhatWouldNotPay) {
  Sketch sketch;
  ValueId x = sketch.input("f32[1, 64, 8, 8]");
  ValueId a = sketch.one(Op::MaxPool, {x}, {{"kernel", List{2, 2}}});
  ValueId b = sketch.one(Op::Conv, {a, sketch.weights("f32[64, 1, 1, 1]")},
                         {{"groups", int64_t{64}}});
  Graph before = sketch.finish({b});
  Graph after = lastOf(before);
  EXPECT_EQ(renderText(after), renderText(before));
}

TEST(ChannelsLast, WhatHasNoPicturesStays) {
  Sketch sketch;
  ValueId x = sketch.input("f32[3, 4]");
  ValueId turned =
      sketch.one(Op::Transpose, {x}, {{"permutation", List{1, 0}}});
  ValueId a = sketch.one(Op::Relu, {turned});
  ValueId b = sketch.one(Op::MatMul, {a, sketch.weights("f32[3, 2]")});
  ValueId c = sketch.one(Op::MatMul, {sketch.one(Op::Sigmoid, {turned}),
                                      sketch.weights("f32[3, 2]")});
  Graph before = sketch.finish({b, c});
  EXPECT_EQ(renderText(lastOf(before)), renderText(before));
}

TEST(ChannelsLast, SizesOfZeroAreNoTrouble) {
  Sketch sketch;
  ValueId x = sketch.input("f32[0, 3, 8, 8]");
  ValueId a = conv(sketch, x, "f32[4, 3, 3, 3]");
  ValueId flat = sketch.one(Op::Flatten, {a});
  lastOf(sketch.finish({flat}));
}

TEST(Arrangement, RegroupsWithoutMovingWhereItCan) {
  // [N, C, H, W] stored last, to [N, C, H·W]
  auto orders = regroup({2, 3, 4, 5}, {0, 2, 3, 1}, {2, 3, 20});
  EXPECT_EQ(orders->from, (Order{0, 2, 3, 1}));
  EXPECT_EQ(orders->to, (Order{0, 2, 1}));
  // channels and places together: they must stand as written
  orders = regroup({2, 3, 4, 5}, {0, 2, 3, 1}, {2, 60});
  EXPECT_EQ(orders->from, (Order{0, 1, 2, 3}));
  EXPECT_EQ(orders->to, (Order{0, 1}));
  EXPECT_TRUE(areSame({1, 3, 1, 1}, {0, 2, 3, 1}, {0, 1, 2, 3}));
  EXPECT_FALSE(areSame({1, 3, 1, 2}, {0, 2, 3, 1}, {0, 1, 2, 3}));
}

} // namespace
} // namespace rune::compile
