// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One refusal for each numbered constraint of the operators on bits, of the
// functions of one element that came with them, and of quantising in blocks.
#include "graph/op.h"
#include "graph/ops.h"
#include "graph/refusals.h"

namespace rune::graph {
namespace {

using test::expectFailure;
using test::expectRefusals;
using test::Refusal;

std::vector<Refusal> refusals() {
  std::vector<Refusal> list = {
      {"bit_cast.1", Op::BitCast, {"f32[2]"}, {{"dtype", "i16"}}},
      {"bit_cast.1", Op::BitCast, {"i4[2]"}, {{"dtype", "i8"}}},
      {"bit_cast.1", Op::BitCast, {"utf8[2]"}, {{"dtype", "i8"}}},
      {"node.4", Op::BitCast, {"utf8[2]"}, {{"dtype", "utf8"}}},
      {"tan.1", Op::Tan, {"i32[2]"}},
      {"asin.1", Op::Asin, {"bool[2]"}},
      {"acos.1", Op::Acos, {"i64[2]"}},
      {"atan.1", Op::Atan, {"u8[2]"}},
      {"sinh.1", Op::Sinh, {"utf8[2]"}},
      {"cosh.1", Op::Cosh, {"i8[2]"}},
      {"asinh.1", Op::Asinh, {"f8e5m2[2]"}},
      {"acosh.1", Op::Acosh, {"i32[2]"}},
      {"atanh.1", Op::Atanh, {"i4[2]"}},
      {"erf.1", Op::Erf, {"i32[2]"}},
      {"elu.1", Op::Elu, {"i32[2]"}},
      {"gelu.1", Op::Gelu, {"i32[2]"}},
      {"node.4", Op::Gelu, {"f32[2]"}, {{"approximate", "erf"}}},
      {"softplus.1", Op::Softplus, {"i32[2]"}},
      {"bitwise_and.1", Op::BitwiseAnd, {"f32[2]", "f32[2]"}},
      {"bitwise_and.1", Op::BitwiseAnd, {"i8[2]", "u8[2]"}},
      {"bitwise_and.2", Op::BitwiseAnd, {"i8[2]", "i8[3]"}},
      {"bitwise_or.1", Op::BitwiseOr, {"bool[2]", "bool[2]"}},
      {"bitwise_or.2", Op::BitwiseOr, {"i8[2]", "i8[3]"}},
      {"bitwise_xor.1", Op::BitwiseXor, {"u4[2]", "u4[2]"}},
      {"bitwise_xor.2", Op::BitwiseXor, {"i8[2]", "i8[3]"}},
      {"bit_shift.1",
       Op::BitShift,
       {"f32[2]", "f32[2]"},
       {{"direction", "left"}}},
      {"bit_shift.2",
       Op::BitShift,
       {"i8[2]", "i8[3]"},
       {{"direction", "left"}}},
      {"node.4", Op::BitShift, {"i8[2]", "i8[2]"}, {{"direction", "up"}}},
      {"mod.1", Op::Mod, {"bool[2]", "bool[2]"}},
      {"mod.1", Op::Mod, {"i8[2]", "i16[2]"}},
      {"mod.2", Op::Mod, {"i8[2]", "i8[3]"}},
      {"node.4", Op::Mod, {"i8[2]", "i8[2]"}, {{"sign", "none"}}},
  };
  return list;
}

TEST(ConstraintsOfElements, EachIsRefusedByItsNumber) {
  expectRefusals(refusals());
}

TEST(ConstraintsOfElements, NoIntegerIsDividedByZero) {
  expectFailure(Op::Mod, {"i8[2] = 1 2", "i8[2] = 1 0"}, {}, "mod.3");
}

Refusal quantized(const std::string &rule, std::vector<std::string> inputs,
                  std::vector<Attribute> attributes) {
  attributes.push_back({"dtype", "i4"});
  return {rule, Op::Quantize, std::move(inputs), std::move(attributes)};
}

TEST(ConstraintsOfElements, BlocksFitTheTensor) {
  Attribute block2{"block", int64_t{2}}, axis1{"axis", int64_t{1}};
  expectRefusals({
      quantized("quantize.2", {"f32[2, 5]", "f32[2, 2]"}, {block2, axis1}),
      quantized("quantize.2", {"f32[2, 5]", "f32[1, 3]"}, {block2, axis1}),
      quantized("quantize.2", {"f32[2, 5]", "f32[]"}, {block2, axis1}),
      quantized("quantize.2", {"f32[2, 5]", "f32[2, 3]"},
                {block2, {"axis", int64_t{2}}}),
      quantized("quantize.3", {"f32[2, 5]", "f32[2, 3]", "i4[2, 2]"},
                {block2, axis1}),
      quantized("quantize.3", {"f32[2, 5]", "f32[2, 3]", "i8[2, 3]"},
                {block2, axis1}),
      quantized("quantize.4", {"f32[2, 5]", "f32[2, 3]"},
                {{"block", int64_t{-1}}, axis1}),
      quantized("quantize.5", {"f32[2]", "f32[]"}, {{"saturate", int64_t{2}}}),
      {"dequantize.1", Op::Dequantize, {"f8e8m0fnu[2]", "f32[]"}},
      {"dequantize.2",
       Op::Dequantize,
       {"i4[2, 5]", "f32[2, 4]"},
       {block2, axis1}},
      {"dequantize.3", Op::Dequantize, {"i4[2]", "f32[]", "u4[]"}},
      {"dequantize.4",
       Op::Dequantize,
       {"i4[2, 5]", "f32[2, 3]"},
       {{"block", int64_t{-2}}, axis1}},
  });
}

TEST(ConstraintsOfElements, BlocksOfOpenSizesAreCheckedInTheRun) {
  EXPECT_EQ(test::inferred(Op::Dequantize, {"u4[n, 5]", "f32[n, 3]"},
                           {{"block", int64_t{2}}, {"axis", int64_t{1}}}),
            "f32[n, 5]");
  EXPECT_EQ(test::inferred(Op::Dequantize, {"u4[n, k]", "f32[n, b]"},
                           {{"block", int64_t{2}}, {"axis", int64_t{-1}}}),
            "f32[n, k]");
}

} // namespace
} // namespace rune::graph
