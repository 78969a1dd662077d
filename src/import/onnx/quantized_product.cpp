// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, ConvInteger-10, MatMulInteger-10, QLinearConv-10,
//         QLinearMatMul-10, 21
#include "import/onnx/quantized_product.h"

#include "graph/small_types.h"
#include "import/onnx/cast.h"
#include "import/onnx/quantize_linear.h"
#include "import/onnx/window.h"

#include <algorithm>
#include <cmath>

namespace rune::import {
namespace {

/// A vector with an element for each row, as a column.
Result<ValueId> asColumn(Composer &c, ValueId value,
                         const TensorType &operand) {
  if (value == noValue || c.node().rank(value) != 1 ||
      operand.dims.size() < 2 || isOne(c.node(), value))
    return value;
  return c.reshape(value, {-1, 1});
}

Result<ValueId> widened(Composer &c, ValueId value, ValueId zero) {
  ValueId wide = RUNE_TRY(c.cast(value, DType::I32));
  if (zero == noValue)
    return wide;
  return c.sub(wide, RUNE_TRY(c.cast(zero, DType::I32)));
}

/// The numbers of a float32 scale that is known.
std::optional<std::vector<float>> knownFloats(const OnnxNode &node,
                                              ValueId value) {
  auto known = node.graph().constantOf(value);
  if (!known || known->dtype != DType::F32 || known->sizes.size() > 1)
    return std::nullopt;
  graph::Elements<float> elements(known->data);
  std::vector<float> numbers(known->data.size() / sizeof(float));
  for (size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = elements[static_cast<int64_t>(i)];
  return numbers;
}

/// Real numbers as multiplier · 2^(shift - 31).
struct FixedPoint {
  std::vector<int64_t> multipliers, shifts;
};

/// Nothing where a number does not fit.
std::optional<FixedPoint> fixedPoint(const std::vector<float> &numbers) {
  FixedPoint fixed;
  for (float number : numbers) {
    if (!std::isfinite(number))
      return std::nullopt;
    int shift = 0;
    double fraction = std::frexp(static_cast<double>(number), &shift);
    if (number != 0 && (shift < -31 || shift > 30))
      return std::nullopt;
    // 24 bits fit 31 without rounding
    fixed.multipliers.push_back(static_cast<int64_t>(std::ldexp(fraction, 31)));
    fixed.shifts.push_back(number == 0 ? 0 : shift);
  }
  return fixed;
}

std::optional<FixedPoint> knownFactor(const OnnxNode &node,
                                      const ProductScales &scales) {
  auto a = knownFloats(node, scales.a), b = knownFloats(node, scales.b);
  auto y = knownFloats(node, scales.y);
  if (!a || !b || !y || a->size() != 1 || y->size() != 1 || b->empty())
    return std::nullopt;
  std::vector<float> factors;
  for (float each : *b)
    factors.push_back((*a)[0] * each / (*y)[0]);
  return fixedPoint(factors);
}

Result<ValueId> integersOf(Composer &c, const std::vector<int64_t> &values) {
  std::vector<double> numbers(values.begin(), values.end());
  Integers sizes;
  if (values.size() > 1)
    sizes.push_back(static_cast<int64_t>(values.size()));
  return c.constant(DType::I32, sizes, numbers);
}

bool isByte(DType dtype) { return dtype == DType::I8 || dtype == DType::U8; }

Result<> checkBytes(const OnnxNode &node, ValueId a, ValueId b) {
  if (!isByte(node.dtype(a)) || !isByte(node.dtype(b)))
    return node.fail("operands are `{}` and `{}`, needs int8 or uint8",
                     node.type(a).str(), node.type(b).str());
  return {};
}

Result<> checkZero(const OnnxNode &node, ValueId value, ValueId zero,
                   std::string_view name) {
  if (zero != noValue && node.dtype(zero) != node.dtype(value))
    return node.fail("`{}` is `{}`, its operand is `{}`", name,
                     node.type(zero).str(), node.type(value).str());
  return {};
}

} // namespace

Result<ValueId> integerProduct(Composer &c, ValueId a, ValueId b, ValueId aZero,
                               ValueId bZero, bool isLast) {
  OnnxNode &node = c.node();
  auto product = [&](Op op, std::vector<ValueId> inputs) {
    return isLast ? node.one(op, std::move(inputs))
                  : c.one(op, std::move(inputs));
  };
  bool aSimple = aZero == noValue || isOne(node, aZero);
  bool bSimple =
      bZero == noValue || isOne(node, bZero) || node.rank(bZero) == 1;
  if (aSimple && bSimple) {
    aZero = RUNE_TRY(node.asScalar(aZero, "a_zero_point"));
    if (bZero != noValue && isOne(node, bZero))
      bZero = RUNE_TRY(node.asScalar(bZero, "b_zero_point"));
    return product(Op::MatMulInteger, {a, b, noValue, aZero, bZero});
  }
  aZero = RUNE_TRY(asColumn(c, aZero, node.type(a)));
  ValueId left = RUNE_TRY(widened(c, a, aZero));
  ValueId right = RUNE_TRY(widened(c, b, bZero));
  return product(Op::MatMul, {left, right});
}

Imported requantized(Composer &c, ValueId sums, const ProductScales &scales,
                     const ProductScales &stretched, int64_t axis,
                     DType dtype) {
  OnnxNode &node = c.node();
  std::string name(dtypeName(dtype));
  bool oneZero = scales.yZero == noValue || isOne(node, scales.yZero);
  if (auto fixed = knownFactor(node, scales); fixed && oneZero) {
    ValueId zero = RUNE_TRY(node.asScalar(scales.yZero, "y_zero_point"));
    return std::vector{RUNE_TRY(node.one(
        Op::Requantize,
        {sums, RUNE_TRY(integersOf(c, fixed->multipliers)),
         RUNE_TRY(integersOf(c, fixed->shifts)), zero},
        {{"axis", axis}, {"dtype", name}, {"rounding", "onnx-even"}}))};
  }
  ValueId factor = RUNE_TRY(c.mul(stretched.a, stretched.b));
  factor = RUNE_TRY(c.div(factor, stretched.y));
  factor = RUNE_TRY(c.cast(factor, DType::F64));
  ValueId wide = RUNE_TRY(c.cast(sums, DType::F64));
  ValueId y = RUNE_TRY(c.one(Op::Round, {RUNE_TRY(c.mul(wide, factor))}));
  if (stretched.yZero != noValue)
    y = RUNE_TRY(c.add(y, RUNE_TRY(c.cast(stretched.yZero, DType::F64))));
  auto [low, high] = graph::integerLimits(dtype);
  y = RUNE_TRY(c.one(Op::Clamp, {y, c.scalar(static_cast<double>(low), y),
                                 c.scalar(static_cast<double>(high), y)}));
  return std::vector{RUNE_TRY(c.finish(y, dtype))};
}

/// inputs  A, B of int8 or uint8; a_zero_point?: one, [M], or […, M, 1];
///         b_zero_point?: one, [N], or […, 1, N]
/// result  the product as int32
Imported importMatMulInteger(OnnxNode &node) {
  ValueId a = RUNE_TRY(node.input(0, "A"));
  ValueId b = RUNE_TRY(node.input(1, "B"));
  ValueId aZero = node.optionalInput(2), bZero = node.optionalInput(3);
  RUNE_TRY(checkBytes(node, a, b));
  RUNE_TRY(checkZero(node, a, aZero, "a_zero_point"));
  RUNE_TRY(checkZero(node, b, bZero, "b_zero_point"));
  Composer c(node);
  return std::vector{RUNE_TRY(integerProduct(c, a, b, aZero, bZero, true))};
}

/// inputs  x, w of int8 or uint8; x_zero_point?, one; w_zero_point?, one or [M]
/// result  the convolution as int32; the padding is the zero point
Imported importConvInteger(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "x"));
  ValueId w = RUNE_TRY(node.input(1, "w"));
  RUNE_TRY(checkBytes(node, x, w));
  ValueId xZero =
      RUNE_TRY(node.asScalar(node.optionalInput(2), "x_zero_point"));
  ValueId wZero = node.optionalInput(3);
  if (wZero != noValue && isOne(node, wZero))
    wZero = RUNE_TRY(node.asScalar(wZero, "w_zero_point"));
  std::vector<Attribute> window = RUNE_TRY(readConvolution(node, x, w));
  return std::vector{RUNE_TRY(node.one(
      Op::ConvInteger, {x, w, noValue, xZero, wZero}, std::move(window)))};
}

