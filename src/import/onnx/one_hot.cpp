// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, OneHot-9, 11
#include "import/onnx/shape_values.h"

namespace rune::import {
namespace {

/// Any number as i64, floats without their fraction.
Result<ValueId> whole(OnnxNode &node, ValueId value, std::string_view part) {
  if (node.dtype(value) == DType::I64)
    return value;
  return node.one(Op::Cast, {value}, {{"dtype", std::string("i64")}}, part);
}

Result<ValueId> element(OnnxNode &node, ValueId values, int64_t index,
                        std::string_view part) {
  ValueId place = node.constantScalar(fmt::format("{}/index", part), DType::I64,
                                      static_cast<double>(index));
  return node.one(Op::Gather, {values, place}, {{"axis", int64_t{0}}}, part);
}

/// Negative indices count from the end.
Result<ValueId> fromFront(OnnxNode &node, ValueId indices, ValueId depth) {
  ValueId zero = node.constantScalar("zero", DType::I64, 0);
  ValueId negative =
      RUNE_TRY(node.one(Op::Less, {indices, zero}, {}, "negative"));
  ValueId moved = RUNE_TRY(node.one(Op::Add, {indices, depth}, {}, "moved"));
  return node.one(Op::Where, {negative, moved, indices}, {}, "places");
}

} // namespace

/// inputs  indices, numbers; depth, one number; values [off, on]
/// result  the dimensions of indices with one of depth at `axis` more: on where
///         the index along it is that of indices, else off, also for indices
///         outside
/// errors  axis outside [-r - 1, r]; values that are not two
Imported importOneHot(OnnxNode &node) {
  ValueId indices = RUNE_TRY(node.input(0, "indices"));
  ValueId depth = RUNE_TRY(node.input(1, "depth"));
  ValueId values = RUNE_TRY(node.input(2, "values"));
  indices = RUNE_TRY(whole(node, indices, "indices"));
  depth =
      RUNE_TRY(whole(node, RUNE_TRY(node.asScalar(depth, "depth")), "depth"));
  const Dims &two = node.type(values).dims;
  if (two.size() != 1 || (two[0].isFixed() && two[0].size() != 2))
    return node.fail("`values` is `{}`, needs two elements",
                     node.type(values).str());
  int64_t rank = node.rank(indices);
  int64_t axis = RUNE_TRY(node.integer("axis", -1));
  axis = RUNE_TRY(node.axis(axis, rank + 1, rank + 1, true));
  if (node.opset() >= 11)
    indices = RUNE_TRY(fromFront(node, indices, depth));

  ValueId at = RUNE_TRY(
      node.one(Op::Unsqueeze, {indices, node.constantIntegers("axis", {axis})},
               {}, "at"));
  ValueId classes =
      RUNE_TRY(node.one(Op::Range,
                        {node.constantScalar("first", DType::I64, 0), depth,
                         node.constantScalar("step", DType::I64, 1)},
                        {}, "classes"));
  Integers behind;
  for (int64_t i = axis; i < rank; ++i)
    behind.push_back(i - axis + 1);
  classes = RUNE_TRY(node.one(
      Op::Unsqueeze, {classes, node.constantIntegers("behind", behind)}, {},
      "classes/dims"));
  ValueId hot = RUNE_TRY(node.one(Op::Equal, {at, classes}, {}, "hot"));
  ValueId off = RUNE_TRY(element(node, values, 0, "off"));
  ValueId on = RUNE_TRY(element(node, values, 1, "on"));
  return std::vector{RUNE_TRY(node.one(Op::Where, {hot, on, off}))};
}

} // namespace rune::import
