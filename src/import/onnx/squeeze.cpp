// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Squeeze-1, 11, 13, 21, 23, 24, 25; Unsqueeze-1, 11,
//         13, 21, 23, 24, 25
#include "import/onnx/shape_values.h"

namespace rune::import {
namespace {

/// Since 11 axes may be negative.
Result<> checkSigns(OnnxNode &node, ValueId axes) {
  auto known = node.knownIntegers(axes);
  if (node.opset() >= 11 || !known)
    return {};
  for (int64_t axis : *known)
    if (axis < 0)
      return node.fail("axis {} is negative, which this version does not allow",
                       axis);
  return {};
}

} // namespace

/// inputs  data; axes?, since 13 an input, before an attribute
/// result  data without these dimensions, each of which is 1; by default
///         without all that are 1
/// errors  axes outside [-r, r), since 11, or [0, r); a dimension that is not 1
Imported importSqueeze(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "data"));
  ValueId axes = RUNE_TRY(listOf(node, "axes", 1, 13));
  if (axes == noValue)
    return std::vector{RUNE_TRY(node.one(Op::Squeeze, {x}))};
  RUNE_TRY(checkSigns(node, axes));
  return std::vector{RUNE_TRY(node.one(Op::Squeeze, {x, axes}))};
}

/// inputs  data; axes, since 13 an input, before an attribute
/// result  data with dimensions of 1 at these places of the result
/// errors  no axes; axes outside [-r, r), since 11, or [0, r), r the rank of
///         the result
Imported importUnsqueeze(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "data"));
  ValueId axes = RUNE_TRY(listOf(node, "axes", 1, 13));
  if (axes == noValue)
    return node.fail("`axes` is missing");
  RUNE_TRY(checkSigns(node, axes));
  return std::vector{RUNE_TRY(node.one(Op::Unsqueeze, {x, axes}))};
}

} // namespace rune::import
