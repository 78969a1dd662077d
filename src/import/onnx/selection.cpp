// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators whose result is as large as the data says.
//
// source  ONNX operators, Unique-11; NonZero-9, 13; Compress-9, 11
#include "import/onnx/node.h"

namespace rune::import {

static Result<ValueId> flat(OnnxNode &node, ValueId x, std::string_view part) {
  ValueId shape = node.constantIntegers(fmt::format("{}/shape", part), {-1});
  return node.one(Op::Reshape, {x, shape}, {}, part);
}

/// inputs  X
/// result  the slices along `axis` that differ (without one, of the elements
///         in a row), sorted or by first occurrence; the index of each one's
///         first occurrence; for each slice of X which it is; how often each
///         occurs
/// errors  axis outside [-r, r)
Imported importUnique(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  bool sorted = RUNE_TRY(node.flag("sorted", true));
  auto given = RUNE_TRY(node.integer("axis"));
  int64_t rank = node.rank(x), axis = 0;
  if (given)
    axis = RUNE_TRY(node.axis(*given, rank, rank, true));
  else
    x = RUNE_TRY(flat(node, x, "flat"));
  return node.many(Op::Unique, {x},
                   {{"axis", axis}, {"sorted", int64_t{sorted}}},
                   node.outputs());
}

/// inputs  X
/// result  the indices of what is not zero, one column for each
Imported importNonZero(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  return std::vector{RUNE_TRY(node.one(Op::NonZero, {x}))};
}

/// inputs  input; condition, bool [n]
/// result  the slices along `axis` (without one, of the elements in a row)
///         whose condition is true
/// errors  axis outside [-r, r), before 11 [0, r); in the run, a condition that
///         is true beyond the dimension
Imported importCompress(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId condition = RUNE_TRY(node.input(1, "condition"));
  if (node.dtype(condition) != DType::Bool || node.rank(condition) != 1)
    return node.fail("`condition` is `{}`, needs bool of one dimension",
                     node.type(condition).str());
  auto given = RUNE_TRY(node.integer("axis"));
  int64_t rank = node.rank(x), axis = 0;
  if (given)
    axis = RUNE_TRY(node.axis(*given, rank, rank, node.opset() >= 11));
  else
    x = RUNE_TRY(flat(node, x, "flat"));
  ValueId places = RUNE_TRY(node.one(Op::NonZero, {condition}, {}, "true"));
  places = RUNE_TRY(flat(node, places, "places"));
  return std::vector{
      RUNE_TRY(node.one(Op::Gather, {x, places}, {{"axis", axis}}))};
}

} // namespace rune::import
