// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Clip-1, 6, 11, 12, 13
#include "import/onnx/node.h"
#include "import/onnx/scalar.h"

namespace rune::import {
namespace {

/// Before 11 the bounds are attributes. Version 6 says what stands for one that
/// is missing: the least and the largest number of the type, so that infinities
/// are clipped too.
Result<ValueId> boundOf(OnnxNode &node, std::string_view name, DType dtype,
                        double sign) {
  auto bound = RUNE_TRY(node.number(name));
  if (!isFloat(dtype))
    return node.fail("`input` is `{}`, needs floats", dtypeName(dtype));
  if (bound)
    return node.constantScalar(name, dtype, *bound);
  if (node.opset() < 6)
    return noValue;
  return node.constantScalar(name, dtype, sign * largestOf(dtype));
}

} // namespace

/// inputs  input; since 11 min?, max?, scalars of its type
/// result  min(max(input, min), max)
/// errors  before 11: an element type that is no float
Imported importClip(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId low = noValue, high = noValue;
  if (node.opset() < 11) {
    if (node.opset() < 6)
      node.ignore("consumed_inputs");
    low = RUNE_TRY(boundOf(node, "min", node.dtype(x), -1));
    high = RUNE_TRY(boundOf(node, "max", node.dtype(x), 1));
  } else {
    low = RUNE_TRY(node.asScalar(node.optionalInput(1), "min"));
    high = RUNE_TRY(node.asScalar(node.optionalInput(2), "max"));
  }
  return std::vector{RUNE_TRY(node.one(Op::Clamp, {x, low, high}))};
}

} // namespace rune::import