namespace {

struct Operand {
  ValueId value, scale, zero;
};

Result<Operand> readOperand(OnnxNode &node, size_t at, std::string_view name) {
  Operand operand{RUNE_TRY(node.input(at, name)),
                  RUNE_TRY(node.input(at + 1, fmt::format("{}_scale", name))),
                  node.optionalInput(at + 2)};
  RUNE_TRY(checkZero(node, operand.value, operand.zero,
                     fmt::format("{}_zero_point", name)));
  return operand;
}

/// A scale as f32.
Result<ValueId> scaleOf(Composer &c, ValueId scale) {
  if (!isFloat(c.node().dtype(scale)))
    return c.node().fail("a scale is `{}`, needs floats",
                         c.node().type(scale).str());
  return c.cast(scale, DType::F32);
}

/// A vector along dimension 1 of a tensor of `rank` dimensions.
Result<ValueId> alongChannels(Composer &c, ValueId value, int64_t rank) {
  if (value == noValue || c.node().rank(value) != 1 || isOne(c.node(), value))
    return value;
  Integers shape(static_cast<size_t>(std::max<int64_t>(rank - 1, 1)), 1);
  shape[0] = -1;
  return c.reshape(value, shape);
}

/// Small floats have no integers to sum: the product of what they stand for.
Imported floatProduct(Composer &c, const Operand &a, const Operand &b,
                      ValueId yScale, ValueId yZero, DType dtype) {
  auto real = [&](const Operand &operand, bool rows) -> Result<ValueId> {
    ValueId wide = RUNE_TRY(c.cast(operand.value, DType::F32));
    ValueId scale = RUNE_TRY(scaleOf(c, operand.scale));
    if (rows)
      scale = RUNE_TRY(asColumn(c, scale, c.node().type(operand.value)));
    return c.mul(wide, scale);
  };
  ValueId left = RUNE_TRY(real(a, true)), right = RUNE_TRY(real(b, false));
  ValueId product = RUNE_TRY(c.one(Op::MatMul, {left, right}));
  ValueId scale = RUNE_TRY(scaleOf(c, yScale));
  scale = RUNE_TRY(asColumn(c, scale, c.node().type(product)));
  ValueId y = RUNE_TRY(c.div(product, scale));
  if (yZero != noValue)
    y = RUNE_TRY(c.add(y, RUNE_TRY(c.cast(yZero, DType::F32))));
  return std::vector{RUNE_TRY(castValue(c.node(), y, dtype, ""))};
}

} // namespace

