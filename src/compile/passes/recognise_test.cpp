// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
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

Graph recognised(const Graph &graph) { return passed("recognise", graph); }

ValueId number(Sketch &sketch, const char *text) {
  return sketch.numbers("f32[]", text);
}
ValueId mean(Sketch &sketch, ValueId x, int64_t axis) {
  return sketch.one(Op::ReduceMean, {x}, {{"axes", List{axis}}});
}

TEST(Recognise, LayerNormalisation) {
  Sketch sketch;
  ValueId x = sketch.input("f32[2, 5, 8]");
  ValueId d = sketch.one(Op::Sub, {x, mean(sketch, x, 2)});
  ValueId square = sketch.one(Op::Pow, {d, number(sketch, "2")});
  ValueId sum =
      sketch.one(Op::Add, {mean(sketch, square, 2), number(sketch, "0.00001")});
  ValueId y = sketch.one(Op::Div, {d, sketch.one(Op::Sqrt, {sum})});
  ValueId scaled = sketch.one(Op::Mul, {y, sketch.weights("f32[8]")});
  ValueId moved = sketch.one(Op::Add, {sketch.weights("f32[8]"), scaled});
  Graph graph = recognised(sketch.finish({moved}));
  ASSERT_EQ(graph.nodes.size(), 1u) << renderText(graph);
  EXPECT_EQ(graph.nodes[0].op, Op::LayerNormalization);
  EXPECT_EQ(graph.nodes[0].inputs.size(), 3u);
}

TEST(Recognise, RmsNormalisationByTheInverse) {
  Sketch sketch;
  ValueId x = sketch.input("f32[5, 8]");
  ValueId square = sketch.one(Op::Mul, {x, x});
  ValueId sum =
      sketch.one(Op::Add, {number(sketch, "0.001"), mean(sketch, square, 1)});
  ValueId inverse =
      sketch.one(Op::Div, {number(sketch, "1"), sketch.one(Op::Sqrt, {sum})});
  ValueId y = sketch.one(Op::Mul, {x, inverse});
  ValueId scaled = sketch.one(Op::Mul, {sketch.weights("f32[8]"), y});
  Graph graph = recognised(sketch.finish({scaled}));
  ASSERT_EQ(graph.nodes.size(), 1u) << renderText(graph);
  EXPECT_EQ(graph.nodes[0].integer("centered"), 0);
}

TEST(Recognise, NormalisationOfOtherAxesStays) {
  Sketch sketch;
  ValueId x = sketch.input("f32[5, 8]");
  ValueId d = sketch.one(Op::Sub, {x, mean(sketch, x, 0)});
  ValueId sum =
      sketch.one(Op::Add, {mean(sketch, sketch.one(Op::Mul, {d, d}), 0),
                           number(sketch, "0.001")});
  ValueId y = sketch.one(Op::Div, {d, sketch.one(Op::Sqrt, {sum})});
  EXPECT_EQ(count(recognised(sketch.finish({y})), Op::LayerNormalization), 0u);
}

TEST(Recognise, GeluInThreeSpellings) {
  Sketch sketch;
  ValueId x = sketch.input("f32[5, 8]");
  auto erf = [&](ValueId inner) {
    return sketch.one(Op::Add,
                      {sketch.one(Op::Erf, {inner}), number(sketch, "1")});
  };
  ValueId a = sketch.one(
      Op::Mul,
      {sketch.one(
           Op::Mul,
           {x, erf(sketch.one(Op::Div, {x, number(sketch, "1.41421356")}))}),
       number(sketch, "0.5")});
  ValueId b = sketch.one(
      Op::Mul, {sketch.one(Op::Mul, {x, number(sketch, "0.5")}),
                erf(sketch.one(Op::Mul, {x, number(sketch, "0.70710678")}))});
  ValueId c = sketch.one(
      Op::Mul,
      {x, sketch.one(
              Op::Mul,
              {number(sketch, "0.5"),
               erf(sketch.one(Op::Mul, {number(sketch, "0.70710678"), x}))})});
  Graph graph = recognised(sketch.finish({a, b, c}));
  EXPECT_EQ(count(graph, Op::Gelu), 3u) << renderText(graph);
  EXPECT_EQ(graph.nodes.size(), 3u) << renderText(graph);
}

