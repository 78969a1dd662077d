// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One refusal for each numbered constraint of the operators on quantised and
// other integers, element by element, and of those that choose elements.
// docs_test.cpp checks that none is left out here and in constraints_test.cpp.
#include "graph/op.h"
#include "graph/ops.h"
#include "graph/refusals.h"

namespace rune::graph {
namespace {

using test::expectFailure;
using test::expectRefusals;
using test::List;
using test::Refusal;

constexpr int64_t big = int64_t{1} << 31;
const std::string x8 = "u8[1, 2, 5, 5]", w8 = "i8[4, 2, 3, 3]";
const std::string xt = "f32[1, 4, 5, 5]", wt = "f32[4, 2, 3, 3]";
const std::string xq = "i8[1, 4, 5, 5]", wq = "i8[4, 2, 3, 3]";
const std::string table = "i16[513]";

std::vector<Refusal> convolutions() {
  return {
      {"conv_integer.1", Op::ConvInteger, {"i32[1, 2, 5, 5]", w8}},
      {"conv_integer.1", Op::ConvInteger, {x8, "f32[4, 2, 3, 3]"}},
      {"conv_integer.1", Op::ConvInteger, {x8, w8, "i64[4]"}},
      {"conv_integer.2", Op::ConvInteger, {"u8[1, 2]", "i8[4, 2]"}},
      {"conv_integer.3", Op::ConvInteger, {x8, w8}, {{"pads", List{1}}}},
      {"conv_integer.4", Op::ConvInteger, {x8, w8}, {{"strides", List{1, 0}}}},
      {"conv_integer.5", Op::ConvInteger, {"u8[1, 2, 2, 5]", w8}},
      {"conv_integer.6", Op::ConvInteger, {"u8[1, 3, 5, 5]", w8}},
      {"conv_integer.7",
       Op::ConvInteger,
       {"u8[1, 6, 5, 5]", w8},
       {{"groups", int64_t{3}}}},
      {"conv_integer.8", Op::ConvInteger, {x8, w8, "i32[3]"}},
      {"conv_integer.9", Op::ConvInteger, {x8, w8, "", "i8[]"}},
      {"conv_integer.9", Op::ConvInteger, {x8, w8, "", "u8[2]"}},
      {"conv_integer.9", Op::ConvInteger, {x8, w8, "", "", "i8[3]"}},
      {"conv_transpose.1", Op::ConvTranspose, {xt, "f64[4, 2, 3, 3]"}},
      {"conv_transpose.2", Op::ConvTranspose, {xt, "f32[4, 2, 3]"}},
      {"conv_transpose.3", Op::ConvTranspose, {xt, wt}, {{"pads", List{1}}}},
      {"conv_transpose.4",
       Op::ConvTranspose,
       {xt, wt},
       {{"dilations", List{1, big}}}},
      {"conv_transpose.5",
       Op::ConvTranspose,
       {xt, wt},
       {{"pads", List{5, 5, 5, 5}}}},
      {"conv_transpose.5",
       Op::ConvTranspose,
       {"f16[1, 4, 2147483650]", "f16[4, 2, 1]"},
       {{"strides", List{big - 1}}}},
      {"conv_transpose.6", Op::ConvTranspose, {"f32[1, 3, 5, 5]", wt}},
      {"conv_transpose.6",
       Op::ConvTranspose,
       {xt, wt},
       {{"groups", int64_t{-1}}}},
      {"conv_transpose.7",
       Op::ConvTranspose,
       {xt, wt},
       {{"groups", int64_t{3}}}},
      {"conv_transpose.8", Op::ConvTranspose, {xt, wt, "f32[4]"}},
      {"conv_transpose.9",
       Op::ConvTranspose,
       {xt, wt},
       {{"accumulator", "i32"}}},
      {"conv_transpose_integer.1", Op::ConvTransposeInteger, {xq, wt}},
      {"conv_transpose_integer.2",
       Op::ConvTransposeInteger,
       {"i8[4, 4]", "i8[4, 2]"}},
      {"conv_transpose_integer.3",
       Op::ConvTransposeInteger,
       {xq, wq},
       {{"strides", List{1}}}},
      {"conv_transpose_integer.4",
       Op::ConvTransposeInteger,
       {xq, wq},
       {{"pads", List{0, 0, 0, -big}}}},
      {"conv_transpose_integer.5",
       Op::ConvTransposeInteger,
       {xq, wq},
       {{"pads", List{8, 0, 0, 0}}}},
      {"conv_transpose_integer.6",
       Op::ConvTransposeInteger,
       {"i8[1, 3, 5, 5]", wq}},
      {"conv_transpose_integer.7",
       Op::ConvTransposeInteger,
       {xq, wq},
       {{"groups", int64_t{3}}}},
      {"conv_transpose_integer.8",
       Op::ConvTransposeInteger,
       {xq, wq, "i32[3]"}},
      {"conv_transpose_integer.9",
       Op::ConvTransposeInteger,
       {xq, wq, "", "i8[]", "u8[]"}},
      {"matmul_integer.1", Op::MatMulInteger, {"i32[2, 3]", "i8[3, 2]"}},
      {"matmul_integer.1",
       Op::MatMulInteger,
       {"i8[2, 3]", "i8[3, 2]", "i64[2]"}},
      {"matmul_integer.2", Op::MatMulInteger, {"i8[]", "i8[3, 2]"}},
      {"matmul_integer.3",
       Op::MatMulInteger,
       {"i8[3]", "i8[3, 2]"},
       {{"transpose_a", int64_t{1}}}},
      {"matmul_integer.4", Op::MatMulInteger, {"i8[2, 3]", "i8[4, 2]"}},
      {"matmul_integer.5", Op::MatMulInteger, {"i8[2, 2, 3]", "i8[3, 3, 2]"}},
      {"matmul_integer.6",
       Op::MatMulInteger,
       {"i8[2, 3]", "i8[3, 2]", "i32[3]"}},
      {"matmul_integer.7",
       Op::MatMulInteger,
       {"i8[2, 3]", "i8[3, 2]", "", "u8[]"}},
      {"matmul_integer.7",
       Op::MatMulInteger,
       {"i8[2, 3]", "i8[3, 2]", "", "", "i8[3]"}},
      {"node.4",
       Op::MatMulInteger,
       {"i8[2, 3]", "i8[3, 2]"},
       {{"accumulator", "i16"}}},
  };
}

Refusal requantized(const std::string &rule, std::vector<std::string> inputs,
                    std::vector<Attribute> attributes = {}) {
  attributes.push_back({"dtype", "i8"});
  return {rule, Op::Requantize, std::move(inputs), std::move(attributes)};
}

std::vector<Refusal> quantised() {
  return {
      requantized("requantize.1", {"f32[2]", "i32[]", "i32[]"}),
      requantized("requantize.1", {"u32[2]", "i32[]", "i32[]"}),
      requantized("requantize.2", {"i32[2]", "i64[]", "i32[]"}),
      requantized("requantize.2", {"i32[2]", "i32[]", "i32[1, 1]"}),
      requantized("requantize.3", {"i32[2]", "i32[3]", "i32[]"}),
      requantized("requantize.3", {"i32[]", "i32[3]", "i32[]"}),
      requantized("requantize.3", {"i32[2]", "i32[]", "i32[]"},
                  {{"axis", int64_t{1}}}),
      requantized("requantize.4", {"i32[2]", "i32[]", "i32[]", "i32[]"}),
      requantized("requantize.4", {"i32[2]", "i32[]", "i32[]", "", "i8[]"}),
      requantized("requantize.5", {"i32[2]", "i32[]", "i32[]"},
                  {{"low", int64_t{5}}, {"high", int64_t{4}}}),
      requantized("requantize.5", {"i32[2]", "i32[]", "i32[]"},
                  {{"high", int64_t{128}}}),
      requantized("requantize.6", {"i32[2]", "i32[]", "i32[]"},
                  {{"left_shift", int64_t{31}}}),
      {"quantize.1", Op::Quantize, {"f32[2]", "f64[]"}, {{"dtype", "i8"}}},
      {"quantize.2", Op::Quantize, {"f32[2]", "f32[3]"}, {{"dtype", "i8"}}},
      {"quantize.3",
       Op::Quantize,
       {"f32[2]", "f32[2]", "i8[]"},
       {{"dtype", "i8"}}},
      {"quantize.3",
       Op::Quantize,
       {"f32[2]", "f32[]", "u8[]"},
       {{"dtype", "i8"}}},
      {"dequantize.1", Op::Dequantize, {"i64[2]", "f32[]"}},
      {"dequantize.1", Op::Dequantize, {"i8[2]", "i8[]"}},
      {"dequantize.2", Op::Dequantize, {"i8[2]", "f32[1, 2]"}},
      {"dequantize.2",
       Op::Dequantize,
       {"i8[2]", "f32[]"},
       {{"axis", int64_t{-2}}}},
      {"dequantize.3", Op::Dequantize, {"i8[2]", "f32[]", "u8[]"}},
      {"lookup.1", Op::Lookup, {"i32[2]", "i8[256]"}},
      {"lookup.1", Op::Lookup, {"i8[2]", "utf8[256]"}},
      {"lookup.2", Op::Lookup, {"i8[2]", "i8[65536]"}},
      {"lookup.2", Op::Lookup, {"i16[2]", table}},
      {"lookup.3",
       Op::Lookup,
       {"i16[2]", "i16[512]"},
       {{"interpolate", int64_t{1}}}},
      {"lookup.3",
       Op::Lookup,
       {"i8[2]", "i8[256]"},
       {{"interpolate", int64_t{2}}}},
      {"softmax_fixed.1",
       Op::SoftmaxFixed,
       {"i16[2]"},
       {{"multiplier", int64_t{1}},
        {"left_shift", int64_t{0}},
        {"diff_min", int64_t{0}},
        {"dtype", "i8"}}},
      {"softmax_fixed.2",
       Op::SoftmaxFixed,
       {"i8[2, 4096]"},
       {{"multiplier", int64_t{1}},
        {"left_shift", int64_t{0}},
        {"diff_min", int64_t{0}},
        {"dtype", "i8"}}},
      {"softmax_fixed.3",
       Op::SoftmaxFixed,
       {"i8[2]"},
       {{"multiplier", int64_t{1}},
        {"left_shift", int64_t{24}},
        {"diff_min", int64_t{-128}},
        {"dtype", "i8"}}},
      {"softmax_lookup.1",
       Op::SoftmaxLookup,
       {"i8[2]", table, table},
       {{"multiplier", int64_t{1}}, {"shift", int64_t{0}}}},
      {"softmax_lookup.2",
       Op::SoftmaxLookup,
       {"i16[]", table, table},
       {{"multiplier", int64_t{1}}, {"shift", int64_t{0}}}},
      {"softmax_lookup.3",
       Op::SoftmaxLookup,
       {"i16[2]", table, table},
       {{"multiplier", int64_t{1}}, {"shift", int64_t{31}}}},
  };
}

std::vector<Refusal> elementwise() {
  std::vector<Refusal> refusals = {
      {"cast.1", Op::Cast, {"utf8[2]"}, {{"dtype", "i8"}}},
      {"cast.2",
       Op::Cast,
       {"i8[2]"},
       {{"dtype", "i8"}, {"saturate", int64_t{2}}}},
      {"logical_not.1", Op::LogicalNot, {"u8[2]"}},
      {"where.1", Op::Where, {"u8[2]", "f32[2]", "f32[2]"}},
      {"where.1", Op::Where, {"bool[2]", "f32[2]", "f64[2]"}},
      {"where.2", Op::Where, {"bool[3]", "f32[2]", "f32[1]"}},
      {"abs.1", Op::Abs, {"u8[2]"}},
      {"neg.1", Op::Neg, {"u8[2]"}},
      {"sign.1", Op::Sign, {"bool[2]"}},
      {"exp.1", Op::Exp, {"i32[2]"}},
      {"log.1", Op::Log, {"i32[2]"}},
      {"sqrt.1", Op::Sqrt, {"i32[2]"}},
      {"sin.1", Op::Sin, {"i32[2]"}},
      {"cos.1", Op::Cos, {"i32[2]"}},
      {"tanh.1", Op::Tanh, {"i32[2]"}},
      {"sigmoid.1", Op::Sigmoid, {"i32[2]"}},
      {"floor.1", Op::Floor, {"i32[2]"}},
      {"ceil.1", Op::Ceil, {"i32[2]"}},
      {"round.1", Op::Round, {"i32[2]"}},
      {"minimum.1", Op::Minimum, {"bool[2]", "bool[2]"}},
      {"minimum.2", Op::Minimum, {"f32[2]", "f32[3]"}},
      {"maximum.1", Op::Maximum, {"f32[2]", "f16[2]"}},
      {"maximum.2", Op::Maximum, {"f32[2]", "f32[3]"}},
      {"pow.1", Op::Pow, {"f32[2]", "i32[2]"}},
      {"pow.2", Op::Pow, {"f32[2]", "f32[3]"}},
      {"equal.1", Op::Equal, {"utf8[2]", "utf8[2]"}},
      {"equal.1", Op::Equal, {"bool[2]", "u8[2]"}},
      {"equal.2", Op::Equal, {"bool[2]", "bool[3]"}},
      {"less.1", Op::Less, {"bool[2]", "bool[2]"}},
      {"less.2", Op::Less, {"f32[2]", "f32[3]"}},
      {"less_equal.1", Op::LessEqual, {"f32[2]", "f64[2]"}},
      {"less_equal.2", Op::LessEqual, {"f32[2]", "f32[3]"}},
      {"logical_and.1", Op::LogicalAnd, {"u8[2]", "u8[2]"}},
      {"logical_and.2", Op::LogicalAnd, {"bool[2]", "bool[3]"}},
      {"logical_or.1", Op::LogicalOr, {"bool[2]", "u8[2]"}},
      {"logical_or.2", Op::LogicalOr, {"bool[2]", "bool[3]"}},
  };
  return refusals;
}

std::vector<Refusal> folded() {
  return {
      {"reduce_sum.1", Op::ReduceSum, {"bool[2]"}, {{"axes", List{0}}}},
      {"reduce_sum.2", Op::ReduceSum, {"f32[2]"}, {{"axes", List{1}}}},
      {"reduce_sum.3",
       Op::ReduceSum,
       {"f32[2]"},
       {{"axes", List{0}}, {"accumulator", "i32"}}},
      {"reduce_sum.4",
       Op::ReduceSum,
       {"f32[2]"},
       {{"axes", List{0}}, {"keep_dims", int64_t{2}}}},
      {"reduce_prod.1", Op::ReduceProd, {"bool[2]"}, {{"axes", List{0}}}},
      {"reduce_prod.2", Op::ReduceProd, {"f32[2]"}, {{"axes", List{0, 0}}}},
      {"reduce_prod.3",
       Op::ReduceProd,
       {"i32[2]"},
       {{"axes", List{0}}, {"accumulator", "i16"}}},
      {"reduce_prod.4",
       Op::ReduceProd,
       {"f32[2]"},
       {{"axes", List{0}}, {"keep_dims", int64_t{-1}}}},
      {"reduce_max.1", Op::ReduceMax, {"utf8[2]"}, {{"axes", List{0}}}},
      {"reduce_max.2", Op::ReduceMax, {"f32[2]"}, {{"axes", List{2}}}},
      {"reduce_max.3",
       Op::ReduceMax,
       {"f32[2]"},
       {{"axes", List{0}}, {"keep_dims", int64_t{2}}}},
      {"reduce_min.1", Op::ReduceMin, {"utf8[2]"}, {{"axes", List{0}}}},
      {"reduce_min.2", Op::ReduceMin, {"f32[2]"}, {{"axes", List{-3}}}},
      {"reduce_min.3",
       Op::ReduceMin,
       {"f32[2]"},
       {{"axes", List{0}}, {"keep_dims", int64_t{2}}}},
      {"arg_max.1", Op::ArgMax, {"bool[2]"}, {{"axis", int64_t{0}}}},
      {"arg_max.2", Op::ArgMax, {"f32[2]"}, {{"axis", int64_t{1}}}},
      {"arg_max.3",
       Op::ArgMax,
       {"f32[2]"},
       {{"axis", int64_t{0}}, {"last", int64_t{2}}}},
      {"arg_min.1", Op::ArgMin, {"bool[2]"}, {{"axis", int64_t{0}}}},
      {"arg_min.2", Op::ArgMin, {"f32[2]"}, {{"axis", int64_t{-2}}}},
      {"arg_min.3",
       Op::ArgMin,
       {"f32[2]"},
       {{"axis", int64_t{0}}, {"keep_dims", int64_t{2}}}},
  };
}

std::vector<Refusal> chosen() {
  const std::string two = "i64[2]";
  return {
      {"slice.1", Op::Slice, {"f32[2]", "i32[1]", "i64[1]"}},
      {"slice.1", Op::Slice, {"f32[2]", "i64[1]", two}},
      {"slice.1", Op::Slice, {"f32[2]", two, two}},
      {"slice.1", Op::Slice, {"f32[2]", "i64[1]", "i64[1]", "i64[]"}},
      {"slice.2",
       Op::Slice,
       {"f32[2]", "i64[1] = 0", "i64[1] = 1", "i64[1] = 1"}},
      {"slice.2",
       Op::Slice,
       {"f32[2, 2]", "i64[2] = 0 0", "i64[2] = 1 1", "i64[2] = 0 -2"}},
      {"slice.3",
       Op::Slice,
       {"f32[2]", "i64[1] = 0", "i64[1] = 1", "", "i64[1] = 0"}},
      {"gather.1", Op::Gather, {"f32[2]", "i8[1]"}},
      {"gather.2", Op::Gather, {"f32[2]", two}, {{"axis", int64_t{1}}}},
      {"gather_nd.1", Op::GatherNd, {"f32[2]", "f32[1]"}},
      {"gather_nd.1", Op::GatherNd, {"f32[2]", "i64[]"}},
      {"gather_nd.1", Op::GatherNd, {"f32[2]", "i64[N]"}},
      {"gather_nd.2", Op::GatherNd, {"f32[2]", two}},
      {"gather_nd.2",
       Op::GatherNd,
       {"f32[2, 3]", "i64[3, 1]"},
       {{"batch_dims", int64_t{1}}}},
      {"gather_nd.2",
       Op::GatherNd,
       {"f32[2, 3]", "i64[2, 1]"},
       {{"batch_dims", int64_t{-1}}}},
      {"expand.1", Op::Expand, {"f32[2]", "i32[1]"}},
      {"expand.1", Op::Expand, {"f32[2]", "i64[17]"}},
      {"expand.2", Op::Expand, {"f32[2]", "i64[1] = 3"}},
      {"expand.2", Op::Expand, {"f32[1]", "i64[1] = -1"}},
      {"tile.1", Op::Tile, {"f32[2]", two}},
      {"tile.1", Op::Tile, {"f32[2]", "i32[1]"}},
      {"tile.2", Op::Tile, {"f32[2]", "i64[1] = -1"}},
      {"tile.2", Op::Tile, {"f32[2]", "i64[1] = 4611686018427387904"}},
      {"tile.2", Op::Tile, {"f32[N]", "i64[1] = -1"}},
      {"resize_nearest.1", Op::ResizeNearest, {"f32[2]", two}},
      {"resize_nearest.1", Op::ResizeNearest, {"f32[2]", "i32[1]"}},
      {"resize_nearest.2",
       Op::ResizeNearest,
       {"f32[2]", "i64[1]"},
       {{"axes", List{1}}}},
      {"resize_nearest.3", Op::ResizeNearest, {"f32[2]", "i64[1] = -1"}},
      {"resize_nearest.3", Op::ResizeNearest, {"f32[0]", "i64[1] = 1"}},
      {"resize_nearest.3",
       Op::ResizeNearest,
       {"f32[2]", "i64[1] = 2147483648"}},
      {"resize_nearest.3", Op::ResizeNearest, {"u8[2147483648]", "i64[1] = 1"}},
      {"resize_linear.1", Op::ResizeLinear, {"i32[2, 2]", two}},
      {"resize_linear.1", Op::ResizeLinear, {"f32[2, 2]", "i64[1]"}},
      {"resize_linear.2",
       Op::ResizeLinear,
       {"i8[2, 2]", "i64[1]"},
       {{"axes", List{0}}}},
      {"resize_linear.2",
       Op::ResizeLinear,
       {"f32[2, 2]", two},
       {{"axes", List{1, 1}}}},
      {"resize_linear.3", Op::ResizeLinear, {"i8[2, 2]", "i64[2] = 1048576 1"}},
  };
}

TEST(ConstraintsOfIntegers, ConvolutionsAreRefusedByTheirNumbers) {
  expectRefusals(convolutions());
}
TEST(ConstraintsOfIntegers, QuantisedOnesAreRefusedByTheirNumbers) {
  expectRefusals(quantised());
}
TEST(ConstraintsOfIntegers, ElementwiseOnesAreRefusedByTheirNumbers) {
  expectRefusals(elementwise());
}
TEST(ConstraintsOfIntegers, FoldingOnesAreRefusedByTheirNumbers) {
  expectRefusals(folded());
}
TEST(ConstraintsOfIntegers, ChoosingOnesAreRefusedByTheirNumbers) {
  expectRefusals(chosen());
}

std::vector<Refusal> signals() {
  const std::string bins = "u32[2, 9]", weights = "i32[5]";
  const std::string starts = "i64[2] = 0 6", widths = "i64[2] = 2 3";
  const std::string gains = "i16[125]";
  auto shift = [](int64_t by) {
    return std::vector<Attribute>{{"snr_shift", by}};
  };
  auto scale = [](int64_t by) { return std::vector<Attribute>{{"scale", by}}; };
  return {
      {"rfft_fixed.1", Op::RfftFixed, {"f32[8]"}},
      {"rfft_fixed.2", Op::RfftFixed, {"i16[]"}},
      {"rfft_fixed.2", Op::RfftFixed, {"i16[2]"}},
      {"rfft_fixed.2", Op::RfftFixed, {"i16[12]"}},
      {"rfft_fixed.2", Op::RfftFixed, {"i32[2097152]"}},
      {"irfft_fixed.1", Op::IrfftFixed, {"f32[5, 2]"}},
      {"irfft_fixed.2", Op::IrfftFixed, {"i16[5]"}},
      {"irfft_fixed.2", Op::IrfftFixed, {"i16[5, 1]"}},
      {"irfft_fixed.3", Op::IrfftFixed, {"i16[2, 2]"}},
      {"irfft_fixed.3", Op::IrfftFixed, {"i16[6, 2]"}},
      {"irfft_fixed.3", Op::IrfftFixed, {"i16[0, 2]"}},
      {"irfft_fixed.3", Op::IrfftFixed, {"i32[1048577, 2]"}},
      {"filter_bank.1", Op::FilterBank, {"u32[]", weights, starts, widths}},
      {"filter_bank.1", Op::FilterBank, {"i32[9]", weights, starts, widths}},
      {"filter_bank.1", Op::FilterBank, {bins, "i16[5]", starts, widths}},
      {"filter_bank.2", Op::FilterBank, {bins, weights, "i32[2]", widths}},
      {"filter_bank.2", Op::FilterBank, {bins, weights, "i64[3]", widths}},
      {"filter_bank.3",
       Op::FilterBank,
       {bins, weights, "i64[2] = 0 7", widths}},
      {"filter_bank.3",
       Op::FilterBank,
       {bins, weights, "i64[2] = -1 6", widths}},
      {"filter_bank.4", Op::FilterBank, {bins, "i32[4]", starts, widths}},
      {"filter_bank.4", Op::FilterBank, {bins, "i32[6]", starts, widths}},
      {"sqrt_integer.1", Op::SqrtInteger, {"i64[2]"}},
      {"pcan_fixed.1", Op::PcanFixed, {"i32[2]", "u32[2]", gains}, shift(6)},
      {"pcan_fixed.1", Op::PcanFixed, {"u32[2]", "u32[2]", "i16[9]"}, shift(6)},
      {"pcan_fixed.2", Op::PcanFixed, {"u32[2]", "u32[3]", gains}, shift(6)},
      {"pcan_fixed.3", Op::PcanFixed, {"u32[2]", "u32[2]", gains}, shift(64)},
      {"log_fixed.1", Op::LogFixed, {"i32[2]"}, scale(64)},
      {"log_fixed.2", Op::LogFixed, {"u32[2]"}, scale(2049)},
  };
}
TEST(ConstraintsOfIntegers, SignalsAreRefusedByTheirNumbers) {
  expectRefusals(signals());
}

TEST(ConstraintsOfIntegers, ThoseOnValuesAreCheckedAtRunTime) {
  for (const char *shift : {"i32[] = 31", "i32[] = -32"})
    expectFailure(Op::Requantize, {"i32[1] = 1", "i32[] = 1", shift},
                  {{"dtype", "i8"}}, "requantize.7");
  expectFailure(Op::Requantize, {"i64[1] = 1", "i32[] = 1", "i32[] = 15"},
                {{"dtype", "i8"}, {"rounding", "tflite-16x8"}}, "requantize.7");
  expectFailure(Op::SoftmaxLookup, {"i16[2] = 1 2", "i16[513] =", "i16[513] ="},
                {{"multiplier", int64_t{1}}, {"shift", int64_t{0}}},
                "softmax_lookup.4");
  expectFailure(Op::Pow, {"i32[1] = 0", "i32[1] = -1"}, {}, "pow.3");
  expectFailure(Op::ArgMax, {"f32[2, 0] ="}, {{"axis", int64_t{1}}},
                "arg_max.4");
  expectFailure(Op::ArgMin, {"f32[2, 0] ="}, {{"axis", int64_t{1}}},
                "arg_min.4");
  for (const char *index : {"i64[1] = 2", "i64[1] = -3", "i32[1] = 99"}) {
    expectFailure(Op::Gather, {"f32[2] = 1 2", index}, {}, "gather.3");
    expectFailure(Op::GatherNd, {"f32[2] = 1 2", index}, {}, "gather_nd.3");
  }
  expectFailure(Op::AveragePool, {"i8[1, 1, 1] = 1"},
                {{"kernel", List{1}}, {"pads", List{1, 1}}}, "average_pool.8");
}

} // namespace
} // namespace rune::graph
