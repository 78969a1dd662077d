// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention of language models: fewer key heads than query heads, positions by
// rotation, a cache of keys and values that each step writes behind what its
// sequence holds. In the first step (as many tokens in all as come in) the
// sequences begin at 0; later each ends with its tokens of this step.
//
// source  ONNX Runtime, contrib operators of com.microsoft, version 1:
//         GroupQueryAttention, with the window as of 1.22
#include "import/onnx/microsoft_heads.h"

#include <limits>

namespace rune::import {
namespace {

struct Grouped {
  int64_t heads = 0, keyHeads = 0, window = -1;
  double scale = 0, softcap = 0;
  bool rotates = false;
  int64_t interleaved = 0;
  /// Tokens that come in, and all; i64[1].
  ValueId length = noValue, total = noValue;
  /// What each sequence held before, i64[B].
  ValueId held = noValue;
  /// Where its tokens stand, i64[B, S].
  ValueId places = noValue;
};

Result<Grouped> readAttributes(OnnxNode &node) {
  Grouped g;
  g.heads = RUNE_TRY(node.integer("num_heads", 0));
  g.keyHeads = RUNE_TRY(node.integer("kv_num_heads", 0));
  constexpr int64_t mostHeads = 1 << 20;
  if (g.heads < 1 || g.keyHeads < 1 || g.heads > mostHeads ||
      g.heads % g.keyHeads != 0)
    return node.fail("{} query heads for {} key heads", g.heads, g.keyHeads);
  g.window = RUNE_TRY(node.integer("local_window_size", -1));
  g.scale = RUNE_TRY(node.number("scale", 0));
  g.softcap = RUNE_TRY(node.number("softcap", 0));
  g.rotates = RUNE_TRY(node.flag("do_rotary", false));
  g.interleaved = RUNE_TRY(node.flag("rotary_interleaved", false));
  if (RUNE_TRY(node.integer("smooth_softmax", 0)) > 0)
    return node.unsupported("`smooth_softmax`");
  if (RUNE_TRY(node.integer("qk_output", 0)) != 0)
    return node.unsupported("`qk_output`");
  for (const char *name : {"k_quant_type", "v_quant_type"})
    if (RUNE_TRY(node.text(name)).value_or("NONE") != "NONE")
      return node.unsupported("a quantised cache");
  node.ignore("kv_cache_bit_width");
  return g;
}

/// An integer input as i64 of one dimension.
Result<ValueId> listInput(Composer &c, size_t index, std::string_view name) {
  ValueId value = RUNE_TRY(c.node().input(index, name));
  if (!isInteger(c.node().dtype(value)))
    return c.node().fail("`{}` is `{}`, needs integers", name,
                         c.node().type(value).str());
  return c.reshape(RUNE_TRY(c.cast(value, DType::I64)), {-1});
}

Result<> readLengths(Composer &c, Grouped &g, ValueId query) {
  ValueId last = RUNE_TRY(listInput(c, 5, "seqlens_k"));
  g.total = RUNE_TRY(listInput(c, 6, "total_sequence_length"));
  g.length = RUNE_TRY(sizeAlong(c, query, 1));
  ValueId isFirst = RUNE_TRY(c.one(Op::Equal, {g.total, g.length}));
  ValueId all = RUNE_TRY(c.add(last, c.integers({1})));
  g.held = RUNE_TRY(
      c.choose(isFirst, c.integers({0}), RUNE_TRY(c.sub(all, g.length))));
  ValueId begins = RUNE_TRY(c.one(Op::Unsqueeze, {g.held, c.integers({1})}));
  g.places = RUNE_TRY(c.add(begins, RUNE_TRY(countingTo(c, g.length))));
  return {};
}

/// Heads [B, N, S, H] of [B, S, N · H], turned by their positions.
Result<ValueId> turnedHeads(Composer &c, const Grouped &g, ValueId x,
                            int64_t heads, ValueId cosines, ValueId sines) {
  ValueId apart = RUNE_TRY(c.reshape(x, {0, 0, heads, -1}));
  if (g.rotates) {
    int64_t half = RUNE_TRY(widthOf(c.node(), cosines, "cos_cache"));
    apart = RUNE_TRY(c.one(Op::RotaryEmbedding, {apart, cosines, sines},
                           {{"interleaved", g.interleaved},
                            {"layout", "BTHD"},
                            {"rotary_size", 2 * half}}));
  }
  return c.one(Op::Transpose, {apart}, {headsTurned()});
}

/// The cache with these keys or values in their places; it grows to `total`.
Result<ValueId> cached(Composer &c, const Grouped &g, ValueId past,
                       ValueId now) {
  if (past == noValue)
    return now;
  ValueId room = RUNE_TRY(sizeAlong(c, past, 2));
  ValueId needed = RUNE_TRY(c.one(Op::Maximum, {room, g.total}));
  ValueId missing = RUNE_TRY(c.sub(needed, room));
  ValueId pads = RUNE_TRY(
      c.one(Op::Concat, {c.integers({0}), missing}, {{"axis", int64_t{0}}}));
  ValueId longer =
      RUNE_TRY(c.one(Op::Pad, {past, pads, noValue, c.integers({2})}));
  return c.one(Op::TensorScatter, {longer, now, g.held},
               {{"axis", int64_t{2}}});
}

/// What is added to the scores [B, N, S, total]: -∞ where a key comes later
/// than the query, or before its window.
Result<ValueId> addedToScores(Composer &c, const Grouped &g, ValueId bias,
                              DType dtype) {
  ValueId keys = RUNE_TRY(countingTo(c, g.total));
  ValueId at = RUNE_TRY(c.one(Op::Unsqueeze, {g.places, c.integers({1, 3})}));
  ValueId kept = RUNE_TRY(c.one(Op::LessEqual, {keys, at}));
  if (g.window > 0) {
    ValueId before = RUNE_TRY(c.sub(at, c.integers({g.window})));
    ValueId near = RUNE_TRY(c.one(Op::Less, {before, keys}));
    kept = RUNE_TRY(c.one(Op::LogicalAnd, {kept, near}));
  }
  if (bias == noValue)
    return kept;
  return c.choose(kept, bias,
                  c.scalarOf(-std::numeric_limits<double>::infinity(), dtype));
}

struct Projections {
  ValueId query, key, value;
};

/// Query, key and value, also where they stand side by side in the first.
Result<Projections> readProjections(Composer &c, const Grouped &g) {
  OnnxNode &node = c.node();
  Projections p{RUNE_TRY(node.input(0, "query")), node.optionalInput(1),
                node.optionalInput(2)};
  for (ValueId value : {p.query, p.key, p.value})
    if (value != noValue &&
        (node.rank(value) != 3 || !isFloat(node.dtype(value))))
      return node.fail("`{}` needs floats of three dimensions",
                       node.type(value).str());
  if (p.key != noValue && p.value != noValue)
    return p;
  if (p.key != noValue || p.value != noValue)
    return node.fail("key and value come together");
  int64_t width = RUNE_TRY(widthOf(node, p.query, "query"));
  int64_t all = g.heads + 2 * g.keyHeads;
  if (width % all != 0)
    return node.fail("a packed `query` of width {} for {} heads", width, all);
  int64_t size = width / all;
  Integers widths{g.heads * size, g.keyHeads * size, g.keyHeads * size};
  auto parts = RUNE_TRY(node.graph().node(
      Op::Split, node.name() + "/projections", {p.query, c.integers(widths)},
      {{"axis", int64_t{2}}}, 3));
  return Projections{parts[0], parts[1], parts[2]};
}

} // namespace

/// inputs  query [B, S, N · H], or packed with key and value; key?, value?
///         [B, S, G · H]; past_key?, past_value? [B, G, P, H]; seqlens_k [B],
///         the tokens of each sequence less 1; total_sequence_length;
///         cos_cache?, sin_cache? [positions, R/2]; position_ids? [B, S];
///         attention_bias?
/// result  [B, S, N · H]; present_key, present_value [B, G, max(P, total), H]
/// errors  unsupported: quantised caches, sinks, `smooth_softmax`, `qk_output`
Imported importMicrosoftGroupQueryAttention(OnnxNode &node) {
  Composer c(node);
  Grouped g = RUNE_TRY(readAttributes(node));
  Projections p = RUNE_TRY(readProjections(c, g));
  ValueId pastKey = node.optionalInput(3), pastValue = node.optionalInput(4);
  RUNE_TRY(readLengths(c, g, p.query));
  ValueId cosines = node.optionalInput(7), sines = node.optionalInput(8);
  ValueId positions = node.optionalInput(9), bias = node.optionalInput(10);
  for (size_t i = 11; i < node.inputs(); ++i)
    if (node.optionalInput(i) != noValue)
      return node.unsupported("sinks and scales of a quantised cache");
  if (node.wants(3))
    return node.unsupported("the output `output_qk`");
  if ((pastKey == noValue) != (pastValue == noValue))
    return node.fail("past keys and values come together");
  if (g.rotates) {
    if (cosines == noValue || sines == noValue)
      return node.fail("`do_rotary` needs `cos_cache` and `sin_cache`");
    ValueId at = positions == noValue ? g.places : positions;
    cosines = RUNE_TRY(rowsAt(c, cosines, at));
    sines = RUNE_TRY(rowsAt(c, sines, at));
  }
  DType dtype = node.dtype(p.query);
  ValueId q = RUNE_TRY(turnedHeads(c, g, p.query, g.heads, cosines, sines));
  ValueId k = RUNE_TRY(turnedHeads(c, g, p.key, g.keyHeads, cosines, sines));
  ValueId v = RUNE_TRY(inHeads(c, p.value, g.keyHeads));
  k = RUNE_TRY(cached(c, g, pastKey, k));
  v = RUNE_TRY(cached(c, g, pastValue, v));
  ValueId added = RUNE_TRY(addedToScores(c, g, bias, dtype));
  ValueId y = RUNE_TRY(c.one(Op::Attention, {q, k, v, added},
                             {{"scale", g.scale}, {"softcap", g.softcap}}));
  return std::vector{RUNE_TRY(outOfHeads(c, y)), k, v};
}

} // namespace rune::import
