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

Graph simple(const Graph &graph) { return passed("simplify", graph); }

TEST(Simplify, WhatDoesNothingGoes) {
  Sketch sketch;
  ValueId x = sketch.input("f32[2, 3]");
  ValueId a = sketch.one(Op::Cast, {x}, {{"dtype", "f32"}});
  a = sketch.one(Op::Identity, {a});
  a = sketch.one(Op::Mul, {sketch.numbers("f32[]", "1"), a});
  a = sketch.one(Op::Add, {a, sketch.numbers("f32[1]", "0")});
  a = sketch.one(Op::Sub, {a, sketch.numbers("f32[]", "0")});
  a = sketch.one(Op::Div, {a, sketch.numbers("f32[]", "1")});
  a = sketch.one(Op::Pow, {a, sketch.numbers("f32[]", "1")});
  a = sketch.one(Op::Pad, {a, sketch.numbers("i64[4]", "0 0 0 0")});
  a = sketch.one(Op::Slice, {a, sketch.numbers("i64[1]", "0"),
                             sketch.numbers("i64[1]", "99")});
  a = sketch.one(Op::Expand, {a, sketch.numbers("i64[2]", "1 3")});
  a = sketch.one(Op::Tile, {a, sketch.numbers("i64[2]", "1 1")});
  a = sketch.one(Op::Concat, {a}, {{"axis", int64_t{0}}});
  a = sketch.one(Op::Relu, {sketch.one(Op::Relu, {a})});
  Graph graph = simple(sketch.finish({a}));
  EXPECT_EQ(graph.nodes.size(), 1u) << renderText(graph);
}

TEST(Simplify, WhatDoesSomethingStays) {
  Sketch sketch;
  ValueId x = sketch.input("f32[2, 3]");
  ValueId a = sketch.one(Op::Sub, {sketch.numbers("f32[]", "0"), x});
  a = sketch.one(Op::Add, {a, sketch.numbers("f32[2, 2, 3]", "")}); // grows
  a = sketch.one(Op::Slice,
                 {a, sketch.numbers("i64[1]", "-1"),
                  sketch.numbers("i64[1]", "-9"), sketch.numbers("i64[1]", "2"),
                  sketch.numbers("i64[1]", "-1")}); // backwards
  a = sketch.one(Op::Pad, {a, sketch.numbers("i64[6]", "1 0 0 -1 0 0")});
  EXPECT_EQ(simple(sketch.finish({a})).nodes.size(), 4u);
}

TEST(Simplify, ReshapesMeet) {
  Sketch sketch;
  ValueId x = sketch.input("f32[2, 3, 4]");
  ValueId a = sketch.one(Op::Flatten, {x});
  a = sketch.one(Op::Unsqueeze, {a, sketch.numbers("i64[1]", "0")});
  ValueId b = sketch.one(Op::Reshape, {a, sketch.numbers("i64[2]", "6 -1")});
  ValueId c = sketch.one(Op::Reshape, {a, sketch.numbers("i64[3]", "2 3 4")});
  Graph graph = simple(
      sketch.finish({sketch.one(Op::Relu, {b}), sketch.one(Op::Abs, {c})}));
  EXPECT_EQ(count(graph, Op::Reshape), 1u) << renderText(graph);
  EXPECT_EQ(graph.nodes.size(), 3u) << renderText(graph);
}

TEST(Simplify, TransposesMeet) {
  Sketch sketch;
  ValueId x = sketch.input("f32[2, 3, 4]");
  ValueId a = sketch.one(Op::Transpose, {x}, {{"permutation", List{1, 2, 0}}});
  ValueId b = sketch.one(Op::Transpose, {a}, {{"permutation", List{2, 0, 1}}});
  ValueId c = sketch.one(Op::Transpose, {a}, {{"permutation", List{0, 2, 1}}});
  Graph graph = simple(
      sketch.finish({sketch.one(Op::Relu, {b}), sketch.one(Op::Abs, {c})}));
  EXPECT_EQ(count(graph, Op::Transpose), 1u) << renderText(graph);
}

