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

Graph folded(const Graph &graph) { return passed("fold-normalisation", graph); }

ValueId normalised(Sketch &sketch, ValueId x, const std::string &channels,
                   const char *layout = "NCX") {
  return sketch.one(Op::BatchNormalization,
                    {x, sketch.weights(channels), sketch.weights(channels),
                     sketch.weights(channels), sketch.weights(channels, 0.2)},
                    {{"layout", layout}});
}

TEST(FoldNormalisation, IntoAConvolution) {
  Sketch sketch;
  ValueId x = sketch.input("f32[2, 4, 6, 5]");
  ValueId a = sketch.one(
      Op::Conv,
      {x, sketch.weights("f32[6, 2, 3, 3]"), sketch.weights("f32[6]")},
      {{"groups", int64_t{2}}});
  ValueId b = normalised(sketch, a, "f32[6]");
  Graph graph = folded(sketch.finish({sketch.one(Op::Relu, {b})}));
  EXPECT_EQ(graph.nodes.size(), 2u) << renderText(graph);
  EXPECT_EQ(graph.nodes[0].inputs.size(), 3u);
}

TEST(FoldNormalisation, IntoAConvolutionWithChannelsLast) {
  Sketch sketch;
  ValueId x = sketch.input("f32[2, 6, 5, 4]");
  ValueId a = sketch.one(Op::Conv, {x, sketch.weights("f32[6, 4, 3, 3]")},
                         {{"layout", "NXC"}});
  Graph graph = folded(sketch.finish({normalised(sketch, a, "f32[6]", "NXC")}));
  EXPECT_EQ(graph.nodes.size(), 1u) << renderText(graph);
}

TEST(FoldNormalisation, IntoATransposedConvolutionInGroups) {
  Sketch sketch;
  ValueId x = sketch.input("f32[1, 4, 3, 3]");
  ValueId a =
      sketch.one(Op::ConvTranspose, {x, sketch.weights("f32[4, 3, 2, 2]")},
                 {{"groups", int64_t{2}}, {"strides", List{2, 2}}});
  Graph graph = folded(sketch.finish({normalised(sketch, a, "f32[6]")}));
  EXPECT_EQ(graph.nodes.size(), 1u) << renderText(graph);
}

TEST(FoldNormalisation, ChainsOfFactorsAndTerms) {
  Sketch sketch;
  ValueId x = sketch.input("f32[1, 3, 4, 4]");
  ValueId a = sketch.one(Op::Conv, {x, sketch.weights("f32[5, 3, 1, 1]")});
  ValueId b = sketch.one(Op::Mul, {sketch.weights("f32[5, 1, 1]"), a});
  ValueId c = sketch.one(Op::Add, {b, sketch.weights("f32[1, 5, 1, 1]")});
  ValueId d = sketch.one(Op::Sub, {c, sketch.weights("f32[]")});
  ValueId e = sketch.one(Op::Div, {d, sketch.weights("f32[1]", 0.5)});
  Graph graph = folded(sketch.finish({normalised(sketch, e, "f32[5]")}));
  EXPECT_EQ(graph.nodes.size(), 1u) << renderText(graph);
}

TEST(FoldNormalisation, FactorsIntoProducts) {
  Sketch sketch;
  ValueId x = sketch.input("f32[2, 7, 3]");
  ValueId a = sketch.one(Op::MatMul, {x, sketch.weights("f32[3, 5]")});
  ValueId b = sketch.one(Op::Mul, {a, sketch.weights("f32[5]")});
  ValueId c = sketch.one(Op::MatMul, {b, sketch.weights("f32[4, 5]")},
                         {{"transpose_b", int64_t{1}}});
  ValueId d = sketch.one(Op::Div, {c, sketch.weights("f32[4]", 0.5)});
  Graph graph = folded(sketch.finish({d}));
  EXPECT_EQ(count(graph, Op::MatMul), 2u);
  EXPECT_EQ(graph.nodes.size(), 2u) << renderText(graph);
}

TEST(FoldNormalisation, StaysWhereOthersSeeTheLayer) {
  Sketch sketch;
  ValueId x = sketch.input("f32[1, 3, 4, 4]");
  ValueId a = sketch.one(Op::Conv, {x, sketch.weights("f32[5, 3, 1, 1]")});
  ValueId b = normalised(sketch, a, "f32[5]");
  Graph graph = folded(sketch.finish({b, a}));
  EXPECT_EQ(count(graph, Op::BatchNormalization), 1u) << renderText(graph);
}

TEST(FoldNormalisation, StaysWhereItIsNoMatterOfChannels) {
  Sketch sketch;
  ValueId x = sketch.input("f32[1, 3, 4, 5]");
  ValueId a = sketch.one(Op::Conv, {x, sketch.weights("f32[5, 3, 1, 1]")});
  ValueId b = sketch.one(Op::Mul, {a, sketch.weights("f32[5]")}); // along W
  ValueId c = sketch.one(Op::Conv, {b, sketch.weights("f32[1, 5, 1, 1]")});
  ValueId d =
      sketch.one(Op::Add, {c, sketch.weights("f32[1, 7, 1, 1]")}); // grows
  Graph before = sketch.finish({d});
  EXPECT_EQ(renderText(folded(before)), renderText(before));
}

TEST(FoldNormalisation, StaysWhereWeightsWouldNotBeFinite) {
  Sketch sketch;
  ValueId x = sketch.input("f32[1, 1, 2, 2]");
  ValueId a =
      sketch.one(Op::Conv, {x, sketch.numbers("f32[1, 1, 1, 1]", "1e30")});
  ValueId b = sketch.one(Op::Mul, {a, sketch.numbers("f32[]", "1e30")});
  Graph before = sketch.finish({b});
  auto after = passNamed("fold-normalisation")->run(before);
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(renderText(*after), renderText(before));
}

} // namespace
} // namespace rune::compile