/// inputs  a, b with scales and zero points: one, one for each row of a or
///         column of b, or for each of every matrix; y_scale, y_zero_point
/// result  the product in steps of y_scale, saturated
/// errors  operands that are not of 8 bits
Imported importQLinearMatMul(OnnxNode &node) {
  Operand a = RUNE_TRY(readOperand(node, 0, "a"));
  Operand b = RUNE_TRY(readOperand(node, 3, "b"));
  ValueId yScale = RUNE_TRY(node.input(6, "y_scale"));
  ValueId yZero = RUNE_TRY(node.input(7, "y_zero_point"));
  DType dtype = node.dtype(yZero);
  Composer c(node);
  auto isSmall = [](DType type) {
    return dtypeKind(type) == DTypeKind::SmallFloat && dtypeBits(type) == 8;
  };
  if (node.opset() >= 21 && isSmall(node.dtype(a.value)) &&
      isSmall(node.dtype(b.value)) && isSmall(dtype))
    return floatProduct(c, a, b, yScale, yZero, dtype);
  RUNE_TRY(checkBytes(node, a.value, b.value));
  if (!isByte(dtype))
    return node.fail("`y_zero_point` is `{}`, needs int8 or uint8",
                     node.type(yZero).str());
  ValueId sums =
      RUNE_TRY(integerProduct(c, a.value, b.value, a.zero, b.zero, false));
  ProductScales scales{RUNE_TRY(scaleOf(c, a.scale)),
                       RUNE_TRY(scaleOf(c, b.scale)),
                       RUNE_TRY(scaleOf(c, yScale)), yZero};
  const TensorType &left = node.type(a.value);
  ProductScales stretched{RUNE_TRY(asColumn(c, scales.a, left)), scales.b,
                          RUNE_TRY(asColumn(c, scales.y, left)),
                          RUNE_TRY(asColumn(c, yZero, left))};
  int64_t axis = std::max<int64_t>(node.rank(sums) - 1, 0);
  return requantized(c, sums, scales, stretched, axis, dtype);
}

/// inputs  x, w, y with scales and zero points, those of w one or [M]; B [M]?,
///         int32
/// result  the convolution in steps of y_scale, saturated
/// errors  operands that are not of 8 bits · readConvolution
Imported importQLinearConv(OnnxNode &node) {
  Operand x = RUNE_TRY(readOperand(node, 0, "x"));
  Operand w = RUNE_TRY(readOperand(node, 3, "w"));
  ValueId yScale = RUNE_TRY(node.input(6, "y_scale"));
  ValueId yZero = RUNE_TRY(node.input(7, "y_zero_point"));
  ValueId bias = node.optionalInput(8);
  RUNE_TRY(checkBytes(node, x.value, w.value));
  if (!isByte(node.dtype(yZero)))
    return node.fail("`y_zero_point` is `{}`, needs int8 or uint8",
                     node.type(yZero).str());
  Composer c(node);
  ValueId xZero = RUNE_TRY(node.asScalar(x.zero, "x_zero_point"));
  ValueId wZero = w.zero;
  if (wZero != noValue && isOne(node, wZero))
    wZero = RUNE_TRY(node.asScalar(wZero, "w_zero_point"));
  std::vector<Attribute> window =
      RUNE_TRY(readConvolution(node, x.value, w.value));
  ValueId sums =
      RUNE_TRY(c.one(Op::ConvInteger, {x.value, w.value, bias, xZero, wZero},
                     std::move(window)));
  ProductScales scales{RUNE_TRY(scaleOf(c, x.scale)),
                       RUNE_TRY(scaleOf(c, w.scale)),
                       RUNE_TRY(scaleOf(c, yScale)), yZero};
  ProductScales stretched = scales;
  stretched.b = RUNE_TRY(alongChannels(c, scales.b, node.rank(sums)));
  return requantized(c, sums, scales, stretched, 1, node.dtype(yZero));
}

} // namespace rune::import
