// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention over one input: queries, keys and values are projections of it.
//
// source  ONNX Runtime, contrib operators of com.microsoft, version 1:
//         Attention, QAttention
#include "import/onnx/microsoft_heads.h"
#include "import/onnx/quantized_product.h"

namespace rune::import {
namespace {

/// What both say beside the projections.
struct SelfAttention {
  int64_t heads = 0;
  /// Widths of queries, keys and values.
  Integers widths;
  double scale = 0, filter = -10000;
  bool causal = false;
  ValueId mask = noValue, past = noValue, bias = noValue;
};

Result<SelfAttention> readAttributes(OnnxNode &node) {
  SelfAttention self;
  self.heads = RUNE_TRY(node.integer("num_heads", 0));
  if (self.heads < 1)
    return node.fail("`num_heads` is {}, needs 1 or more", self.heads);
  self.causal = RUNE_TRY(node.flag("unidirectional", false));
  self.filter = RUNE_TRY(node.number("mask_filter_value", -10000));
  self.scale = RUNE_TRY(node.number("scale", 0));
  for (const char *name : {"do_rotary", "past_present_share_buffer"})
    if (RUNE_TRY(node.integer(name, 0)) != 0)
      return node.unsupported("`{}`", name);
  node.ignore("rotary_embedding_dim"); // of do_rotary
  return self;
}

/// The widths that `qkv_hidden_sizes` says, by default thirds.
Result<> readWidths(OnnxNode &node, SelfAttention &self, ValueId weights) {
  int64_t width = RUNE_TRY(widthOf(node, weights, "weights"));
  self.widths = RUNE_TRY(node.integers("qkv_hidden_sizes"))
                    .value_or(Integers(3, width / 3));
  int64_t sum = 0;
  for (int64_t each : self.widths) {
    if (each < 0 || each > width || each % self.heads != 0)
      return node.fail("a projection of width {} for {} heads", each,
                       self.heads);
    sum += each;
  }
  if (self.widths.size() != 3 || sum != width)
    return node.fail("`weights` of `{}` are not three projections",
                     node.type(weights).str());
  return {};
}

/// [B, T]: false from the end of each sequence on, and before its start.
Result<ValueId> withinLengths(Composer &c, ValueId lengths, ValueId keys,
                              const Dim &batch) {
  OnnxNode &node = c.node();
  const Dim count = node.type(lengths).dims[0];
  bool twice = count.isFixed() && batch.isFixed() &&
               count.size() == 2 * batch.size() && batch.size() > 0;
  if (!twice && count != batch)
    return node.unsupported("`mask_index` of `{}` for a batch of {}",
                            node.type(lengths).str(), batch.str());
  lengths = RUNE_TRY(c.cast(lengths, DType::I64));
  ValueId both = RUNE_TRY(c.reshape(lengths, {twice ? 2 : 1, -1, 1}));
  auto row = [&](int64_t index) {
    return c.one(Op::Gather,
                 {both, c.scalarOf(static_cast<double>(index), DType::I64)},
                 {{"axis", int64_t{0}}});
  };
  ValueId within = RUNE_TRY(c.one(Op::Less, {keys, RUNE_TRY(row(0))}));
  if (!twice)
    return within;
  ValueId after = RUNE_TRY(c.one(Op::LessEqual, {RUNE_TRY(row(1)), keys}));
  return c.one(Op::LogicalAnd, {within, after});
}

/// Bools that stretch to the scores [B, N, S, T]; noValue without a mask.
Result<ValueId> keptScores(Composer &c, const SelfAttention &self,
                           ValueId length, const Dim &batch) {
  if (self.mask == noValue)
    return noValue;
  OnnxNode &node = c.node();
  if (!isInteger(node.dtype(self.mask)))
    return node.fail("`mask_index` is `{}`, needs integers",
                     node.type(self.mask).str());
  int64_t rank = node.rank(self.mask);
  if (rank < 1 || rank > 3)
    return node.unsupported("`mask_index` of `{}`", node.type(self.mask).str());
  if (rank == 1) {
    ValueId keys = RUNE_TRY(countingTo(c, length));
    ValueId kept = RUNE_TRY(withinLengths(c, self.mask, keys, batch));
    return c.one(Op::Unsqueeze, {kept, c.integers({1, 2})});
  }
  ValueId kept = RUNE_TRY(c.one(Op::Less, {c.scalar(0, self.mask), self.mask}));
  return c.one(Op::Unsqueeze,
               {kept, rank == 2 ? c.integers({1, 2}) : c.integers({1})});
}

/// One half of the past, [B, N, P, H].
Result<ValueId> pastPart(Composer &c, ValueId past, int64_t index) {
  if (past == noValue)
    return noValue;
  return c.one(Op::Gather,
               {past, c.scalarOf(static_cast<double>(index), DType::I64)},
               {{"axis", int64_t{0}}});
}

/// From the projections [B, S, widths] on: what both operators give.
Imported attended(Composer &c, const SelfAttention &self, ValueId projections) {
  OnnxNode &node = c.node();
  DType dtype = node.dtype(projections);
  const Dim batch = node.type(projections).dims[0];
  auto parts = RUNE_TRY(node.graph().node(
      Op::Split, node.name() + "/projections",
      {projections, c.integers(self.widths)}, {{"axis", int64_t{2}}}, 3));
  for (ValueId &part : parts)
    part = RUNE_TRY(inHeads(c, part, self.heads));
  ValueId pastKey = RUNE_TRY(pastPart(c, self.past, 0));
  ValueId pastValue = RUNE_TRY(pastPart(c, self.past, 1));
  ValueId length = RUNE_TRY(sizeAlong(c, parts[1], 2));
  if (pastKey != noValue)
    length = RUNE_TRY(c.add(length, RUNE_TRY(sizeAlong(c, pastKey, 2))));
  ValueId added = self.bias;
  if (ValueId kept = RUNE_TRY(keptScores(c, self, length, batch));
      kept != noValue) {
    ValueId filter = RUNE_TRY(
        c.choose(kept, c.scalarOf(0, dtype), c.scalarOf(self.filter, dtype)));
    added = added == noValue ? filter : RUNE_TRY(c.add(added, filter));
  }
  bool present = node.wants(1);
  auto made = RUNE_TRY(node.graph().node(
      Op::Attention, node.name() + "/attention",
      {parts[0], parts[1], parts[2], added, pastKey, pastValue},
      {{"causal", int64_t{self.causal}}, {"scale", self.scale}},
      present ? 3 : 1));
  std::vector results{RUNE_TRY(outOfHeads(c, made[0]))};
  if (!present)
    return results;
  for (size_t i : {1, 2})
    made[i] = RUNE_TRY(c.one(Op::Unsqueeze, {made[i], c.integers({0})}));
  results.push_back(
      RUNE_TRY(c.one(Op::Concat, {made[1], made[2]}, {{"axis", int64_t{0}}})));
  return results;
}

Result<> checkInput(const OnnxNode &node, ValueId x, ValueId weights) {
  if (node.rank(x) != 3 || node.rank(weights) != 2)
    return node.fail("`input` is `{}` and `weights` `{}`, they need three and "
                     "two dimensions",
                     node.type(x).str(), node.type(weights).str());
  return {};
}

} // namespace

/// inputs  input [B, S, C]; weights [C, 3 · N · H]; bias?; mask_index? [B],
///         [2 · B], [B, T] or [B, S, T]; past? [2, B, N, P, H]; attention_bias?
/// result  [B, S, N · H]; present [2, B, N, P + S, H]
/// errors  unsupported: other masks, `do_rotary`, shared buffers
Imported importMicrosoftAttention(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId weights = RUNE_TRY(node.input(1, "weights"));
  ValueId bias = node.optionalInput(2);
  RUNE_TRY(checkInput(node, x, weights));
  SelfAttention self = RUNE_TRY(readAttributes(node));
  RUNE_TRY(readWidths(node, self, weights));
  self.mask = node.optionalInput(3);
  self.past = node.optionalInput(4);
  self.bias = node.optionalInput(5);
  if (node.optionalInput(6) != noValue)
    return node.unsupported("a past in a buffer that is longer");
  Composer c(node);
  ValueId y = RUNE_TRY(c.one(Op::MatMul, {x, weights}));
  if (bias != noValue)
    y = RUNE_TRY(c.add(y, bias));
  return attended(c, self, y);
}

/// inputs  input, weight: int8 or uint8; bias; input_scale, weight_scale (one
///         or one for each column); mask_index?; input_zero_point?,
///         weight_zero_point?; past?
/// result  as Attention, in the type of the scales
Imported importMicrosoftQAttention(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId weights = RUNE_TRY(node.input(1, "weight"));
  ValueId bias = RUNE_TRY(node.input(2, "bias"));
  ValueId xScale = RUNE_TRY(node.input(3, "input_scale"));
  ValueId wScale = RUNE_TRY(node.input(4, "weight_scale"));
  RUNE_TRY(checkInput(node, x, weights));
  SelfAttention self = RUNE_TRY(readAttributes(node));
  RUNE_TRY(readWidths(node, self, weights));
  self.mask = node.optionalInput(5);
  ValueId xZero = node.optionalInput(6), wZero = node.optionalInput(7);
  self.past = node.optionalInput(8);
  for (ValueId value : {x, weights})
    if (!isInteger(node.dtype(value)) || dtypeBits(node.dtype(value)) != 8)
      return node.fail("an operand is `{}`, needs int8 or uint8",
                       node.type(value).str());
  DType dtype = node.dtype(xScale);
  if (!isFloat(dtype))
    return node.fail("`input_scale` is `{}`, needs floats",
                     node.type(xScale).str());
  Composer c(node);
  ValueId sums = RUNE_TRY(integerProduct(c, x, weights, xZero, wZero, false));
  ValueId wide = RUNE_TRY(c.cast(sums, dtype));
  ValueId y = RUNE_TRY(c.mul(wide, RUNE_TRY(c.mul(xScale, wScale))));
  return attended(c, self, RUNE_TRY(c.add(y, bias)));
}

} // namespace rune::import