TEST(Simplify, TransposesOfOnesAreReshapes) {
  Sketch sketch;
  ValueId x = sketch.input("f32[5, 1, 4]");
  ValueId a = sketch.one(Op::Transpose, {x}, {{"permutation", List{1, 0, 2}}});
  Graph graph = simple(sketch.finish({sketch.one(Op::Relu, {a})}));
  EXPECT_EQ(count(graph, Op::Transpose), 0u) << renderText(graph);
  EXPECT_EQ(count(graph, Op::Reshape), 1u);
}

TEST(Simplify, TheSameIsComputedOnce) {
  Sketch sketch;
  ValueId x = sketch.input("f32[2, 3]");
  ValueId a = sketch.one(Op::Mul, {x, sketch.numbers("f32[]", "3")});
  ValueId b = sketch.one(Op::Mul, {x, sketch.numbers("f32[]", "3")});
  ValueId c = sketch.one(Op::Mul, {x, sketch.numbers("f32[]", "4")});
  ValueId d =
      sketch.one(Op::Add, {sketch.one(Op::Exp, {a}), sketch.one(Op::Exp, {b})});
  Graph graph = simple(sketch.finish({sketch.one(Op::Add, {d, c})}));
  EXPECT_EQ(graph.nodes.size(), 5u) << renderText(graph);
}

TEST(Simplify, OutputsKeepTheirNamesAndNumber) {
  Sketch sketch;
  ValueId x = sketch.input("f32[2, 3]");
  ValueId a = sketch.one(Op::Relu, {x});
  ValueId b = sketch.one(Op::Identity, {a});
  ValueId c = sketch.one(Op::Identity, {a});
  ValueId d = sketch.one(Op::Identity, {x});
  Graph graph = simple(sketch.finish({b, c, d, a}));
  EXPECT_EQ(graph.outputs.size(), 4u);
  EXPECT_EQ(count(graph, Op::Relu), 1u) << renderText(graph);
}

TEST(Simplify, AnOutputThatIsACopyIsMadeInPlace) {
  Sketch sketch;
  ValueId x = sketch.input("f32[2, 3]");
  ValueId a = sketch.one(Op::Relu, {x});
  ValueId b = sketch.one(Op::Identity, {a});
  ValueId c = sketch.one(Op::Abs, {a});
  Graph graph = simple(sketch.finish({b, c}));
  EXPECT_EQ(graph.nodes.size(), 2u) << renderText(graph);
}

TEST(Simplify, VariablesKeepTheirOutputs) {
  Sketch sketch;
  ValueId x = sketch.input("f32[2]");
  ValueId state = sketch.builder.variable("state", {DType::F32, {2}});
  ValueId sum = sketch.one(Op::Add, {x, state});
  ValueId next = sketch.one(Op::Mul, {sum, sketch.numbers("f32[]", "1")});
  sketch.builder.update(state, next);
  Graph graph = simple(sketch.finish({sum}));
  ASSERT_EQ(graph.variables.size(), 1u);
}

TEST(Pipeline, StopsWhereItIsTold) {
  Sketch sketch;
  ValueId x = sketch.input("f32[2, 3]");
  Graph graph = sketch.finish({sketch.one(Op::Relu, {x})});
  std::vector<std::string> seen;
  PassOptions options;
  options.stopAfter = "simplify";
  options.after = [&](const Pass &pass, const Graph &) {
    seen.emplace_back(pass.name);
  };
  ASSERT_TRUE(runPasses(graph, options).ok());
  EXPECT_EQ(seen, (std::vector<std::string>{"fold-quantisation",
                                            "fold-constants", "simplify"}));
  options.stopAfter = "simplyfy";
  auto unknown = runPasses(graph, options);
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, "compile.unknown-pass");
}

} // namespace
} // namespace rune::compile
