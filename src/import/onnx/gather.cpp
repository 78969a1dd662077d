// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Gather-1, 11, 13; GatherElements-11, 13;
//         GatherND-11, 12, 13
#include "import/onnx/node.h"

namespace rune::import {
namespace {

/// `axis`, by default 0; negative since 11.
Result<int64_t> axisOf(OnnxNode &node, ValueId x) {
  int64_t rank = node.rank(x);
  int64_t axis = RUNE_TRY(node.integer("axis", 0));
  return node.axis(axis, rank, rank, node.opset() >= 11);
}

} // namespace

/// inputs  data; indices, i32 or i64
/// result  the slices of data along `axis` that the indices name
/// errors  axis outside [-r, r), before 11 [0, r); in the run, an index outside
Imported importGather(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "data"));
  ValueId indices = RUNE_TRY(node.input(1, "indices"));
  int64_t axis = RUNE_TRY(axisOf(node, x));
  return std::vector{
      RUNE_TRY(node.one(Op::Gather, {x, indices}, {{"axis", axis}}))};
}

/// inputs  data; indices of the same rank
/// result  result[i, j, …] = data[indices[i, j, …], j, …], the index standing
///         in place of that along `axis`
/// errors  as Gather
Imported importGatherElements(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "data"));
  ValueId indices = RUNE_TRY(node.input(1, "indices"));
  int64_t axis = RUNE_TRY(axisOf(node, x));
  return std::vector{
      RUNE_TRY(node.one(Op::GatherElements, {x, indices}, {{"axis", axis}}))};
}

/// inputs  data; indices […, k]
/// result  the elements or slices that the vectors of indices name; since 12
///         after `batch_dims` dimensions that both share
Imported importGatherND(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "data"));
  ValueId indices = RUNE_TRY(node.input(1, "indices"));
  int64_t batch =
      node.opset() >= 12 ? RUNE_TRY(node.integer("batch_dims", 0)) : 0;
  return std::vector{
      RUNE_TRY(node.one(Op::GatherNd, {x, indices}, {{"batch_dims", batch}}))};
}

} // namespace rune::import