TEST(Recognise, GeluWithTanh) {
  Sketch sketch;
  ValueId x = sketch.input("f32[5, 8]");
  auto tail = [&](ValueId inner) {
    ValueId sum = sketch.one(
        Op::Add, {number(sketch, "1"), sketch.one(Op::Tanh, {inner})});
    return sketch.one(Op::Mul,
                      {sketch.one(Op::Mul, {number(sketch, "0.5"), x}), sum});
  };
  ValueId cube = sketch.one(Op::Pow, {x, number(sketch, "3")});
  ValueId v = sketch.one(
      Op::Add, {x, sketch.one(Op::Mul, {cube, number(sketch, "0.044715")})});
  ValueId a = tail(sketch.one(Op::Mul, {v, number(sketch, "0.7978845608")}));
  ValueId square = sketch.one(
      Op::Mul, {sketch.one(Op::Mul, {x, x}), number(sketch, "0.044715")});
  ValueId w = sketch.one(
      Op::Mul, {x, sketch.one(Op::Add, {square, number(sketch, "1")})});
  ValueId b = tail(sketch.one(Op::Mul, {number(sketch, "0.7978845608"), w}));
  Graph graph = recognised(sketch.finish({a, b}));
  EXPECT_EQ(count(graph, Op::Gelu), 2u) << renderText(graph);
  EXPECT_EQ(graph.nodes.size(), 2u) << renderText(graph);
}

TEST(Recognise, AlmostGeluStays) {
  Sketch sketch;
  ValueId x = sketch.input("f32[5, 8]");
  ValueId sum = sketch.one(
      Op::Add,
      {sketch.one(Op::Erf, {sketch.one(Op::Div, {x, number(sketch, "1.4")})}),
       number(sketch, "1")});
  ValueId y = sketch.one(
      Op::Mul, {sketch.one(Op::Mul, {x, sum}), number(sketch, "0.5")});
  EXPECT_EQ(count(recognised(sketch.finish({y})), Op::Gelu), 0u);
}

TEST(Recognise, SoftmaxAndSigmoid) {
  Sketch sketch;
  ValueId x = sketch.input("f32[5, 8]");
  ValueId most = sketch.one(Op::ReduceMax, {x}, {{"axes", List{0}}});
  ValueId e = sketch.one(Op::Exp, {sketch.one(Op::Sub, {x, most})});
  ValueId a = sketch.one(
      Op::Div, {e, sketch.one(Op::ReduceSum, {e}, {{"axes", List{0}}})});
  ValueId sum =
      sketch.one(Op::Add, {sketch.one(Op::Exp, {sketch.one(Op::Neg, {x})}),
                           number(sketch, "1")});
  ValueId b = sketch.one(Op::Div, {number(sketch, "1"), sum});
  Graph graph = recognised(sketch.finish({a, b}));
  EXPECT_EQ(count(graph, Op::Softmax), 1u);
  EXPECT_EQ(count(graph, Op::Sigmoid), 1u);
  EXPECT_EQ(graph.nodes.size(), 2u) << renderText(graph);
}

TEST(Recognise, BoundsBecomeOneClamp) {
  Sketch sketch;
  ValueId x = sketch.input("f32[5, 8]");
  ValueId a = sketch.one(Op::Minimum,
                         {sketch.one(Op::Maximum, {x, number(sketch, "-0.5")}),
                          number(sketch, "0.25")});
  ValueId b = sketch.one(Op::Minimum,
                         {sketch.numbers("f32[1, 1]", "0.5"),
                          sketch.one(Op::Maximum, {number(sketch, "0"), x})});
  ValueId c = sketch.one(Op::Maximum, {x, number(sketch, "0")});
  ValueId d =
      sketch.one(Op::Maximum, {x, sketch.numbers("f32[2, 1, 1]", "0 1")});
  Graph graph = recognised(sketch.finish({a, b, c, d}));
  EXPECT_EQ(count(graph, Op::Clamp), 2u) << renderText(graph);
  EXPECT_EQ(count(graph, Op::Relu), 1u);
  EXPECT_EQ(graph.nodes.size(), 4u) << renderText(graph);
}

} // namespace
} // namespace rune::compile
