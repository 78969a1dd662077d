// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One refusal for each numbered constraint of docs/ops.md. docs_test.cpp checks
// that none of them is left out here.
#include "graph/evaluate.h"
#include "graph/one_node.h"
#include "graph/op.h"

#include <gtest/gtest.h>

namespace rune::graph {
namespace {

using test::List;

struct Refusal {
  std::string rule;
  Op op;
  std::vector<std::string> inputs;
  std::vector<Attribute> attributes = {};
  size_t outputs = 1;
};

const std::string x2d = "f32[1, 2, 5, 5]", w2d = "f32[4, 2, 3, 3]";
constexpr int64_t big = int64_t{1} << 31;

std::vector<Refusal> refusals() {
  return {
      {"node.1", Op::Relu, {}},
      {"node.1", Op::Relu, {"f32[1]", "f32[1]"}},
      {"node.1", Op::Add, {"f32[1]", ""}},
      {"node.1", Op::Concat, {"f32[1]", ""}, {{"axis", int64_t{0}}}},
      {"node.1", Op::Relu, {"f32[1]"}, {}, 2},
      {"node.1", Op::Relu, {"f32[1]"}, {}, 0},
      {"node.2", Op::Relu, {"f32[1]"}, {{"alpha", 1.0}}},
      {"node.2", Op::Concat, {"f32[1]"}},
      {"node.2",
       Op::Flatten,
       {"f32[1]"},
       {{"axis", int64_t{0}}, {"axis", int64_t{1}}}},
      {"node.3", Op::Flatten, {"f32[1]"}, {{"axis", 1.0}}},
      {"node.4", Op::Conv, {x2d, w2d}, {{"layout", "NWC"}}},
      {"node.5", Op::Add, {"f32[2147483648, 1]", "f32[1, 4294967296]"}},
      {"conv.1", Op::Conv, {x2d, "f64[4, 2, 3, 3]"}},
      {"conv.1", Op::Conv, {"i8[1, 2, 5]", "i8[1, 2, 3]"}},
      {"conv.1", Op::Conv, {x2d, w2d, "f16[4]"}},
      {"conv.2", Op::Conv, {"f32[1, 2]", "f32[4, 2]"}},
      {"conv.2", Op::Conv, {x2d, "f32[4, 2, 3]"}},
      {"conv.3", Op::Conv, {x2d, w2d}, {{"strides", List{1}}}},
      {"conv.3", Op::Conv, {x2d, w2d}, {{"pads", List{1, 1}}}},
      {"conv.3", Op::Conv, {x2d, w2d}, {{"dilations", List{1, 1, 1}}}},
      {"conv.4", Op::Conv, {x2d, w2d}, {{"strides", List{0, 1}}}},
      {"conv.4", Op::Conv, {x2d, w2d}, {{"dilations", List{1, big}}}},
      {"conv.4", Op::Conv, {x2d, w2d}, {{"pads", List{0, 0, 0, -big}}}},
      {"conv.4", Op::Conv, {x2d, "f32[4, 2, 0, 3]"}},
      {"conv.5", Op::Conv, {"f32[1, 2, 2, 5]", w2d}},
      {"conv.5", Op::Conv, {x2d, w2d}, {{"pads", List{-3, 0, -3, 0}}}},
      {"conv.5", Op::Conv, {"f16[0, 1, 4611686018427387903]", "f16[4, 1, 3]"}},
      {"conv.6", Op::Conv, {x2d, "f32[4, 3, 3, 3]"}},
      {"conv.6", Op::Conv, {x2d, w2d}, {{"groups", int64_t{0}}}},
      {"conv.6", Op::Conv, {x2d, w2d}, {{"groups", INT64_MAX}}},
      {"conv.7", Op::Conv, {x2d, "f32[3, 1, 3, 3]"}, {{"groups", int64_t{2}}}},
      {"conv.8", Op::Conv, {x2d, w2d, "f32[3]"}},
      {"conv.8", Op::Conv, {x2d, w2d, "f32[1, 4]"}},
      {"conv.9", Op::Conv, {x2d, w2d}, {{"accumulator", "i32"}}},
      {"matmul.1", Op::MatMul, {"f32[2, 3]", "f64[3, 2]"}},
      {"matmul.1", Op::MatMul, {"bool[2, 3]", "bool[3, 2]"}},
      {"matmul.2", Op::MatMul, {"f32[]", "f32[3, 2]"}},
      {"matmul.3",
       Op::MatMul,
       {"f32[3]", "f32[3, 2]"},
       {{"transpose_a", int64_t{1}}}},
      {"matmul.3",
       Op::MatMul,
       {"f32[3, 3]", "f32[3, 2]"},
       {{"transpose_b", int64_t{2}}}},
      {"matmul.3",
       Op::MatMul,
       {"f32[3, 3]", "f32[3, 2]"},
       {{"transpose_b", int64_t{-1}}}},
      {"matmul.4", Op::MatMul, {"f32[2, 3]", "f32[4, 2]"}},
      {"matmul.5", Op::MatMul, {"f32[2, 2, 3]", "f32[3, 3, 2]"}},
      {"matmul.6",
       Op::MatMul,
       {"i32[2, 3]", "i32[3, 2]"},
       {{"accumulator", "i16"}}},
      {"matmul.6",
       Op::MatMul,
       {"f64[2, 3]", "f64[3, 2]"},
       {{"accumulator", "f32"}}},
      {"add.1", Op::Add, {"f32[1]", "i32[1]"}},
      {"add.1", Op::Add, {"bool[1]", "bool[1]"}},
      {"add.2", Op::Add, {"f32[2]", "f32[3]"}},
      {"sub.1", Op::Sub, {"utf8[1]", "utf8[1]"}},
      {"sub.2", Op::Sub, {"f32[2, 1]", "f32[3, 1]"}},
      {"mul.1", Op::Mul, {"f32[1]", "f16[1]"}},
      {"mul.2", Op::Mul, {"f32[0]", "f32[3]"}},
      {"div.1", Op::Div, {"bool[1]", "bool[1]"}},
      {"div.2", Op::Div, {"f32[2, 3]", "f32[2]"}},
      {"relu.1", Op::Relu, {"u8[1]"}},
      {"clamp.1", Op::Clamp, {"bool[1]"}},
      {"clamp.2", Op::Clamp, {"f32[1]", "f64[]"}},
      {"clamp.2", Op::Clamp, {"f32[1]", "", "f32[2]"}},
      {"max_pool.1", Op::MaxPool, {"bool[1, 1, 4]"}, {{"kernel", List{2}}}},
      {"max_pool.2", Op::MaxPool, {"f32[1, 4]"}, {{"kernel", List{}}}},
      {"max_pool.3", Op::MaxPool, {"f32[1, 1, 4]"}, {{"kernel", List{2, 2}}}},
      {"max_pool.4", Op::MaxPool, {"f32[1, 1, 4]"}, {{"kernel", List{-1}}}},
      {"max_pool.4", Op::MaxPool, {"f32[1, 1, 4]"}, {{"kernel", List{0}}}},
      {"max_pool.5", Op::MaxPool, {"f32[1, 1, 4]"}, {{"kernel", List{5}}}},
      {"max_pool.5",
       Op::MaxPool,
       {"f32[1, 1, 4]"},
       {{"kernel", List{big - 1}}, {"dilations", List{big - 1}}}},
      {"max_pool.6",
       Op::MaxPool,
       {"f32[1, 1, 4]"},
       {{"kernel", List{2}}, {"ceil", int64_t{2}}}},
      {"max_pool.6",
       Op::MaxPool,
       {"f32[1, 1, 4]"},
       {{"kernel", List{2}}, {"column_major", int64_t{-1}}}},
      {"average_pool.1",
       Op::AveragePool,
       {"bool[1, 1, 4]"},
       {{"kernel", List{2}}}},
      {"average_pool.2", Op::AveragePool, {"f32[4]"}, {{"kernel", List{2}}}},
      {"average_pool.3",
       Op::AveragePool,
       {"f32[1, 1, 4]"},
       {{"kernel", List{}}}},
      {"average_pool.4",
       Op::AveragePool,
       {"f32[1, 1, 4]"},
       {{"kernel", List{2}}, {"strides", List{-1}}}},
      {"average_pool.5",
       Op::AveragePool,
       {"f32[1, 1, 4]"},
       {{"kernel", List{2}}, {"pads", List{0, -3}}}},
      {"average_pool.6",
       Op::AveragePool,
       {"f32[1, 1, 4]"},
       {{"kernel", List{2}}, {"count_include_pad", int64_t{3}}}},
      {"average_pool.7",
       Op::AveragePool,
       {"f64[1, 1, 4]"},
       {{"kernel", List{2}}, {"accumulator", "f32"}}},
      {"average_pool.7",
       Op::AveragePool,
       {"i8[1, 1, 4]"},
       {{"kernel", List{2}}, {"accumulator", "i32"}}},
      {"reduce_mean.1", Op::ReduceMean, {"bool[2]"}, {{"axes", List{0}}}},
      {"reduce_mean.2", Op::ReduceMean, {"f32[2]"}, {{"axes", List{1}}}},
      {"reduce_mean.2", Op::ReduceMean, {"f32[2]"}, {{"axes", List{-2}}}},
      {"reduce_mean.2", Op::ReduceMean, {"f32[2]"}, {{"axes", List{0, 0}}}},
      {"reduce_mean.3",
       Op::ReduceMean,
       {"i32[2]"},
       {{"axes", List{0}}, {"accumulator", "i32"}}},
      {"reduce_mean.4",
       Op::ReduceMean,
       {"f32[2]"},
       {{"axes", List{0}}, {"keep_dims", int64_t{2}}}},
      {"flatten.1", Op::Flatten, {"f32[2]"}, {{"axis", int64_t{2}}}},
      {"flatten.1", Op::Flatten, {"f32[2]"}, {{"axis", int64_t{-2}}}},
      {"flatten.1", Op::Flatten, {"f32[2]"}, {{"axis", INT64_MIN}}},
      {"reshape.1", Op::Reshape, {"f32[2]", "i32[1]"}},
      {"reshape.1", Op::Reshape, {"f32[2]", "i64[]"}},
      {"reshape.1", Op::Reshape, {"f32[2]", "i64[N]"}},
      {"reshape.2",
       Op::Reshape,
       {"f32[2]", "i64[1]"},
       {{"allow_zero", int64_t{2}}}},
      {"reshape.2", Op::Reshape, {"f32[2]", "i64[17]"}},
      {"reshape.3", Op::Reshape, {"f32[2]", "i64[1] = -2"}},
      {"reshape.3", Op::Reshape, {"f32[2]", "i64[2] = -1 -1"}},
      {"reshape.4", Op::Reshape, {"f32[2]", "i64[2] = 2 0"}},
      {"reshape.5", Op::Reshape, {"f32[2, 3]", "i64[1] = 5"}},
      {"reshape.5", Op::Reshape, {"f32[2, 3]", "i64[2] = 4 -1"}},
      {"reshape.6",
       Op::Reshape,
       {"f32[0]", "i64[2] = 0 -1"},
       {{"allow_zero", int64_t{1}}}},
      {"transpose.1", Op::Transpose, {"f32[2, 3]"}, {{"permutation", List{0}}}},
      {"transpose.1",
       Op::Transpose,
       {"f32[2, 3]"},
       {{"permutation", List{1, 1}}}},
      {"transpose.1",
       Op::Transpose,
       {"f32[2, 3]"},
       {{"permutation", List{-1, 0}}}},
      {"softmax.1", Op::Softmax, {"i32[2]"}, {{"axes", List{0}}}},
      {"softmax.2", Op::Softmax, {"f32[2]"}, {{"axes", List{}}}},
      {"softmax.2", Op::Softmax, {"f32[2]"}, {{"axes", List{1}}}},
      {"batch_normalization.1",
       Op::BatchNormalization,
       {"i32[1, 2]", "f32[2]", "f32[2]", "f32[2]", "f32[2]"}},
      {"batch_normalization.1",
       Op::BatchNormalization,
       {"f32[1, 2]", "f32[2]", "f16[2]", "f32[2]", "f32[2]"}},
      {"batch_normalization.1",
       Op::BatchNormalization,
       {"f32[1, 2]", "f32[2]", "f32[2]", "f32[2]", "f64[2]"}},
      {"batch_normalization.2",
       Op::BatchNormalization,
       {"f32[]", "f32[1]", "f32[1]", "f32[1]", "f32[1]"}},
      {"batch_normalization.3",
       Op::BatchNormalization,
       {"f32[1, 2]", "f32[2]", "f32[3]", "f32[2]", "f32[2]"}},
      {"batch_normalization.3",
       Op::BatchNormalization,
       {"f32[5]", "f32[5]", "f32[5]", "f32[5]", "f32[5]"}},
      {"batch_normalization.4",
       Op::BatchNormalization,
       {"f32[1, 2]", "f32[2]", "f32[2]", "f32[2]", "f32[2]"},
       {{"training", int64_t{2}}}},
      {"batch_normalization.5",
       Op::BatchNormalization,
       {"f32[1, 2]", "f32[2]", "f32[2]", "f32[2]", "f32[2]"},
       {},
       3},
      {"batch_normalization.5",
       Op::BatchNormalization,
       {"f32[1, 2]", "f32[2]", "f32[2]", "f32[2]", "f32[2]"},
       {{"training", int64_t{1}}}},
      {"concat.1", Op::Concat, {"f32[2]"}, {{"axis", int64_t{1}}}},
      {"concat.1", Op::Concat, {"f32[]"}, {{"axis", int64_t{0}}}},
      {"concat.2", Op::Concat, {"f32[2]", "f64[2]"}, {{"axis", int64_t{0}}}},
      {"concat.2", Op::Concat, {"f32[2]", "f32[2, 1]"}, {{"axis", int64_t{0}}}},
      {"concat.3",
       Op::Concat,
       {"f32[2, 3]", "f32[2, 4]"},
       {{"axis", int64_t{0}}}},
      {"concat.4",
       Op::Concat,
       {"u8[9223372036854775807]", "u8[1]"},
       {{"axis", int64_t{0}}}},
      {"pad.1", Op::Pad, {"f32[2]", "i32[2]"}},
      {"pad.1", Op::Pad, {"f32[2]", "i64[1, 2]"}},
      {"pad.2", Op::Pad, {"f32[2]", "i64[2] = 1 1", "f64[]"}},
      {"pad.2", Op::Pad, {"f32[2]", "i64[2] = 1 1", "f32[2]"}},
      {"pad.3", Op::Pad, {"f32[2]", "i64[4]"}},
      {"pad.3", Op::Pad, {"f32[2]", "i64[2]", "", "i32[1]"}},
      {"pad.3", Op::Pad, {"f32[2]", "i64[4]", "", "i64[2]"}},
      {"pad.3", Op::Pad, {"f32[2]", "i64[99]", "", "i64[N]"}},
      {"pad.4", Op::Pad, {"f32[2]", "i64[2] = 1 1", "", "i64[1] = 1"}},
      {"pad.4",
       Op::Pad,
       {"f32[2, 2]", "i64[4] = 1 1 1 1", "", "i64[2] = 0 -2"}},
      {"pad.5", Op::Pad, {"f32[2]", "i64[2] = -3 5"}},
      {"pad.5",
       Op::Pad,
       {"f32[2]", "i64[2] = -9223372036854775808 -9223372036854775808"}},
      {"pad.5", Op::Pad, {"u8[9223372036854775807]", "i64[2] = 1 0"}},
      {"pad.5", Op::Pad, {"f32[0]", "i64[2] = 1 0"}, {{"mode", "edge"}}},
  };
}

TEST(Constraints, EachIsRefusedByItsNumber) {
  for (const Refusal &refusal : refusals()) {
    SCOPED_TRACE(
        fmt::format("{} ({})", refusal.rule, fmt::join(refusal.inputs, " ")));
    auto graph = test::oneNode(refusal.op, refusal.inputs, refusal.attributes,
                               refusal.outputs);
    ASSERT_FALSE(graph.ok());
    EXPECT_EQ(graph.error().code, "graph.invalid");
    EXPECT_TRUE(
        graph.error().message.ends_with(fmt::format("({})", refusal.rule)))
        << graph.error().message;
    EXPECT_TRUE(graph.error().message.starts_with("`node`"))
        << graph.error().message;
  }
}

Result<Tensors> run(Op op, const std::vector<std::string> &constants,
                    std::vector<Attribute> attributes = {}) {
  Graph graph = RUNE_TRY(test::oneNode(op, constants, std::move(attributes)));
  return evaluate(graph, {});
}

void expectFailure(const Result<Tensors> &result, std::string_view rule) {
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, "evaluate.failed");
  EXPECT_TRUE(result.error().message.ends_with(fmt::format("({})", rule)))
      << result.error().message;
}

TEST(Constraints, ThoseOnValuesAreCheckedAtRunTime) {
  expectFailure(run(Op::Div, {"i32[2] = 1 2", "i32[2] = 1 0"}), "div.3");
  expectFailure(run(Op::Div, {"u8[1] = 1", "u8[] = 0"}), "div.3");
  expectFailure(run(Op::ReduceMean, {"i32[2, 0] ="}, {{"axes", List{1}}}),
                "reduce_mean.5");
}

} // namespace
} // namespace rune::graph
