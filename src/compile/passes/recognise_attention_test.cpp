// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/passes/testing.h"

namespace rune::compile {
namespace {

using graph::noValue;
using test::count;
using test::Graph;
using test::List;
using test::Op;
using test::passed;
using test::Sketch;
using test::ValueId;

/// Two heads of three queries over five keys, as exporters write it.
struct Spelt {
  Sketch sketch;
  std::string scale = "0.4";
  Op by = Op::Mul;
  ValueId mask = noValue;
  List axes = {3};

  ValueId heads(int64_t steps, List order) {
    ValueId x = sketch.input(fmt::format("f32[2, {}, 2, 4]", steps));
    return sketch.one(Op::Transpose, {x}, {{"permutation", order}});
  }
  Graph make() {
    ValueId q = heads(3, {0, 2, 1, 3}), k = heads(5, {0, 2, 3, 1});
    ValueId scores = sketch.one(Op::MatMul, {q, k});
    if (!scale.empty())
      scores = sketch.one(by, {scores, sketch.numbers("f32[]", scale)});
    if (mask != noValue)
      scores = sketch.one(Op::Add, {scores, mask});
    ValueId weights = sketch.one(Op::Softmax, {scores}, {{"axes", axes}});
    ValueId y = sketch.one(Op::MatMul, {weights, heads(5, {0, 2, 1, 3})});
    return sketch.finish({y});
  }
};

size_t found(const Graph &before) {
  Graph after = passed("attention", before);
  EXPECT_EQ(count(after, Op::Softmax) + count(after, Op::Attention), 1u);
  return count(after, Op::Attention);
}

TEST(Attention, IsFoundWithItsScale) {
  Spelt mul;
  Graph after = passed("attention", mul.make());
  ASSERT_EQ(count(after, Op::Attention), 1u) << renderText(after);
  EXPECT_EQ(count(after, Op::MatMul), 0u);
  EXPECT_EQ(count(after, Op::Transpose), 3u);
  Spelt div;
  div.by = Op::Div;
  div.scale = "2.5";
  EXPECT_EQ(found(div.make()), 1u);
  Spelt none;
  none.scale = "";
  EXPECT_EQ(found(none.make()), 1u);
}

TEST(Attention, KeysThatAreOnlyTurned) {
  Sketch sketch;
  ValueId q = sketch.input("f32[1, 2, 3, 4]"),
          k = sketch.input("f32[1, 2, 5, 4]");
  ValueId scores = sketch.one(
      Op::MatMul,
      {q, sketch.one(Op::Transpose, {k}, {{"permutation", List{0, 1, 3, 2}}})});
  ValueId weights = sketch.one(Op::Softmax, {scores}, {{"axes", List{3}}});
  ValueId y =
      sketch.one(Op::MatMul, {weights, sketch.input("f32[1, 2, 5, 7]")});
  Graph after = passed("attention", sketch.finish({y}));
  EXPECT_EQ(after.nodes.size(), 1u) << renderText(after);
}

TEST(Attention, ConstantMasksThatLeaveAKeyToEach) {
  for (bool leaves : {true, false}) {
    Spelt spelt;
    spelt.mask = spelt.sketch.numbers(
        "f32[3, 5]", leaves ? "0 -9 0 0 0 -9 -9 -9 0 -9 0 0 0 0 0" : "0");
    if (!leaves) { // nothing is left to the second query
      auto tensor = *Tensor::zeros(DType::F32, {3, 5});
      for (size_t i = 5; i < 10; ++i)
        tensor.as<float>()[i] = -INFINITY;
      spelt.mask = spelt.sketch.builder.constant(
          "m", graph::Constant::of(std::move(tensor)));
      Graph before = spelt.make();
      auto after = passNamed("attention")->run(before);
      ASSERT_TRUE(after.ok());
      EXPECT_EQ(count(*after, Op::Attention), 0u);
      continue;
    }
    EXPECT_EQ(found(spelt.make()), 1u);
  }
}

// (1 - mask) · -10000, as BERT has it
TEST(Attention, MasksOfTheRunThatAreFinite) {
  Spelt spelt;
  Sketch &s = spelt.sketch;
  ValueId kept =
      s.one(Op::Cast, {s.input("i64[2, 1, 1, 5]")}, {{"dtype", "f32"}});
  ValueId left = s.one(Op::Sub, {s.numbers("f32[]", "1"), kept});
  spelt.mask = s.one(Op::Mul, {left, s.numbers("f32[]", "-10000")});
  EXPECT_EQ(found(spelt.make()), 1u);
}

TEST(Attention, WhatIsNoAttentionStays) {
  Spelt unknown; // might be -inf throughout
  unknown.mask = unknown.sketch.input("f32[3, 5]");
  EXPECT_EQ(found(unknown.make()), 0u);
  Spelt along; // the queries
  along.axes = {2};
  EXPECT_EQ(found(along.make()), 0u);
  Spelt stretched; // one number for all keys
  stretched.mask = stretched.sketch.numbers("f32[3, 1]", "1 2 3");
  EXPECT_EQ(found(stretched.make()), 0u);
  Sketch sketch; // somebody looks at the weights
  ValueId q = sketch.input("f32[1, 2, 3, 4]");
  ValueId k = sketch.one(Op::Transpose, {sketch.input("f32[1, 2, 5, 4]")},
                         {{"permutation", List{0, 1, 3, 2}}});
  ValueId weights = sketch.one(Op::Softmax, {sketch.one(Op::MatMul, {q, k})},
                               {{"axes", List{3}}});
  ValueId y =
      sketch.one(Op::MatMul, {weights, sketch.input("f32[1, 2, 5, 7]")});
  EXPECT_EQ(found(sketch.finish({y, weights})), 0u);
}

} // namespace
} // namespace rune::compile
