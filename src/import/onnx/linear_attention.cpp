// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LinearAttention and what models of its kind have before it.
//
// source  ONNX operators, LinearAttention-27, CausalConvWithState-27
#include "import/onnx/shapes.h"

#include <algorithm>

namespace rune::import {

/// inputs  query, key, value [B, T, H · D]; past_state?, decay?, beta?,
///         erase_gate?
/// result  output [B, T, H · E]; present_state [B, G, D, E]
/// errors  heads missing · inputs that `update_rule` needs or forbids
Imported importLinearAttention(OnnxNode &node) {
  std::vector<ValueId> in = {RUNE_TRY(node.input(0, "query")),
                             RUNE_TRY(node.input(1, "key")),
                             RUNE_TRY(node.input(2, "value"))};
  for (size_t i = 3; i < 7; ++i)
    in.push_back(node.optionalInput(i));
  auto queryHeads = RUNE_TRY(node.integer("q_num_heads"));
  auto heads = RUNE_TRY(node.integer("kv_num_heads"));
  if (!queryHeads || !heads)
    return node.fail("`q_num_heads` and `kv_num_heads` are needed");
  node.ignore("chunk_size");
  double scale = RUNE_TRY(node.number("scale", 0));
  std::string rule = RUNE_TRY(node.text("update_rule")).value_or("gated_delta");
  constexpr std::string_view rules[] = {"linear", "gated", "delta",
                                        "gated_delta"};
  if (std::ranges::count(rules, rule) == 0)
    return node.fail("`update_rule` is `{}`, needs `linear`, `gated`, "
                     "`delta` or `gated_delta`",
                     rule);
  bool gated = rule.starts_with("gated"), delta = rule.ends_with("delta");
  if ((in[4] != noValue) != gated)
    return node.fail("`update_rule` `{}` {} `decay`", rule,
                     gated ? "needs" : "has no");
  if ((in[5] != noValue) != delta)
    return node.fail("`update_rule` `{}` {} `beta`", rule,
                     delta ? "needs" : "has no");
  if (in[6] != noValue && !delta)
    return node.fail("`update_rule` `{}` has no `erase_gate`", rule);
  for (size_t i = 4; i < 7; ++i)
    in[i] = RUNE_TRY(
        casted(node, in[i], node.dtype(in[0]), fmt::format("input{}", i)));
  return node.many(
      Op::LinearAttention, std::move(in),
      {{"kv_heads", *heads}, {"q_heads", *queryHeads}, {"scale", scale}},
      node.wants(1) ? 2 : 1);
}

/// inputs  input [B, C, L], weight [C, 1, k], bias [C]?, past_state
///         [B, C, k - 1]?
/// result  output [B, C, L]: a convolution of each channel with what came
///         before; present_state: the last k - 1 elements
/// errors  another `activation` than none, silu, swish
Imported importCausalConvWithState(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId weights = RUNE_TRY(node.input(1, "weight"));
  ValueId bias = node.optionalInput(2), past = node.optionalInput(3);
  std::string activation = RUNE_TRY(node.text("activation")).value_or("none");
  bool silu = activation == "silu" || activation == "swish";
  if (!silu && activation != "none")
    return node.fail("`activation` is `{}`, needs `none`, `silu` or "
                     "`swish`",
                     activation);
  if (node.rank(x) != 3 || node.rank(weights) != 3)
    return node.fail("`input` is `{}`, `weight` `{}`, both need 3 "
                     "dimensions",
                     node.type(x).str(), node.type(weights).str());
  const Dim kernel = node.type(weights).dims[2];
  Dim channels = node.type(weights).dims[0];
  if (!channels.isFixed())
    channels = node.type(x).dims[1];
  if (!kernel.isFixed() || !channels.isFixed())
    return node.unsupported("weights `{}`, whose sizes are not known",
                            node.type(weights).str());
  int64_t before = kernel.size() - 1;
  ValueId padded = noValue;
  if (past != noValue)
    padded = RUNE_TRY(
        node.one(Op::Concat, {past, x}, {{"axis", int64_t{2}}}, "padded"));
  else
    padded = RUNE_TRY(node.one(Op::Pad,
                               {x, node.constantIntegers("pads", {before, 0}),
                                noValue, node.constantIntegers("axes", {2})},
                               {}, "padded"));
  ValueId y = RUNE_TRY(node.one(Op::Conv, {padded, weights, bias},
                                {{"groups", channels.size()}},
                                silu ? "convolved" : ""));
  if (silu) {
    DType dtype = node.dtype(y);
    DType wide = dtype == DType::F64 ? dtype : DType::F32;
    ValueId in = RUNE_TRY(casted(node, y, wide, "wide"));
    ValueId gate = RUNE_TRY(node.one(Op::Sigmoid, {in}, {}, "gate"));
    y = RUNE_TRY(node.one(Op::Mul, {in, gate}, {}, "silu"));
    y = RUNE_TRY(casted(node, y, dtype, ""));
  }
  std::vector<ValueId> results = {y};
  if (node.wants(1))
    results.push_back(
        RUNE_TRY(sliced(node, padded, 2, before > 0 ? -before : INT64_MAX,
                        INT64_MAX, "present_state")));
  return results;
}

} // namespace rune::import
