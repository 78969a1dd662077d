// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  TensorFlow Lite, GATHER, GATHER_ND, TRANSPOSE, TILE, BROADCAST_TO,
//         CAST
#include "import/tflite/node.h"
#include "import/tflite/sizes.h"

#include <algorithm>

namespace rune::import {
namespace {

Result<ValueId> indicesOf(const TfliteNode &node, size_t input) {
  ValueId indices = RUNE_TRY(node.input(input, "indices"));
  if (node.dtype(indices) != DType::I32 && node.dtype(indices) != DType::I64)
    return node.unsupported("indices of {}", dtypeName(node.dtype(indices)));
  return indices;
}

} // namespace

/// inputs  input, indices
Imported importTfliteGather(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  const auto *options = RUNE_TRY(node.options<tflite::GatherOptions>());
  ValueId x = RUNE_TRY(node.input(0, "input"));
  if (options->batch_dimensions() != 0)
    return node.unsupported("{} shared leading dimensions",
                            options->batch_dimensions());
  int64_t axis = RUNE_TRY(node.axis(options->axis(), node.rank(x)));
  return std::vector{RUNE_TRY(node.one(
      Op::Gather, {x, RUNE_TRY(indicesOf(node, 1))}, {{"axis", axis}}))};
}

Imported importTfliteGatherNd(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  return std::vector{
      RUNE_TRY(node.one(Op::GatherNd, {RUNE_TRY(node.input(0, "input")),
                                       RUNE_TRY(indicesOf(node, 1))}))};
}

/// inputs  input, permutation i32[rank]
Imported importTfliteTranspose(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  Integers permutation = RUNE_TRY(node.constantIntegers(
      RUNE_TRY(node.input(1, "permutation")), "permutation"));
  std::vector<bool> seen(static_cast<size_t>(node.rank(x)));
  for (int64_t &axis : permutation) {
    axis = RUNE_TRY(node.axis(axis, node.rank(x)));
    seen[static_cast<size_t>(axis)] = true;
  }
  if (permutation.size() != seen.size() || std::ranges::count(seen, false) > 0)
    return node.fail("[{}] is no order of {} dimensions",
                     fmt::join(permutation, ", "), node.rank(x));
  return std::vector{
      RUNE_TRY(node.one(Op::Transpose, {x}, {{"permutation", permutation}}))};
}

/// inputs  input, multiples i32[rank]
Imported importTfliteTile(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  Integers repeats = RUNE_TRY(
      node.constantIntegers(RUNE_TRY(node.input(1, "multiples")), "multiples"));
  return std::vector{RUNE_TRY(
      node.one(Op::Tile, {RUNE_TRY(node.input(0, "input")),
                          RUNE_TRY(node.integers("repeats", repeats))}))};
}

/// inputs  input, shape i32[rank]
Imported importTfliteBroadcastTo(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  Integers shape = RUNE_TRY(
      node.constantIntegers(RUNE_TRY(node.input(1, "shape")), "shape"));
  return std::vector{RUNE_TRY(
      node.one(Op::Expand, {RUNE_TRY(node.input(0, "input")),
                            RUNE_TRY(node.integers("sizes", shape))}))};
}

/// result  the same numbers as the type that the output states
Imported importTfliteCast(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  DType to = RUNE_TRY(node.statedOutput()).dtype;
  if (to == DType::Utf8 || node.dtype(x) == DType::Utf8)
    return node.unsupported("text");
  return std::vector{RUNE_TRY(
      node.one(Op::Cast, {x}, {{"dtype", std::string(dtypeName(to))}}))};
}

} // namespace rune::import
