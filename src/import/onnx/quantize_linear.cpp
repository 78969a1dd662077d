// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, QuantizeLinear-10, 13, 19, 21, 23, 24, 25,
//         DequantizeLinear-10, 13, 19, 21, 23, 24, 25, DynamicQuantizeLinear-11
#include "import/onnx/quantize_linear.h"

#include "import/onnx/cast.h"
#include "import/onnx/compose.h"
#include "import/onnx/tensor_proto.h"

#include <algorithm>

namespace rune::import {
namespace {

/// An attribute that is the number of an element type; nothing for 0.
Result<std::optional<DType>> readType(OnnxNode &node, std::string_view name) {
  int64_t number = RUNE_TRY(node.integer(name, 0));
  if (number == 0)
    return std::optional<DType>();
  if (number < 0 || number > 1000)
    return node.fail("`{}` is {}, which is no element type", name, number);
  auto dtype = elementType(static_cast<int32_t>(number));
  if (!dtype)
    return error(dtype.error().code, "{}: `{}`: {}", node.layer(), name,
                 dtype.error().message);
  return std::optional(*dtype);
}

bool isSmallType(DType dtype) {
  return isStorage(dtype) ? dtype != DType::F8E8M0FNU
                          : isInteger(dtype) && dtypeBits(dtype) <= 16;
}

/// Where scale and zero point stand.
struct Places {
  int64_t axis = 0;
  int64_t block = 0;
};

Result<Places> readPlaces(OnnxNode &node, ValueId x, ValueId scale,
                          QuantizedForm form) {
  Places places;
  if (form.hasBlocks)
    places.block = RUNE_TRY(node.integer("block_size", 0));
  if (places.block < 0)
    return node.fail("`block_size` is {}, needs 0 or more", places.block);
  int64_t axis = 1;
  if (form.hasAxis)
    axis = RUNE_TRY(node.integer("axis", 1));
  bool forAll = places.block == 0 && isOne(node, scale);
  if (!form.hasAxis && !forAll)
    return node.fail("scale is `{}`, this version needs a scalar",
                     node.type(scale).str());
  // The axis has no meaning for one scale, and need not exist.
  if (!forAll)
    places.axis = RUNE_TRY(node.axis(axis, node.rank(x), node.rank(x), true));
  return places;
}

/// What Quantize and Dequantize take: single elements as scalars.
Result<ValueId> parameter(OnnxNode &node, ValueId value, const Places &places,
                          std::string_view name) {
  if (value == noValue || places.block > 0 || !isOne(node, value))
    return value;
  return node.asScalar(value, name);
}

} // namespace

bool isOne(const OnnxNode &node, ValueId value) {
  return std::ranges::all_of(node.type(value).dims,
                             [](const Dim &dim) { return dim == Dim(1); });
}

Imported quantizeLinear(OnnxNode &node, QuantizedForm form) {
  ValueId x = RUNE_TRY(node.input(0, "x"));
  ValueId scale = RUNE_TRY(node.input(1, "y_scale"));
  ValueId zero = node.optionalInput(2);
  Places places = RUNE_TRY(readPlaces(node, x, scale, form));
  bool saturate = form.saturates ? RUNE_TRY(node.flag("saturate", true)) : true;
  std::optional<DType> stated, precision;
  if (form.hasResultType)
    stated = RUNE_TRY(readType(node, "output_dtype"));
  if (form.hasPrecision)
    precision = RUNE_TRY(readType(node, "precision"));
  DType dtype = zero != noValue ? node.dtype(zero) : stated.value_or(DType::U8);
  if (stated && *stated != dtype)
    return node.fail("`output_dtype` is `{}`, `y_zero_point` is `{}`",
                     dtypeName(*stated), dtypeName(dtype));
  if (!isSmallType(dtype))
    return node.fail("the result would be `{}`, which nothing is quantised to",
                     dtypeName(dtype));
  if (!isFloat(node.dtype(x)) && node.dtype(x) != DType::I32)
    return node.fail("`x` is `{}`, needs floats or int32", node.type(x).str());
  // The quotient is computed in `precision`, else in the type of the scale.
  DType wide = precision                    ? *precision
               : isFloat(node.dtype(scale)) ? node.dtype(scale)
               : isFloat(node.dtype(x))     ? node.dtype(x)
                                            : DType::F32;
  if (!isFloat(wide) || node.dtype(scale) == DType::Utf8)
    return node.fail("`y_scale` is `{}`, the quotient would be `{}`; needs "
                     "floats",
                     node.type(scale).str(), dtypeName(wide));
  x = RUNE_TRY(castValue(node, x, wide, "wide"));
  scale = RUNE_TRY(castValue(node, scale, wide, "scale"));
  scale = RUNE_TRY(parameter(node, scale, places, "y_scale"));
  zero = RUNE_TRY(parameter(node, zero, places, "y_zero_point"));
  return std::vector{
      RUNE_TRY(node.one(Op::Quantize, {x, scale, zero},
                        {{"axis", places.axis},
                         {"block", places.block},
                         {"dtype", std::string(dtypeName(dtype))},
                         {"saturate", int64_t{saturate}}}))};
}

Imported dequantizeLinear(OnnxNode &node, QuantizedForm form) {
  ValueId x = RUNE_TRY(node.input(0, "x"));
  ValueId scale = RUNE_TRY(node.input(1, "x_scale"));
  ValueId zero = node.optionalInput(2);
  Places places = RUNE_TRY(readPlaces(node, x, scale, form));
  std::optional<DType> stated;
  if (form.hasResultType)
    stated = RUNE_TRY(readType(node, "output_dtype"));
  DType given = node.dtype(scale);
  if (!isFloat(given) && given != DType::F8E8M0FNU)
    return node.fail("`x_scale` is `{}`, needs floats", node.type(scale).str());
  DType dtype = stated.value_or(isFloat(given) ? given : DType::F32);
  if (!isFloat(dtype))
    return node.fail("`output_dtype` is `{}`, needs floats", dtypeName(dtype));
  if (!isFloat(given))
    scale = RUNE_TRY(castValue(node, scale, DType::F32, "scale"));
  scale = RUNE_TRY(parameter(node, scale, places, "x_scale"));
  zero = RUNE_TRY(parameter(node, zero, places, "x_zero_point"));
  bool direct = node.dtype(scale) == dtype;
  ValueId y = RUNE_TRY(node.one(
      Op::Dequantize, {x, scale, zero},
      {{"axis", places.axis}, {"block", places.block}}, direct ? "" : "wide"));
  if (!direct)
    y = RUNE_TRY(castValue(node, y, dtype, ""));
  return std::vector{y};
}

static QuantizedForm formOf(int64_t opset) {
  return {.hasAxis = opset >= 13,
          .saturates = opset >= 19,
          .hasBlocks = opset >= 21,
          .hasResultType = opset >= 21,
          .hasPrecision = opset >= 23};
}

/// inputs  x floats or int32; y_scale, y_zero_point?: one, or one for each
///         index along `axis` (since 13), or one for each block of
///         `block_size` (since 21)
/// result  saturate(round(x / y_scale) + y_zero_point) as the type of the zero
///         point, of `output_dtype` (since 21), or uint8; ties to even
/// errors  scales that do not fit · element types that nothing is quantised to
Imported importQuantizeLinear(OnnxNode &node) {
  return quantizeLinear(node, formOf(node.opset()));
}

/// inputs  as QuantizeLinear
/// result  (x - x_zero_point) · x_scale as the type of the scale or, since 23,
///         `output_dtype`
/// errors  as QuantizeLinear
Imported importDequantizeLinear(OnnxNode &node) {
  QuantizedForm form = formOf(node.opset());
  form.hasResultType = node.opset() >= 23;
  return dequantizeLinear(node, form);
}

Result<DynamicallyQuantized> dynamicallyQuantized(OnnxNode &node, ValueId x) {
  if (node.dtype(x) != DType::F32)
    return node.fail("`x` is `{}`, needs float32", node.type(x).str());
  Composer c(node);
  Integers axes;
  for (int64_t axis = 0; axis < node.rank(x); ++axis)
    axes.push_back(axis);
  ValueId zero = c.scalar(0, x);
  // 0 is always in the range.
  ValueId low = RUNE_TRY(c.one(
      Op::Minimum, {RUNE_TRY(c.reduce(Op::ReduceMin, x, axes, false)), zero}));
  ValueId high = RUNE_TRY(c.one(
      Op::Maximum, {RUNE_TRY(c.reduce(Op::ReduceMax, x, axes, false)), zero}));
  ValueId range = RUNE_TRY(c.sub(high, low));
  ValueId scale = RUNE_TRY(c.div(range, c.scalar(255, x)));
  // Of nothing but zeros any scale is right, 0 is not.
  ValueId isNothing = RUNE_TRY(c.one(Op::Equal, {scale, zero}));
  scale = RUNE_TRY(c.one(Op::Where, {isNothing, c.scalar(1, x), scale}));
  ValueId place = RUNE_TRY(c.one(Op::Neg, {RUNE_TRY(c.div(low, scale))}));
  place = RUNE_TRY(c.one(Op::Clamp, {place, zero, c.scalar(255, x)}));
  place = RUNE_TRY(c.one(Op::Round, {place}));
  ValueId point = RUNE_TRY(c.cast(place, DType::U8));
  ValueId y =
      RUNE_TRY(node.one(Op::Quantize, {x, scale, point}, {{"dtype", "u8"}}));
  return DynamicallyQuantized{y, scale, point};
}

/// inputs  x float32
/// result  y uint8, y_scale, y_zero_point, so that y holds the range of x and 0
Imported importDynamicQuantizeLinear(OnnxNode &node) {
  auto [y, scale, zero] =
      RUNE_TRY(dynamicallyQuantized(node, RUNE_TRY(node.input(0, "x"))));
  return std::vector{y, scale, zero};
}

} // namespace rune::import
