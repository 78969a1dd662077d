// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Attention-23, 24
#include "import/onnx/shapes.h"

namespace rune::import {
namespace {

enum Input : size_t { Q, K, V, Mask, PastKey, PastValue, Lengths, inputs };

/// [B, T, H · D] as [B, H, T, D]; four dimensions stay.
Result<ValueId> withHeads(OnnxNode &node, ValueId x,
                          std::optional<int64_t> heads, std::string_view name) {
  if (node.rank(x) == 4)
    return x;
  if (node.rank(x) != 3)
    return node.fail("`{}` is `{}`, needs 3 or 4 dimensions", name,
                     node.type(x).str());
  if (!heads)
    return node.fail("`{}` has 3 dimensions: `q_num_heads` and "
                     "`kv_num_heads` are needed",
                     name);
  ValueId split =
      RUNE_TRY(splitHeads(node, x, *heads, fmt::format("{}_split", name)));
  return node.one(Op::Transpose, {split},
                  {{"permutation", Integers{0, 2, 1, 3}}},
                  fmt::format("{}_heads", name));
}

Result<std::string> scoresOf(OnnxNode &node) {
  constexpr std::string_view modes[] = {"raw", "capped", "masked", "weights"};
  int64_t mode = RUNE_TRY(node.integer("qk_matmul_output_mode", 0));
  if (mode < 0 || mode > 3)
    return node.fail("`qk_matmul_output_mode` is {}, needs 0 to 3", mode);
  return std::string(modes[mode]);
}

/// Everything is computed in f64, which is as much as any of them asks for.
Result<> checkPrecision(OnnxNode &node) {
  auto type = RUNE_TRY(node.integer("softmax_precision"));
  if (type && *type != 1 && *type != 10 && *type != 11 && *type != 16)
    return node.fail("`softmax_precision` is {}, needs a float type", *type);
  return {};
}

} // namespace

/// inputs  Q, K, V [B, H, T, D] or [B, T, H · D]; attn_mask?, past_key?,
///         past_value?, since 24 nonpad_kv_seqlen?
/// result  Y as Q; present_key, present_value, qk_matmul_output
///         [B, H, T, S]
/// errors  three dimensions without `q_num_heads` and `kv_num_heads`
Imported importAttention(OnnxNode &node) {
  auto queryHeads = RUNE_TRY(node.integer("q_num_heads"));
  auto keyHeads = RUNE_TRY(node.integer("kv_num_heads"));
  std::vector<ValueId> in(inputs, noValue);
  constexpr std::string_view names[] = {"Q", "K", "V"};
  bool flat = false;
  for (size_t i : {Q, K, V}) {
    in[i] = RUNE_TRY(node.input(i, names[i]));
    flat |= i == Q && node.rank(in[i]) == 3;
    in[i] = RUNE_TRY(
        withHeads(node, in[i], i == Q ? queryHeads : keyHeads, names[i]));
  }
  for (size_t i : {Mask, PastKey, PastValue})
    in[i] = node.optionalInput(i);
  if (node.opset() >= 24)
    in[Lengths] = node.optionalInput(Lengths);
  DType dtype = node.dtype(in[Q]), values = node.dtype(in[V]);
  if (in[Mask] != noValue && node.dtype(in[Mask]) != DType::Bool &&
      !isFloat(node.dtype(in[Mask])))
    in[Mask] = RUNE_TRY(casted(node, in[Mask], dtype, "mask"));
  ValueId present = noValue; // in its own type, where that is another
  if (values != dtype && node.wants(2)) {
    present = in[V];
    if (in[PastValue] != noValue)
      present = RUNE_TRY(node.one(Op::Concat, {in[PastValue], in[V]},
                                  {{"axis", int64_t{2}}}, "present_value"));
  }
  in[V] = RUNE_TRY(casted(node, in[V], dtype, "values"));
  in[PastValue] = RUNE_TRY(casted(node, in[PastValue], dtype, "past_values"));
  bool causal = RUNE_TRY(node.flag("is_causal", false));
  double scale = RUNE_TRY(node.number("scale", 0));
  double softcap = RUNE_TRY(node.number("softcap", 0));
  std::string scores = RUNE_TRY(scoresOf(node));
  RUNE_TRY(checkPrecision(node));
  size_t outputs = 1;
  for (size_t i = 1; i < 4; ++i)
    outputs = node.wants(i) ? i + 1 : outputs;
  auto results = RUNE_TRY(node.many(Op::Attention, std::move(in),
                                    {{"causal", int64_t{causal}},
                                     {"scale", scale},
                                     {"scores", std::move(scores)},
                                     {"softcap", softcap}},
                                    outputs));
  if (present != noValue)
    results[2] = present;
  if (flat) {
    ValueId turned =
        RUNE_TRY(node.one(Op::Transpose, {results[0]},
                          {{"permutation", Integers{0, 2, 1, 3}}}, "Y_heads"));
    results[0] = RUNE_TRY(mergeHeads(node, turned, "Y"));
  }
  return results;
}

} // namespace rune::import
