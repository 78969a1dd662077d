// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names that travel through the arithmetic of shapes; constants that are
// computed while a graph is built; what nobody needs is left out.
#include "graph/evaluate.h"
#include "graph/one_node.h"
#include "graph/ops.h"
#include "graph/store.h"

#include <gtest/gtest.h>

namespace rune::graph {
namespace {

using test::constantOf;

class Shapes {
public:
  Shapes() : builder("test") {}

  ValueId input(std::string_view type, const std::string &name = "x") {
    return builder.input(name, *parseTensorType(type));
  }
  ValueId numbers(std::string_view type, std::string_view values) {
    return builder.constant("c", constantOf(*parseTensorType(type), values));
  }
  ValueId one(Op op, std::vector<ValueId> inputs,
              std::vector<Attribute> attributes = {}) {
    auto made = builder.one(op, "n", std::move(inputs), std::move(attributes));
    EXPECT_TRUE(made.ok()) << (made ? "" : made.error().message);
    return made ? *made : 0;
  }
  std::string type(ValueId value) { return builder.type(value).str(); }
  /// What is known of the elements.
  std::string elements(ValueId value) {
    const Dims *known = builder.elementsOf(value);
    std::string text;
    for (const Dim &dim : known ? *known : Dims())
      text += (text.empty() ? "" : " ") + dim.str();
    return text;
  }

  GraphBuilder builder;
};

TEST(KnownElements, NamesTravelFromShapeToReshape) {
  Shapes s;
  ValueId x = s.input("f32[N, T, 768]");
  ValueId shape = s.one(Op::Shape, {x});
  EXPECT_EQ(s.elements(shape), "N T 768");
  ValueId n = s.one(Op::Gather, {shape, s.numbers("i64[]", "0")});
  ValueId t = s.one(Op::Gather, {shape, s.numbers("i64[]", "-2")});
  auto list = [&](ValueId v) {
    return s.one(Op::Unsqueeze, {v, s.numbers("i64[1]", "0")});
  };
  ValueId heads =
      s.one(Op::Concat, {list(n), list(t), s.numbers("i64[2]", "12 64")},
            {{"axis", int64_t{0}}});
  EXPECT_EQ(s.elements(heads), "N T 12 64");
  EXPECT_EQ(s.type(s.one(Op::Reshape, {x, heads})), "f32[N, T, 12, 64]");
  ValueId open =
      s.one(Op::Concat, {list(n), s.numbers("i64[2]", "-1 12"), list(t)},
            {{"axis", int64_t{0}}});
  EXPECT_EQ(s.elements(open), "N ? 12 T");
  EXPECT_EQ(s.type(s.one(Op::Reshape, {x, open})), "f32[N, 64, 12, T]");
}

TEST(KnownElements, ReshapeKeepsWhatCannotBeDecided) {
  Shapes s;
  ValueId x = s.input("f32[N, M, 6]");
  ValueId shape = s.one(Op::Shape, {x});
  ValueId first = s.one(
      Op::Slice, {shape, s.numbers("i64[1]", "0"), s.numbers("i64[1]", "1")});
  ValueId wanted = s.one(Op::Concat, {first, s.numbers("i64[2]", "-1 3")},
                         {{"axis", int64_t{0}}});
  // 2·M is no name
  EXPECT_EQ(s.type(s.one(Op::Reshape, {x, wanted})), "f32[N, ?, 3]");
  ValueId merged = s.one(Op::Concat, {first, s.numbers("i64[2]", "-1 6")},
                         {{"axis", int64_t{0}}});
  EXPECT_EQ(s.type(s.one(Op::Reshape, {x, merged})), "f32[N, M, 6]");
}

TEST(KnownElements, ArithmeticKeepsNames) {
  Shapes s;
  ValueId shape = s.one(Op::Shape, {s.input("f32[N, 4, ?]")});
  auto with = [&](Op op, std::string_view numbers) {
    return s.elements(s.one(op, {shape, s.numbers("i64[3]", numbers)}));
  };
  EXPECT_EQ(with(Op::Add, "0 2 1"), "N 6 ?");
  EXPECT_EQ(with(Op::Sub, "0 1 0"), "N 3 ?");
  EXPECT_EQ(with(Op::Mul, "1 3 0"), "N 12 0");
  EXPECT_EQ(with(Op::Div, "1 3 2"), "N 1 ?");
  EXPECT_EQ(with(Op::Maximum, "1 3 2"), "? 4 ?");
  EXPECT_EQ(with(Op::Equal, "-1 4 -1"), "0 1 ?");
  EXPECT_EQ(s.elements(s.one(Op::Sub, {shape, shape})), "0 0 ?");
  EXPECT_EQ(
      s.elements(s.one(Op::Cast, {shape}, {{"dtype", std::string("i32")}})),
      "N 4 ?");
  EXPECT_EQ(
      s.elements(s.one(Op::Cast, {shape}, {{"dtype", std::string("f32")}})),
      "");
}

TEST(KnownElements, NamesReachExpandTileRangeSplitAndSlice) {
  Shapes s;
  ValueId x = s.input("f32[N, 4]");
  ValueId shape = s.one(Op::Shape, {x});
  EXPECT_EQ(s.type(s.one(Op::Expand, {s.input("f32[1, 1]", "y"), shape})),
            "f32[N, 4]");
  EXPECT_EQ(s.type(s.one(Op::Tile, {s.input("f32[1, 2]", "z"), shape})),
            "f32[N, 8]");
  ValueId n = s.one(Op::Gather, {shape, s.numbers("i64[]", "0")});
  ValueId range =
      s.one(Op::Range, {s.numbers("i64[]", "0"), n, s.numbers("i64[]", "1")});
  EXPECT_EQ(s.type(range), "i64[N]");
  ValueId list = s.one(Op::Unsqueeze, {n, s.numbers("i64[1]", "0")});
  EXPECT_EQ(s.type(s.one(Op::Slice, {x, s.numbers("i64[1]", "0"), list,
                                     s.numbers("i64[1]", "0")})),
            "f32[N, 4]");
  EXPECT_EQ(s.type(s.one(Op::Slice, {x, s.numbers("i64[1]", "1"), list,
                                     s.numbers("i64[1]", "0")})),
            "f32[?, 4]");
  EXPECT_EQ(s.type(s.one(Op::Split, {x, list})), "f32[N, 4]");
}

/// A graph with names verifies, and again after it has been stored.
TEST(KnownElements, VerifierAndLoaderComeToTheSameTypes) {
  Shapes s;
  ValueId x = s.input("f32[N, 6]");
  ValueId shape = s.one(Op::Shape, {x}, {{"end", int64_t{1}}});
  ValueId wanted = s.one(Op::Concat, {shape, s.numbers("i64[2]", "2 3")},
                         {{"axis", int64_t{0}}});
  s.builder.output(s.one(Op::Reshape, {x, wanted}), "y");
  auto graph = std::move(s.builder).finish();
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph->values[graph->outputs[0]].type.str(), "f32[N, 2, 3]");
  auto stored = store(*graph);
  ASSERT_TRUE(stored.ok());
  auto loaded = load(stored->table, stored->weights);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  std::vector<float> data(12);
  for (size_t i = 0; i < data.size(); ++i)
    data[i] = static_cast<float>(i);
  int64_t sizes[] = {2, 6};
  TensorView view{
      DType::F32, sizes, {reinterpret_cast<const uint8_t *>(data.data()), 48}};
  auto results = evaluate(*loaded, {&view, 1});
  ASSERT_TRUE(results.ok()) << results.error().message;
  EXPECT_EQ((*results)[0].type().str(), "f32[2, 2, 3]");
}

TEST(Folding, ComputesConstantsAndLeavesOutWhatNobodyNeeds) {
  Shapes s;
  s.builder.foldConstants();
  ValueId x = s.input("f32[2, 3]");
  ValueId shape = s.one(Op::Shape, {x});
  ASSERT_TRUE(s.builder.constantOf(shape));
  ValueId twice = s.one(Op::Mul, {shape, s.numbers("i64[]", "2")});
  ASSERT_TRUE(s.builder.constantOf(twice));
  s.one(Op::Neg, {x}); // nobody reads it
  s.builder.output(s.one(Op::Tile, {x, twice}), "y");
  auto graph = std::move(s.builder).finish();
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph->nodes.size(), 1u);
  EXPECT_EQ(graph->constants.size(), 1u);
  EXPECT_EQ(graph->values.size(), 3u);
  EXPECT_EQ(graph->values[graph->outputs[0]].type.str(), "f32[8, 18]");
}

