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

/// With `batches` leading dimensions that x and the indices share: the axis
/// goes first of the others, takes vectors of one index, and what it gave goes
/// back to where it was.
Result<ValueId> gatheredInBatches(const TfliteNode &node, ValueId x,
                                  ValueId indices, int64_t axis,
                                  int64_t batches) {
  if (batches < 0)
    batches += node.rank(indices);
  if (batches < 0 || batches > node.rank(indices) || batches > axis)
    return node.fail("{} shared dimensions of `{}` and `{}`, before axis {}",
                     batches, node.type(x).str(), node.type(indices).str(),
                     axis);
  Integers front;
  for (int64_t i = 0; i < node.rank(x); ++i)
    if (i != axis)
      front.push_back(i);
  front.insert(front.begin() + batches, axis);
  x = RUNE_TRY(node.transposed(x, front, "front"));
  Dims vectors = node.dims(indices);
  vectors.push_back(Dim(1));
  indices = RUNE_TRY(withSizes(node, indices, vectors, "vectors"));
  ValueId y = RUNE_TRY(node.one(Op::GatherNd, {x, indices},
                                {{"batch_dims", batches}}, "gathered"));
  // [batches, indices, before the axis, behind it] to the order of the layer
  int64_t fresh = node.rank(indices) - 1 - batches, before = axis - batches;
  Integers back;
  for (int64_t i = 0; i < node.rank(y); ++i)
    back.push_back(i);
  std::rotate(back.begin() + batches, back.begin() + batches + fresh,
              back.begin() + batches + fresh + before);
  return node.transposed(y, back, {});
}

} // namespace

/// inputs  input, indices; the leading dimensions may be shared
Imported importTfliteGather(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  const auto *options = RUNE_TRY(node.options<tflite::GatherOptions>());
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId indices = RUNE_TRY(indicesOf(node, 1));
  int64_t axis = RUNE_TRY(node.axis(options->axis(), node.rank(x)));
  if (options->batch_dimensions() != 0)
    return std::vector{RUNE_TRY(gatheredInBatches(
        node, x, indices, axis, options->batch_dimensions()))};
  return std::vector{
      RUNE_TRY(node.one(Op::Gather, {x, indices}, {{"axis", axis}}))};
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
