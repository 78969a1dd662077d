// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention as ONNX Runtime's transformer optimiser writes it.
//
// source  ONNX Runtime, contrib operators of com.microsoft, version 1:
//         MultiHeadAttention, RotaryEmbedding
#include "import/onnx/microsoft_heads.h"

#include <numeric>

namespace rune::import {
namespace {

/// `x` plus elements [from, to) of a bias.
Result<ValueId> biased(Composer &c, ValueId x, ValueId bias, int64_t from,
                       int64_t to) {
  if (bias == noValue)
    return x;
  ValueId part =
      RUNE_TRY(c.one(Op::Slice, {bias, c.integers({from}), c.integers({to}),
                                 c.integers({0})}));
  return c.add(x, part);
}

struct Mask {
  ValueId padding, bias;
  double filter = -10000;
};

/// What is added to the scores: the bias, and `filter` where the mask is 0.
Result<ValueId> addedToScores(Composer &c, const Mask &mask, DType dtype) {
  if (mask.padding == noValue)
    return mask.bias;
  OnnxNode &node = c.node();
  if (node.rank(mask.padding) != 2 || !isInteger(node.dtype(mask.padding)))
    return node.unsupported("`key_padding_mask` of `{}`",
                            node.type(mask.padding).str());
  ValueId keep = RUNE_TRY(c.cast(mask.padding, DType::Bool));
  keep = RUNE_TRY(c.one(Op::Unsqueeze, {keep, c.integers({1, 2})}));
  ValueId added = RUNE_TRY(c.one(
      Op::Where, {keep, c.scalarOf(0, dtype), c.scalarOf(mask.filter, dtype)}));
  return mask.bias == noValue ? Result<ValueId>(added)
                              : c.add(added, mask.bias);
}

} // namespace

/// inputs  query [B, S, N·H]; key, value [B, L, N·H] or [B, N, L, H]; bias?,
///         key_padding_mask? [B, T], attention_bias?, past_key?, past_value?
/// result  [B, S, N·H]; present_key, present_value
/// errors  unsupported: packed operands, other masks, shared buffers
Imported importMicrosoftMultiHeadAttention(OnnxNode &node) {
  ValueId q = RUNE_TRY(node.input(0, "query"));
  ValueId k = node.optionalInput(1), v = node.optionalInput(2);
  ValueId bias = node.optionalInput(3);
  Mask mask{node.optionalInput(4), node.optionalInput(5)};
  ValueId pastKey = node.optionalInput(6), pastValue = node.optionalInput(7);
  int64_t heads = RUNE_TRY(node.integer("num_heads", 0));
  double scale = RUNE_TRY(node.number("scale", 0));
  mask.filter = RUNE_TRY(node.number("mask_filter_value", -10000));
  bool causal = RUNE_TRY(node.flag("unidirectional", false));
  if (heads < 1)
    return node.fail("`num_heads` is {}, needs 1 or more", heads);
  if (k == noValue || v == noValue || node.rank(q) != 3)
    return node.unsupported("packed queries, keys and values");
  if (node.optionalInput(8) != noValue || node.optionalInput(9) != noValue)
    return node.unsupported("a past in a buffer that is longer");
  DType dtype = node.dtype(q);
  if (!isFloat(dtype))
    return node.fail("`query` is `{}`, needs floats", node.type(q).str());
  Composer c(node);
  int64_t width = bias == noValue ? 0 : RUNE_TRY(widthOf(node, q, "query"));
  int64_t end = bias == noValue ? 0 : RUNE_TRY(widthOf(node, bias, "bias"));
  q = RUNE_TRY(biased(c, q, bias, 0, width));
  q = RUNE_TRY(inHeads(c, q, heads));
  if (node.rank(k) == 3) {
    k = RUNE_TRY(biased(c, k, bias, width, 2 * width));
    k = RUNE_TRY(inHeads(c, k, heads));
  }
  if (node.rank(v) == 3) {
    v = RUNE_TRY(biased(c, v, bias, 2 * width, end));
    v = RUNE_TRY(inHeads(c, v, heads));
  }
  ValueId added = RUNE_TRY(addedToScores(c, mask, dtype));
  bool present = node.wants(1) || node.wants(2);
  auto made = RUNE_TRY(node.graph().node(
      Op::Attention, node.name() + "/attention",
      {q, k, v, added, pastKey, pastValue},
      {{"causal", int64_t{causal}}, {"scale", scale}}, present ? 3 : 1));
  made[0] = RUNE_TRY(outOfHeads(c, made[0]));
  return made;
}

namespace {

/// Positions [B, T], or the first one, from which they count.
Result<ValueId> positionsOf(Composer &c, ValueId given, const Dim &length) {
  OnnxNode &node = c.node();
  if (node.rank(given) == 2)
    return given;
  if (!length.isFixed())
    return node.unsupported("one position for a sequence of open length");
  Integers steps(static_cast<size_t>(length.size()));
  std::iota(steps.begin(), steps.end(), 0);
  ValueId counted = RUNE_TRY(c.constant({1, length.size()}, steps));
  return c.add(RUNE_TRY(c.cast(given, DType::I64)), counted);
}

} // namespace

/// inputs  input [B, T, N·H] or [B, N, T, H]; position_ids [B, T] or one;
///         cos_cache, sin_cache [positions, R/2]
/// result  as input, each pair turned by the angle of its position
/// errors  unsupported: packed batches
Imported importMicrosoftRotaryEmbedding(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId positions = RUNE_TRY(node.input(1, "position_ids"));
  ValueId cosines = RUNE_TRY(node.input(2, "cos_cache"));
  ValueId sines = RUNE_TRY(node.input(3, "sin_cache"));
  int64_t interleaved = RUNE_TRY(node.flag("interleaved", false));
  int64_t heads = RUNE_TRY(node.integer("num_heads", 0));
  int64_t rotary = RUNE_TRY(node.integer("rotary_embedding_dim", 0));
  if (RUNE_TRY(node.number("scale", 1)) != 1)
    return node.unsupported("a `scale` other than 1");
  if (RUNE_TRY(node.integer("is_packed_batching", 0)) != 0)
    return node.unsupported("packed batches");
  bool flat = node.rank(x) == 3;
  if (!flat && node.rank(x) != 4)
    return node.fail("`input` is `{}`, needs three or four dimensions",
                     node.type(x).str());
  if (node.rank(positions) > 2 || !isInteger(node.dtype(positions)))
    return node.fail("`position_ids` is `{}`", node.type(positions).str());
  Composer c(node);
  const Dim length = node.type(x).dims[flat ? 1 : 2];
  ValueId at = RUNE_TRY(positionsOf(c, positions, length));
  cosines = RUNE_TRY(rowsAt(c, cosines, at));
  sines = RUNE_TRY(rowsAt(c, sines, at));
  std::vector<Attribute> attributes{{"interleaved", interleaved},
                                    {"rotary_size", rotary},
                                    {"layout", flat ? "BTHD" : "BHTD"}};
  if (!flat)
    return std::vector{RUNE_TRY(
        node.one(Op::RotaryEmbedding, {x, cosines, sines}, attributes))};
  // Without a number of heads they are as wide as the caches turn them.
  int64_t size = -1;
  if (heads == 0)
    size = 2 * RUNE_TRY(widthOf(node, cosines, "cos_cache"));
  Integers apart{0, 0, heads > 0 ? heads : -1, size};
  ValueId split = RUNE_TRY(c.reshape(x, apart));
  ValueId y =
      RUNE_TRY(c.one(Op::RotaryEmbedding, {split, cosines, sines}, attributes));
  return std::vector{
      RUNE_TRY(node.one(Op::Reshape, {y, c.integers({0, 0, -1})}))};
}

} // namespace rune::import