TEST(Folding, TakesAFixedSizeOutOfAnOpenShape) {
  Shapes s;
  s.builder.foldConstants();
  ValueId shape = s.one(Op::Shape, {s.input("f32[N, 3]")});
  EXPECT_FALSE(s.builder.constantOf(shape));
  ValueId fixed = s.one(Op::Gather, {shape, s.numbers("i64[]", "1")});
  auto known = s.builder.constantOf(fixed);
  ASSERT_TRUE(known);
  EXPECT_EQ(loadUnaligned<int64_t>(known->data.data()), 3);
}

TEST(Folding, RefusesWhatTheOperatorRefuses) {
  for (Refused refused : {Refused::Error, Refused::Kept}) {
    Shapes s;
    s.builder.foldConstants(refused);
    auto made = s.builder.one(
        Op::Div, "n", {s.numbers("i64[1]", "1"), s.numbers("i64[1]", "0")});
    EXPECT_EQ(made.ok(), refused == Refused::Kept);
    if (!made)
      EXPECT_EQ(made.error().message,
                "`n` (div): an integer is divided by zero (div.3)");
  }
}

TEST(Folding, LeavesLargeTensorsAlone) {
  Shapes s;
  s.builder.foldConstants();
  ValueId large = s.one(
      Op::Expand, {s.numbers("f32[]", "1"), s.numbers("i64[1]", "100000")});
  EXPECT_FALSE(s.builder.constantOf(large));
}

} // namespace
} // namespace rune::graph
