// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One refusal for each numbered constraint of the operators of neural networks:
// norms, attention, recurrence, sampling, windows.
#include "graph/op.h"
#include "graph/ops.h"
#include "graph/refusals.h"

namespace rune::graph {
namespace {

using test::expectFailure;
using test::expectRefusals;
using test::inferred;
using test::List;
using test::Refusal;

const std::string two = "f32[2]";

TEST(ConstraintsOfNetworks, NormsAreRefusedByNumber) {
  const std::vector<Attribute> lrn = {{"size", int64_t{3}}};
  expectRefusals({
      {"layer_normalization.1", Op::LayerNormalization, {"i32[2]"}},
      {"layer_normalization.1",
       Op::LayerNormalization,
       {"f32[3, 2]", two, "f16[2]"}},
      {"layer_normalization.2", Op::LayerNormalization, {"f32[]"}},
      {"layer_normalization.2",
       Op::LayerNormalization,
       {"f32[3, 2]"},
       {{"axis", int64_t{2}}}},
      {"layer_normalization.3",
       Op::LayerNormalization,
       {"f32[3, 2]", "f32[3]"}},
      {"layer_normalization.3",
       Op::LayerNormalization,
       {"f32[2]", "f32[3, 2]"}},
      {"layer_normalization.4",
       Op::LayerNormalization,
       {"f32[2]"},
       {{"centered", int64_t{2}}}},
      {"group_normalization.1",
       Op::GroupNormalization,
       {"f32[1, 2, 3]", two, "f64[2]"}},
      {"group_normalization.2", Op::GroupNormalization, {two, two, two}},
      {"group_normalization.3",
       Op::GroupNormalization,
       {"f32[1, 2, 3]", two, two},
       {{"groups", int64_t{3}}}},
      {"group_normalization.3",
       Op::GroupNormalization,
       {"f32[1, 2, 3]", two, two},
       {{"groups", int64_t{-1}}}},
      {"group_normalization.4",
       Op::GroupNormalization,
       {"f32[1, 4, 3]", "f32[4]", "f32[3]"},
       {{"groups", int64_t{2}}}},
      {"local_response_normalization.1",
       Op::LocalResponseNormalization,
       {"i8[1, 2]"},
       lrn},
      {"local_response_normalization.2",
       Op::LocalResponseNormalization,
       {two},
       lrn},
      {"local_response_normalization.3",
       Op::LocalResponseNormalization,
       {"f32[1, 2]"},
       {{"size", int64_t{0}}}},
  });
}

const std::string q = "f32[1, 4, 3, 8]", k = "f32[1, 2, 5, 8]",
                  v = "f32[1, 2, 5, 6]", past = "f32[1, 2, 7, 8]",
                  pastValue = "f32[1, 2, 7, 6]";

TEST(ConstraintsOfNetworks, AttentionIsRefusedByNumber) {
  expectRefusals({
      {"attention.1", Op::Attention, {q, "f16[1, 2, 5, 8]", v}},
      {"attention.1", Op::Attention, {q, k, v, "i32[3, 5]"}},
      {"attention.1", Op::Attention, {q, k, v, "", "", "", "i32[1]"}},
      {"attention.2", Op::Attention, {"f32[3, 8]", k, v}},
      {"attention.2", Op::Attention, {q, k, v, "f32[5]"}},
      {"attention.2", Op::Attention, {q, k, v, "", "", "", "i64[]"}},
      {"attention.3", Op::Attention, {q, k, v, "", past}},
      {"attention.3", Op::Attention, {q, k, v, "", past, pastValue, "i64[1]"}},
      {"attention.4", Op::Attention, {q, k, v}, {{"causal", int64_t{2}}}},
      {"attention.4", Op::Attention, {q, k, v}, {{"softcap", -1.0}}},
      {"attention.5", Op::Attention, {q, "f32[1, 2, 5, 7]", v}},
      {"attention.5", Op::Attention, {q, k, "f32[1, 2, 4, 6]"}},
      {"attention.5", Op::Attention, {q, k, v, "", past, "f32[1, 2, 6, 6]"}},
      {"attention.5", Op::Attention, {q, k, v, "", "", "", "i64[2]"}},
      {"attention.6", Op::Attention, {"f32[1, 3, 3, 8]", k, v}},
      {"attention.7", Op::Attention, {q, k, v, "f32[3, 6]"}},
      {"attention.7", Op::Attention, {q, k, v, "f32[2, 5]"}},
      {"rotary_embedding.1",
       Op::RotaryEmbedding,
       {q, "f64[1, 3, 4]", "f32[1, 3, 4]"}},
      {"rotary_embedding.2",
       Op::RotaryEmbedding,
       {q, "f32[3, 4]", "f32[1, 3, 4]"}},
      {"rotary_embedding.3",
       Op::RotaryEmbedding,
       {q, "f32[1, 3, 4]", "f32[1, 3, 4]"},
       {{"rotary_size", int64_t{10}}}},
      {"rotary_embedding.3",
       Op::RotaryEmbedding,
       {q, "f32[1, 3, 4]", "f32[1, 3, 4]"},
       {{"rotary_size", int64_t{3}}}},
      {"rotary_embedding.4",
       Op::RotaryEmbedding,
       {q, "f32[1, 4, 4]", "f32[1, 3, 4]"}},
      {"rotary_embedding.5",
       Op::RotaryEmbedding,
       {q, "f32[1, 3, 4]", "f32[1, 3, 4]"},
       {{"interleaved", int64_t{2}}}},
  });
  expectFailure(Op::Attention,
                {"f32[1, 1, 1, 1] = 0", "f32[1, 1, 2, 1] = 0",
                 "f32[1, 1, 2, 1] = 0", "", "", "", "i64[1] = 3"},
                {}, "attention.8");
}

TEST(ConstraintsOfNetworks, AttentionKeepsNamesAndSumsLengths) {
  EXPECT_EQ(inferred(Op::Attention,
                     {"f32[B, 4, T, 8]", "f32[B, 2, S, 8]", "f32[B, 2, S, 6]"}),
            "f32[B, 4, T, 6]");
  auto graph =
      test::oneNode(Op::Attention, {q, k, v, "", past, pastValue}, {}, 4);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph->values[graph->outputs[1]].type.str(), "f32[1, 2, 12, 8]");
  EXPECT_EQ(graph->values[graph->outputs[3]].type.str(), "f32[1, 4, 3, 12]");
}

TEST(ConstraintsOfNetworks, LinearAttentionIsRefusedByNumber) {
  const std::vector<Attribute> heads = {{"kv_heads", int64_t{2}},
                                        {"q_heads", int64_t{4}}};
  const std::string q = "f32[1, 3, 16]", k = "f32[1, 3, 8]", v = "f32[1, 3, 6]",
                    beta = "f32[1, 3, 2]";
  expectRefusals({
      {"linear_attention.1",
       Op::LinearAttention,
       {q, k, "f16[1, 3, 6]"},
       heads},
      {"linear_attention.2", Op::LinearAttention, {q, k, "f32[3, 6]"}, heads},
      {"linear_attention.3",
       Op::LinearAttention,
       {q, k, v},
       {{"kv_heads", int64_t{3}}, {"q_heads", int64_t{4}}}},
      {"linear_attention.4",
       Op::LinearAttention,
       {q, "f32[1, 3, 10]", v},
       heads},
      {"linear_attention.4",
       Op::LinearAttention,
       {q, k, v, "f32[1, 2, 4, 4]"},
       heads},
      {"linear_attention.4",
       Op::LinearAttention,
       {q, k, v, "", "f32[1, 3, 3]"},
       heads},
      {"linear_attention.5",
       Op::LinearAttention,
       {q, k, v, "", "", "", k},
       heads},
  });
  EXPECT_EQ(inferred(Op::LinearAttention, {q, k, v, "", "", beta}, heads),
            "f32[1, 3, 12]");
}

TEST(ConstraintsOfNetworks, RecurrentOnesAreRefusedByNumber) {
  const std::string x = "f32[5, 2, 3]", w = "f32[4, 3]", r = "f32[4, 4]",
                    w3 = "f32[12, 3]", r3 = "f32[12, 4]";
  expectRefusals({
      {"rnn.1", Op::Rnn, {x, "f64[4, 3]", r}},
      {"rnn.1", Op::Rnn, {x, w, r, "", "", "", "i64[2]"}},
      {"rnn.2", Op::Rnn, {"f32[2, 3]", w, r}},
      {"rnn.3", Op::Rnn, {x, "f32[4, 2]", r}},
      {"rnn.3", Op::Rnn, {x, w, r, "f32[5]"}},
      {"rnn.3", Op::Rnn, {x, w, r, "", "", "f32[3, 4]"}},
      {"rnn.3", Op::Rnn, {x, w, r, "", "", "", "i32[3]"}},
      {"rnn.4", Op::Rnn, {x, w, r}, {{"reverse", int64_t{2}}}},
      {"rnn.4", Op::Rnn, {x, w, r}, {{"clip", -1.0}}},
      {"gru.1", Op::Gru, {"i32[5, 2, 3]", w3, r3}},
      {"gru.2", Op::Gru, {x, w3, r3, "f32[12, 1]"}},
      {"gru.3", Op::Gru, {x, w3, r}},
      {"gru.3", Op::Gru, {x, w3, r3, "f32[4]"}},
      {"gru.4", Op::Gru, {x, w3, r3}, {{"reset_after", int64_t{-1}}}},
  });
  for (const char *lengths : {"i32[1] = 2", "i32[1] = -1"}) {
    expectFailure(Op::Rnn,
                  {"f32[1, 1, 1] = 1", "f32[1, 1] = 1", "f32[1, 1] = 1", "", "",
                   "", lengths},
                  {}, "rnn.5");
    expectFailure(Op::Gru,
                  {"f32[1, 1, 1] = 1", "f32[3, 1] = 1 1 1", "f32[3, 1] = 1 1 1",
                   "", "", "", lengths},
                  {}, "gru.5");
  }
  EXPECT_EQ(inferred(Op::Gru, {"f32[N, T, 3]", w3, r3}, {{"layout", "NTC"}}),
            "f32[N, T, 4]");
}

TEST(ConstraintsOfNetworks, ResizeIsRefusedByNumber) {
  const std::string x = "f32[1, 4]", scales = "f32[2] = 1 2";
  expectRefusals({
      {"resize.1", Op::Resize, {"bool[1, 4]", scales}, {{"mode", "linear"}}},
      {"resize.2", Op::Resize, {x, ""}},
      {"resize.2", Op::Resize, {x, scales, "i64[2] = 1 2"}},
      {"resize.2", Op::Resize, {x, "f32[1] = 1"}},
      {"resize.2", Op::Resize, {x, "", "i32[2] = 1 2"}},
      {"resize.2",
       Op::Resize,
       {x, scales},
       {{"coordinate_transformation_mode", "tf_crop_and_resize"}}},
      {"resize.3", Op::Resize, {x, "f32[1] = 1"}, {{"axes", List{2}}}},
      {"resize.4", Op::Resize, {x, "", "i64[2] = 1 -1"}},
      {"resize.4", Op::Resize, {"f32[1, 0]", "", "i64[2] = 1 1"}},
      {"resize.4", Op::Resize, {x, "", "i64[2] = 1 2147483648"}},
      {"resize.5", Op::Resize, {x, "f32[2] = 1 0"}},
      {"resize.5", Op::Resize, {x, "f32[2] = 1 -1"}},
      {"resize.5", Op::Resize, {x, "f32[2] = 1 1e20"}},
      {"resize.7", Op::Resize, {x, scales}, {{"antialias", int64_t{2}}}},
  });
  GraphBuilder builder("region");
  ValueId in = builder.input("x", *parseTensorType("f32[4]"));
  ValueId scale = builder.constant(
      "scale", test::constantOf(*parseTensorType("f32[1]"), "1"));
  auto region = Tensor::zeros(DType::F32, {2});
  region->as<float>()[1] = std::numeric_limits<float>::infinity();
  ValueId roi = builder.constant("roi", Constant::of(std::move(*region)));
  auto node =
      builder.one(Op::Resize, "node", {in, scale, noValue, roi},
                  {{"coordinate_transformation_mode", "tf_crop_and_resize"}});
  ASSERT_FALSE(node.ok());
  EXPECT_TRUE(node.error().message.ends_with("(resize.6)"))
      << node.error().message;
}

TEST(ConstraintsOfNetworks, SizesComeFromScalesInFloat) {
  EXPECT_EQ(inferred(Op::Resize, {"f32[10]", "f32[1] = 0.7"}), "f32[7]");
  EXPECT_EQ(inferred(Op::Resize, {"f32[10]", "f32[1]"}), "f32[?]");
  EXPECT_EQ(inferred(Op::Resize, {"f32[4, 8]", "", "i64[2] = 2 2"},
                     {{"aspect", "not_smaller"}}),
            "f32[2, 4]");
  EXPECT_EQ(inferred(Op::Resize, {"f32[4, 8]", "", "i64[2] = 2 2"},
                     {{"aspect", "not_larger"}}),
            "f32[1, 2]");
}

TEST(ConstraintsOfNetworks, SamplingIsRefusedByNumber) {
  const std::string x = "f32[1, 2, 4, 4]", grid = "f32[1, 3, 3, 2]";
  const std::vector<Attribute> bins = {{"height", int64_t{2}},
                                       {"width", int64_t{2}}};
  expectRefusals({
      {"grid_sample.1", Op::GridSample, {x, "i32[1, 3, 3, 2]"}},
      {"grid_sample.2", Op::GridSample, {x, "f32[1, 3, 2]"}},
      {"grid_sample.3", Op::GridSample, {x, "f32[1, 3, 3, 3]"}},
      {"grid_sample.3", Op::GridSample, {x, "f32[2, 3, 3, 2]"}},
      {"grid_sample.4", Op::GridSample, {"f32[1, 2, 0, 4]", grid}},
      {"grid_sample.5",
       Op::GridSample,
       {x, grid},
       {{"align_corners", int64_t{2}}}},
      {"affine_grid.1", Op::AffineGrid, {"f32[1, 2, 3]", "i32[4]"}},
      {"affine_grid.2", Op::AffineGrid, {"f32[1, 2, 3]", "i64[5]"}},
      {"affine_grid.2", Op::AffineGrid, {"f32[1, 2, 3]", "i64[n]"}},
      {"affine_grid.3", Op::AffineGrid, {"f32[1, 2, 3]", "i64[4] = 1 1 -1 2"}},
      {"affine_grid.3", Op::AffineGrid, {"f32[1, 2, 3]", "i64[4] = 2 1 1 2"}},
      {"affine_grid.4",
       Op::AffineGrid,
       {"f32[1, 2, 3]", "i64[4]"},
       {{"align_corners", int64_t{2}}}},
      {"roi_align.1", Op::RoiAlign, {x, "f64[3, 4]", "i64[3]"}},
      {"roi_align.1", Op::RoiAlign, {x, "f32[3, 4]", "f32[3]"}},
      {"roi_align.2", Op::RoiAlign, {x, "f32[3, 4]", "i64[2]"}},
      {"roi_align.3",
       Op::RoiAlign,
       {x, "f32[3, 4]", "i64[3]"},
       {{"height", int64_t{0}}}},
      {"max_roi_pool.1", Op::MaxRoiPool, {x, "f64[3, 5]"}, bins},
      {"max_roi_pool.2", Op::MaxRoiPool, {x, "f32[3, 4]"}, bins},
      {"max_roi_pool.3",
       Op::MaxRoiPool,
       {x, "f32[3, 5]"},
       {{"height", int64_t{1}}, {"width", int64_t{1} << 40}}},
      {"non_max_suppression.1",
       Op::NonMaxSuppression,
       {"f32[1, 3, 4]", "f16[1, 1, 3]"}},
      {"non_max_suppression.2",
       Op::NonMaxSuppression,
       {"f32[1, 3, 4]", "f32[1, 1, 2]"}},
      {"non_max_suppression.3",
       Op::NonMaxSuppression,
       {"f32[1, 3, 4]", "f32[1, 1, 3]", "i64[2]"}},
      {"non_max_suppression.4",
       Op::NonMaxSuppression,
       {"f32[1, 3, 4]", "f32[1, 1, 3]"},
       {{"center_point_box", int64_t{2}}}},
  });
  for (const char *batch : {"i64[1] = 1", "i64[1] = -1"})
    expectFailure(Op::RoiAlign, {"f32[1, 1, 1, 1] = 0", "f32[1, 4] = 0", batch},
                  {}, "roi_align.4");
  expectFailure(Op::RoiAlign,
                {"f32[1, 1, 1, 1] = 0", "f32[1, 4] = 0 0 1 1e9", "i64[1] = 0"},
                {}, "roi_align.5");
  for (const char *box : {"f32[1, 5] = 1 0 0 0 0", "f32[1, 5] = -1 0 0 0 0",
                          "f32[1, 5] = 0 1e30 0 0 0"})
    expectFailure(Op::MaxRoiPool, {"f32[1, 1, 1, 1] = 0", box}, bins,
                  "max_roi_pool.4");
}

TEST(ConstraintsOfNetworks, WindowsAreRefusedByNumber) {
  const std::string x = "f32[1, 2, 4, 4]", w = "f32[3, 2, 2, 2]",
                    offset = "f32[1, 8, 3, 3]", i = "i64[1, 2, 4, 4]";
  const std::vector<Attribute> kernel = {{"kernel", List{2, 2}}};
  auto with = [](std::string_view name, AttributeValue value) {
    return std::vector<Attribute>{{"kernel", List{2, 2}},
                                  {std::string(name), std::move(value)}};
  };
  expectRefusals({
      {"deform_conv.1", Op::DeformConv, {x, "f64[3, 2, 2, 2]", offset}},
      {"deform_conv.2", Op::DeformConv, {"f32[1, 2, 4]", w, offset}},
      {"deform_conv.3", Op::DeformConv, {x, w, offset}, {{"pads", List{1}}}},
      {"deform_conv.4",
       Op::DeformConv,
       {x, w, offset},
       {{"strides", List{0, 1}}}},
      {"deform_conv.5", Op::DeformConv, {x, "f32[3, 2, 5, 2]", offset}},
      {"deform_conv.6", Op::DeformConv, {x, "f32[3, 1, 2, 2]", offset}},
      {"deform_conv.6",
       Op::DeformConv,
       {x, w, offset},
       {{"offset_groups", int64_t{3}}}},
      {"deform_conv.7", Op::DeformConv, {x, w, "f32[1, 4, 3, 3]"}},
      {"deform_conv.7", Op::DeformConv, {x, w, offset, two}},
      {"deform_conv.7", Op::DeformConv, {x, w, offset, "", "f32[1, 4, 3, 2]"}},
      {"lp_pool.1", Op::LpPool, {"i32[1, 2, 4, 4]"}, kernel},
      {"lp_pool.2", Op::LpPool, {two}, kernel},
      {"lp_pool.3", Op::LpPool, {x}, {{"kernel", List{2}}}},
      {"lp_pool.4", Op::LpPool, {x}, {{"kernel", List{2, 0}}}},
      {"lp_pool.5", Op::LpPool, {x}, {{"kernel", List{2, 5}}}},
      {"lp_pool.6", Op::LpPool, {x}, with("ceil", int64_t{2})},
      {"lp_pool.7", Op::LpPool, {x}, with("p", 0.0)},
      {"max_unpool.1", Op::MaxUnpool, {x, "i32[1, 2, 4, 4]"}, kernel},
      {"max_unpool.2", Op::MaxUnpool, {x, "i64[1, 2, 4, 3]"}, kernel},
      {"max_unpool.3", Op::MaxUnpool, {x, i}, {{"kernel", List{2}}}},
      {"max_unpool.4", Op::MaxUnpool, {x, i}, {{"kernel", List{2, 0}}}},
      {"max_unpool.5", Op::MaxUnpool, {x, i}, with("pads", List{9, 0, 9, 0})},
      {"max_unpool.6", Op::MaxUnpool, {x, i, "i64[3]"}, kernel},
      {"max_unpool.6", Op::MaxUnpool, {x, i, "i64[4] = 1 2 5 4"}, kernel},
  });
  for (const char *index : {"i64[1, 1, 1] = 2", "i64[1, 1, 1] = -1"})
    expectFailure(Op::MaxUnpool, {"f32[1, 1, 1] = 0", index},
                  {{"kernel", List{2}}}, "max_unpool.7");
}

/// Scales that would shrink everything to nothing make no table of weights.
TEST(HostileNetworks, TinyScalesGiveNothing) {
  auto graph = test::oneNode(Op::Resize, {"f32[4]", "f32[1] = 1e-30"},
                             {{"antialias", int64_t{1}}, {"mode", "cubic"}});
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph->values[graph->outputs[0]].type.str(), "f32[0]");
}

} // namespace
} // namespace rune::graph
