// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Pad-1, 2, 11, 13, 18, 19, 21, 23, 24, 25
#include "import/onnx/node.h"
#include "import/onnx/scalar.h"

namespace rune::import {
namespace {

/// What is laid around the input: all begins, then all ends.
struct Frame {
  ValueId pads = noValue;
  ValueId value = noValue;
  ValueId axes = noValue;
};

/// Versions 1 and 2: attributes.
Result<Frame> frameOfAttributes(OnnxNode &node, ValueId x) {
  std::string_view name = node.opset() < 2 ? "paddings" : "pads";
  auto pads = RUNE_TRY(node.integers(name));
  if (!pads)
    return node.fail("attribute `{}` is missing", name);
  float value = RUNE_TRY(node.number("value", 0));
  DType dtype = node.dtype(x);
  if (dtype == DType::Utf8 || !isNumberOf(dtype, value))
    return node.fail("`value` is {}, the elements are `{}`", value,
                     dtypeName(dtype));
  return Frame{node.constantIntegers("pads", *pads),
               node.constantScalar("value", dtype, value), noValue};
}

/// Since 18. The axes may be i32, may count from the end.
Result<ValueId> axesOf(OnnxNode &node, ValueId axes, int64_t rank) {
  if (axes == noValue)
    return axes;
  auto known = node.knownIntegers(axes);
  if (!known && node.dtype(axes) == DType::I64)
    return axes;
  if (!known)
    return node.unsupported("`axes` is `{}` and not known before the run",
                            node.type(axes).str());
  if (node.rank(axes) != 1)
    return node.fail("`axes` is `{}`, needs one dimension",
                     node.type(axes).str());
  for (int64_t &axis : *known)
    axis = RUNE_TRY(node.axis(axis, rank, rank, true));
  return node.constantIntegers("axes", *known);
}

Result<Frame> frameOfInputs(OnnxNode &node, ValueId x) {
  Frame frame;
  frame.pads = RUNE_TRY(node.input(1, "pads"));
  frame.value =
      RUNE_TRY(node.asScalar(node.optionalInput(2), "constant_value"));
  if (node.opset() >= 18)
    frame.axes = RUNE_TRY(axesOf(node, node.optionalInput(3), node.rank(x)));
  return frame;
}

Result<std::string> modeOf(OnnxNode &node) {
  std::string mode = RUNE_TRY(node.text("mode")).value_or("constant");
  bool known = mode == "constant" || mode == "reflect" || mode == "edge" ||
               (mode == "wrap" && node.opset() >= 19);
  if (!known)
    return node.fail("mode `{}`, needs `constant`, `reflect`, `edge`{}", mode,
                     node.opset() >= 19 ? " or `wrap`" : "");
  return mode;
}

} // namespace

/// inputs  data; since 11 pads i64[2n], constant_value? (a scalar); since 18
///         axes? [n]. Before 11 attributes: pads (in version 1 paddings), value
/// result  data with begin and end elements more along each axis, fewer where
///         negative; mode says which: constant, reflect, edge, since 19 wrap
/// errors  another mode · axes outside [-r, r) · unsupported: i32 axes that are
///         not known before the run
Imported importPad(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "data"));
  Frame frame = RUNE_TRY(node.opset() < 11 ? frameOfAttributes(node, x)
                                           : frameOfInputs(node, x));
  std::string mode = RUNE_TRY(modeOf(node));
  return std::vector{
      RUNE_TRY(node.one(Op::Pad, {x, frame.pads, frame.value, frame.axes},
                        {{"mode", std::move(mode)}}))};
}

} // namespace rune::import
