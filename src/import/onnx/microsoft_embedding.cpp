// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX Runtime, contrib operators of com.microsoft, version 1:
//         EmbedLayerNormalization
#include "import/onnx/microsoft_heads.h"

namespace rune::import {
namespace {

/// How many of each row of the mask are 1; zeros without a mask.
Result<ValueId> maskIndex(Composer &c, ValueId mask, ValueId ids) {
  ValueId ones = mask;
  if (mask == noValue) {
    ValueId sizes = RUNE_TRY(c.one(Op::Shape, {ids}));
    ones = RUNE_TRY(c.one(Op::Expand, {c.scalarOf(0, DType::I32), sizes}));
  } else {
    ValueId same = RUNE_TRY(c.one(Op::Equal, {mask, c.scalar(1, mask)}));
    ones = RUNE_TRY(c.cast(same, DType::I32));
  }
  return c.reduce(Op::ReduceSum, ones, {1}, false);
}

Result<> checkIds(const OnnxNode &node, ValueId ids, std::string_view name) {
  if (ids != noValue && (node.rank(ids) != 2 || !isInteger(node.dtype(ids))))
    return node.fail("`{}` is `{}`, needs integers of two dimensions", name,
                     node.type(ids).str());
  return {};
}

} // namespace

/// inputs  input_ids [B, S]; segment_ids? [B, S]; word_embedding [V, C];
///         position_embedding [P, C]; segment_embedding? [T, C]; gamma, beta
///         [C]; mask? [B, S]; position_ids? [B or 1, S]
/// result  the sum of the embeddings, normalised; mask_index i32[B];
///         embedding_sum
Imported importMicrosoftEmbedLayerNormalization(OnnxNode &node) {
  Composer c(node);
  ValueId ids = RUNE_TRY(node.input(0, "input_ids"));
  ValueId segments = node.optionalInput(1);
  ValueId words = RUNE_TRY(node.input(2, "word_embedding"));
  ValueId positions = RUNE_TRY(node.input(3, "position_embedding"));
  ValueId kinds = node.optionalInput(4);
  ValueId gamma = RUNE_TRY(node.input(5, "gamma"));
  ValueId beta = RUNE_TRY(node.input(6, "beta"));
  ValueId mask = node.optionalInput(7), places = node.optionalInput(8);
  double epsilon = RUNE_TRY(node.number("epsilon", 1e-12f));
  node.ignore("mask_index_type"); // there is one that is not 0
  RUNE_TRY(checkIds(node, ids, "input_ids"));
  RUNE_TRY(checkIds(node, segments, "segment_ids"));
  RUNE_TRY(checkIds(node, mask, "mask"));
  RUNE_TRY(checkIds(node, places, "position_ids"));
  if (!isFloat(node.dtype(words)))
    return node.fail("`word_embedding` is `{}`, needs floats",
                     node.type(words).str());
  if ((segments == noValue) != (kinds == noValue))
    return node.fail("segments and their embedding come together");
  if (places == noValue)
    places = RUNE_TRY(countingTo(c, RUNE_TRY(sizeAlong(c, ids, 1))));
  ValueId sum = RUNE_TRY(c.add(RUNE_TRY(rowsAt(c, words, ids)),
                               RUNE_TRY(rowsAt(c, positions, places))));
  if (segments != noValue)
    sum = RUNE_TRY(c.add(sum, RUNE_TRY(rowsAt(c, kinds, segments))));
  ValueId y = RUNE_TRY(node.one(Op::LayerNormalization, {sum, gamma, beta},
                                {{"axis", int64_t{2}},
                                 {"centered", int64_t{1}},
                                 {"epsilon", epsilon},
                                 {"statistics", "f32"}}));
  ValueId index = node.wants(1) ? RUNE_TRY(maskIndex(c, mask, ids)) : noValue;
  return std::vector{y, index, sum};
}

} // namespace rune::import
