// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, RotaryEmbedding-23
#include "import/onnx/shapes.h"

namespace rune::import {
namespace {

/// One row of the cache for each position: [B, T, half].
Result<ValueId> rowsOf(OnnxNode &node, ValueId cache, ValueId positions,
                       int64_t half, std::string_view name) {
  int64_t rank = positions == noValue ? 3 : 2;
  if (node.rank(cache) != rank)
    return node.fail("`{}` is `{}`, needs {} dimensions {} `position_ids`",
                     name, node.type(cache).str(), rank,
                     positions == noValue ? "without" : "with");
  if (positions != noValue)
    cache = RUNE_TRY(
        node.one(Op::Gather, {cache, positions}, {{"axis", int64_t{0}}}, name));
  const Dim size = node.type(cache).dims.back();
  if (half == 0 || size == Dim(half))
    return cache;
  return sliced(node, cache, 2, 0, half, fmt::format("{}_used", name));
}

} // namespace

/// inputs  X [B, H, T, D] or [B, T, H · D]; cos_cache, sin_cache [P, R/2] with
///         position_ids [B, T], [B, T, R/2] without
/// result  as X
/// errors  three dimensions without `num_heads` · odd or too large
///         `rotary_embedding_dim`
Imported importRotaryEmbedding(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  ValueId cos = RUNE_TRY(node.input(1, "cos_cache"));
  ValueId sin = RUNE_TRY(node.input(2, "sin_cache"));
  ValueId positions = node.optionalInput(3);
  bool interleaved = RUNE_TRY(node.flag("interleaved", false));
  int64_t heads = RUNE_TRY(node.integer("num_heads", 0));
  int64_t size = RUNE_TRY(node.integer("rotary_embedding_dim", 0));
  if (size < 0 || size % 2 != 0)
    return node.fail("`rotary_embedding_dim` is {}, needs an even number",
                     size);
  bool flat = node.rank(x) == 3;
  if (!flat && node.rank(x) != 4)
    return node.fail("`X` is `{}`, needs 3 or 4 dimensions",
                     node.type(x).str());
  if (flat)
    x = RUNE_TRY(splitHeads(node, x, heads, "X_heads"));
  const Dim each = node.type(x).dims[3];
  int64_t half = (size > 0 ? size : each.isFixed() ? each.size() : 0) / 2;
  cos = RUNE_TRY(rowsOf(node, cos, positions, half, "cos_cache"));
  sin = RUNE_TRY(rowsOf(node, sin, positions, half, "sin_cache"));
  DType dtype = node.dtype(x);
  cos = RUNE_TRY(casted(node, cos, dtype, "cos"));
  sin = RUNE_TRY(casted(node, sin, dtype, "sin"));
  ValueId y =
      RUNE_TRY(node.one(Op::RotaryEmbedding, {x, cos, sin},
                        {{"interleaved", int64_t{interleaved}},
                         {"layout", std::string(flat ? "BTHD" : "BHTD")},
                         {"rotary_size", size}},
                        flat ? "Y_heads" : ""));
  if (flat)
    y = RUNE_TRY(mergeHeads(node, y, ""));
  return std::vector{y};
}

} // namespace rune::import
