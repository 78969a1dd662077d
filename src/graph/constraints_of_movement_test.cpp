// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every numbered constraint of the operators on shapes and of those that move
// data, broken once; hostile indices, counts and sizes.
#include "graph/refusals.h"

#include "graph/ops.h"
#include "graph/verify.h"

namespace rune::graph::test {
namespace {

TEST(MovementConstraints, AreCheckedWhileBuilding) {
  expectRefusals({
      {"squeeze.1", Op::Squeeze, {"f32[1]", "i32[1]"}},
      {"squeeze.1", Op::Squeeze, {"f32[1]", "i64[17]"}},
      {"squeeze.2", Op::Squeeze, {"f32[1, 2]", "i64[1] = 2"}},
      {"squeeze.2", Op::Squeeze, {"f32[1, 1]", "i64[2] = 0 -2"}},
      {"squeeze.2", Op::Squeeze, {"f32[1]", "i64[2]"}},
      {"squeeze.3", Op::Squeeze, {"f32[1, 2]", "i64[1] = 1"}},
      {"unsqueeze.1", Op::Unsqueeze, {"f32[1]", "f32[1]"}},
      {"unsqueeze.2", Op::Unsqueeze, {"f32[3]", "i64[1] = 2"}},
      {"unsqueeze.2", Op::Unsqueeze, {"f32[3]", "i64[2] = 0 -3"}},
      {"node.5",
       Op::Unsqueeze,
       {"f32[1, 1]", "i64[15] = 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14"}},
      {"split.1", Op::Split, {"f32[3]", "i64[1] = 3"}, {{"axis", int64_t{1}}}},
      {"split.2", Op::Split, {"f32[3]", "i64[2] = 1 2"}, {}, 3},
      {"split.2", Op::Split, {"f32[3]", "i32[2] = 1 2"}, {}, 2},
      {"split.3", Op::Split, {"f32[3]", "i64[2] = 1 1"}, {}, 2},
      {"split.3", Op::Split, {"f32[3]", "i64[2] = 4 -1"}, {}, 2},
      {"split.3",
       Op::Split,
       {"f32[3]", "i64[2] = 4611686018427387904 4611686018427387904"},
       {},
       2},
      {"range.1", Op::Range, {"f32[]", "f32[]", "f32[1]"}},
      {"range.1", Op::Range, {"f32[]", "f32[]", "f64[]"}},
      {"range.1", Op::Range, {"bool[]", "bool[]", "bool[]"}},
      {"range.2", Op::Range, {"i32[] = 0", "i32[] = 1", "i32[] = 0"}},
      {"range.2", Op::Range, {"f32[] = 0", "f32[] = 1", "f32[] = 0"}},
      {"range.2", Op::Range, {"f64[] = 0", "f64[] = 1", "f64[] = 1e-300"}},
      {"gather_elements.1", Op::GatherElements, {"f32[3]", "f32[3]"}},
      {"gather_elements.2",
       Op::GatherElements,
       {"f32[3]", "i64[3]"},
       {{"axis", int64_t{1}}}},
      {"gather_elements.2", Op::GatherElements, {"f32[]", "i64[]"}},
      {"gather_elements.3", Op::GatherElements, {"f32[3]", "i64[3, 1]"}},
      {"gather_elements.3", Op::GatherElements, {"f32[3, 2]", "i64[3, 3]"}},
      {"scatter_elements.1",
       Op::ScatterElements,
       {"f32[3]", "u8[3]", "f32[3]"}},
      {"scatter_elements.2",
       Op::ScatterElements,
       {"f32[3]", "i64[3]", "f32[3]"},
       {{"axis", int64_t{-2}}}},
      {"scatter_elements.3",
       Op::ScatterElements,
       {"f32[3, 1]", "i64[3]", "f32[3]"}},
      {"scatter_elements.5",
       Op::ScatterElements,
       {"f32[3]", "i64[3]", "f64[3]"}},
      {"scatter_elements.5",
       Op::ScatterElements,
       {"bool[3]", "i64[3]", "bool[3]"},
       {{"reduction", std::string("add")}}},
      {"scatter_elements.6",
       Op::ScatterElements,
       {"f32[3]", "i64[3]", "f32[2]"}},
      {"scatter_nd.1", Op::ScatterNd, {"f32[3]", "i64[]", "f32[]"}},
      {"scatter_nd.1", Op::ScatterNd, {"f32[3]", "i64[1, ?]", "f32[1]"}},
      {"scatter_nd.2", Op::ScatterNd, {"f32[3]", "i64[1, 2]", "f32[1]"}},
      {"scatter_nd.4", Op::ScatterNd, {"f32[3]", "i64[1, 1]", "i32[1]"}},
      {"scatter_nd.5", Op::ScatterNd, {"f32[3, 2]", "i64[1, 1]", "f32[1, 3]"}},
      {"tensor_scatter.1",
       Op::TensorScatter,
       {"f32[3, 2]", "f32[3, 1]"},
       {{"axis", int64_t{0}}}},
      {"tensor_scatter.2", Op::TensorScatter, {"f32[1, 2, 3]", "f32[1, 3, 3]"}},
      {"tensor_scatter.2", Op::TensorScatter, {"f32[1, 2, 3]", "f64[1, 2, 3]"}},
      {"tensor_scatter.3",
       Op::TensorScatter,
       {"f32[2, 2, 3]", "f32[2, 1, 3]", "i64[1]"}},
      {"tensor_scatter.4",
       Op::TensorScatter,
       {"f32[1, 2, 3]", "f32[1, 1, 3]"},
       {{"circular", int64_t{2}}}},
      {"top_k.1", Op::TopK, {"bool[3]", "i64[1] = 1"}},
      {"top_k.2", Op::TopK, {"f32[3]", "i32[1] = 1"}},
      {"top_k.2", Op::TopK, {"f32[3]", "i64[2] = 1 1"}},
      {"top_k.3", Op::TopK, {"f32[3]", "i64[1] = 1"}, {{"axis", int64_t{1}}}},
      {"top_k.3",
       Op::TopK,
       {"f32[3]", "i64[1] = 1"},
       {{"largest", int64_t{2}}}},
      {"top_k.4", Op::TopK, {"f32[3]", "i64[1] = 4"}},
      {"top_k.4", Op::TopK, {"f32[3]", "i64[1] = -1"}},
      {"unique.1", Op::Unique, {"f8e5m2[3]"}},
      {"unique.2", Op::Unique, {"f32[]"}},
      {"unique.2", Op::Unique, {"f32[3]"}, {{"sorted", int64_t{3}}}},
      {"non_zero.1", Op::NonZero, {"i4[3]"}},
      {"reverse_sequence.1",
       Op::ReverseSequence,
       {"f32[3, 2]", "i64[3]"},
       {{"batch_axis", int64_t{0}}}},
      {"reverse_sequence.1", Op::ReverseSequence, {"f32[3]", "i64[3]"}},
      {"reverse_sequence.2", Op::ReverseSequence, {"f32[3, 2]", "i64[3]"}},
      {"reverse_sequence.2", Op::ReverseSequence, {"f32[3, 2]", "f32[2]"}},
      {"col2im.1",
       Op::Col2Im,
       {"f32[1, 2]", "i64[1] = 3", "i64[1] = 2"},
       {{"strides", List{1}}, {"dilations", List{1}}, {"pads", List{0, 0}}}},
      {"col2im.2",
       Op::Col2Im,
       {"f32[1, 2, 2]", "i64[1] = 3", "i64[1] = 2"},
       {{"strides", List{1, 1}}, {"dilations", List{1}}, {"pads", List{0, 0}}}},
      {"col2im.2",
       Op::Col2Im,
       {"f32[1, 2, 2]", "i64[]", "i64[1] = 2"},
       {{"strides", List{1}}, {"dilations", List{1}}, {"pads", List{0, 0}}}},
      {"col2im.3",
       Op::Col2Im,
       {"f32[1, 2, 2]", "i64[1] = 3", "i64[1] = 0"},
       {{"strides", List{1}}, {"dilations", List{1}}, {"pads", List{0, 0}}}},
      {"col2im.3",
       Op::Col2Im,
       {"f32[1, 2, 2]", "i64[1] = 3", "i64[1] = 2"},
       {{"strides", List{1}},
        {"dilations", List{INT64_MAX}},
        {"pads", List{0, 0}}}},
      {"col2im.4",
       Op::Col2Im,
       {"f32[1, 2, 3]", "i64[1] = 3", "i64[1] = 2"},
       {{"strides", List{1}}, {"dilations", List{1}}, {"pads", List{0, 0}}}},
      {"col2im.4",
       Op::Col2Im,
       {"f32[1, 3, 2]", "i64[1] = 3", "i64[1] = 2"},
       {{"strides", List{1}}, {"dilations", List{1}}, {"pads", List{0, 0}}}},
  });
}

TEST(MovementConstraints, ShapeTakesPlacesInOrder) {
  // GraphBuilder clamps them, so the node is made by hand
  auto graph = oneNode(Op::Shape, {"f32[2, 3]"});
  ASSERT_TRUE(graph.ok());
  for (auto [start, end] : {std::pair{-1, 2}, {0, 3}, {2, 1}}) {
    for (Attribute &attribute : graph->nodes[0].attributes)
      attribute.value = int64_t{attribute.name == "start" ? start : end};
    auto verified = verify(*graph);
    ASSERT_FALSE(verified.ok());
    EXPECT_TRUE(verified.error().message.ends_with("(shape.1)"))
        << verified.error().message;
  }
}

TEST(MovementConstraints, AreCheckedInTheRun) {
  expectFailure(Op::GatherElements, {"f32[3] = 0", "i64[1] = 3"}, {},
                "gather_elements.4");
  expectFailure(Op::GatherElements,
                {"f32[3] = 0", "i64[1] = -9223372036854775808"}, {},
                "gather_elements.4");
  expectFailure(Op::ScatterElements,
                {"f32[3] = 0", "i32[1] = -4", "f32[1] = 0"}, {},
                "scatter_elements.4");
  expectFailure(Op::ScatterNd,
                {"f32[3] = 0", "i64[1, 1] = 4611686018427387904", "f32[1] = 0"},
                {}, "scatter_nd.3");
  expectFailure(Op::TensorScatter,
                {"f32[1, 3, 1] = 0", "f32[1, 2, 1] = 0", "i64[1] = 2"}, {},
                "tensor_scatter.5");
  expectFailure(Op::TensorScatter,
                {"f32[1, 3, 1] = 0", "f32[1, 2, 1] = 0", "i64[1] = 3"},
                {{"circular", int64_t{1}}}, "tensor_scatter.5");
  expectFailure(Op::ReverseSequence, {"f32[2, 1] = 0", "i64[1] = 3"}, {},
                "reverse_sequence.3");
}

/// What a file or a caller may ask for, and nobody can pay.
TEST(MovementConstraints, HugeCountsMeetTheMemoryLimit) {
  auto refuses = [](Op op, const std::vector<std::string> &inputs) {
    auto graph = oneNode(op, inputs);
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    EvaluateLimits limits;
    limits.memoryBytes = 1 << 20;
    auto result = evaluate(*graph, {}, limits);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, "evaluate.memory-limit");
  };
  refuses(Op::Range,
          {"i64[] = 0", "i64[] = 4611686018427387904", "i64[] = 64"});
  refuses(Op::Range, {"f32[] = 0", "f32[] = 1e12", "f32[] = 1"});
  refuses(Op::Expand, {"f32[1] = 0", "i64[2] = 1000000 1000000"});
  refuses(Op::Tile, {"u8[1, 1] = 0", "i64[2] = 2147483647 2147483647"});
}

} // namespace
} // namespace rune::graph::test
