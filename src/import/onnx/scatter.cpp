// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Scatter-9, 11; ScatterElements-11, 13, 16, 18;
//         ScatterND-11, 13, 16, 18; TensorScatter-24
#include "import/onnx/node.h"

namespace rune::import {
namespace {

/// Since 16 `reduction`; min and max since 18.
Result<std::string> reductionOf(OnnxNode &node) {
  if (node.opset() < 16 || node.op() == "Scatter")
    return std::string("none");
  std::string reduction = RUNE_TRY(node.text("reduction")).value_or("none");
  bool early = reduction == "none" || reduction == "add" || reduction == "mul";
  bool late = reduction == "min" || reduction == "max";
  if (!early && !(late && node.opset() >= 18))
    return node.fail("`reduction` is `{}`, which this version does not have",
                     reduction);
  return reduction;
}

Result<std::vector<ValueId>> operands(OnnxNode &node) {
  return std::vector{RUNE_TRY(node.input(0, "data")),
                     RUNE_TRY(node.input(1, "indices")),
                     RUNE_TRY(node.input(2, "updates"))};
}

} // namespace

/// inputs  data; indices of the same rank; updates, one for each
/// result  data, but at [indices[i, j, …], j, …] updates[i, j, …], the index
///         standing in place of that along `axis`; since 16 combined with what
///         was there
/// errors  axis outside [-r, r); in the run, an index outside
Imported importScatterElements(OnnxNode &node) {
  std::vector<ValueId> inputs = RUNE_TRY(operands(node));
  int64_t rank = node.rank(inputs[0]);
  int64_t axis = RUNE_TRY(node.integer("axis", 0));
  axis = RUNE_TRY(node.axis(axis, rank, rank, true));
  std::string reduction = RUNE_TRY(reductionOf(node));
  return std::vector{RUNE_TRY(
      node.one(Op::ScatterElements, std::move(inputs),
               {{"axis", axis}, {"reduction", std::move(reduction)}}))};
}

/// The old name of ScatterElements.
Imported importScatter(OnnxNode &node) { return importScatterElements(node); }

/// inputs  data; indices […, k]; updates
/// result  data, but the elements or slices that the vectors of indices name
///         are the updates, since 16 combined with what was there
Imported importScatterND(OnnxNode &node) {
  std::vector<ValueId> inputs = RUNE_TRY(operands(node));
  std::string reduction = RUNE_TRY(reductionOf(node));
  return std::vector{RUNE_TRY(node.one(Op::ScatterNd, std::move(inputs),
                                       {{"reduction", std::move(reduction)}}))};
}

/// inputs  past_cache; update; write_indices? [batch], by default 0
/// result  the cache with the update written along `axis` from there on; by
///         `mode` circular the end goes on at the beginning
/// errors  axis outside [-r, r), or the batch; another mode
Imported importTensorScatter(OnnxNode &node) {
  ValueId cache = RUNE_TRY(node.input(0, "past_cache"));
  ValueId update = RUNE_TRY(node.input(1, "update"));
  int64_t rank = node.rank(cache);
  int64_t axis = RUNE_TRY(node.integer("axis", -2));
  axis = RUNE_TRY(node.axis(axis, rank, rank, true));
  std::string mode = RUNE_TRY(node.text("mode")).value_or("linear");
  if (mode != "linear" && mode != "circular")
    return node.fail("mode `{}`, needs `linear` or `circular`", mode);
  return std::vector{RUNE_TRY(
      node.one(Op::TensorScatter, {cache, update, node.optionalInput(2)},
               {{"axis", axis}, {"circular", int64_t{mode == "circular"}}}))};
}

} // namespace rune::import
