// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Quantised operators of ONNX Runtime's own domain: the operands stand for real
// numbers, (x - zero point) · scale; the result is computed in f32 and
// quantised, to nearest, ties to even.
//
// source  ONNX Runtime, contrib operators of com.microsoft, version 1:
//         QuantizeLinear, DequantizeLinear, QLinearAdd, QLinearMul,
//         QLinearSigmoid, QLinearLeakyRelu, QLinearAveragePool,
//         QLinearGlobalAveragePool, QLinearConcat, QLinearSoftmax,
//         QLinearWhere, MatMulIntegerToFloat, DynamicQuantizeMatMul, QGemm
#include "import/onnx/compose.h"
#include "import/onnx/quantize_linear.h"
#include "import/onnx/quantized_product.h"
#include "import/onnx/window.h"

#include <numeric>

namespace rune::import {
namespace {

/// What a quantised tensor has beside it.
struct Step {
  ValueId scale, zero;
};

Result<Step> readStep(OnnxNode &node, size_t at, std::string_view name) {
  ValueId scale = RUNE_TRY(node.input(at, fmt::format("{}_scale", name)));
  ValueId zero = node.optionalInput(at + 1);
  return Step{
      RUNE_TRY(node.asScalar(scale, fmt::format("{}_scale", name))),
      RUNE_TRY(node.asScalar(zero, fmt::format("{}_zero_point", name)))};
}

/// The real numbers of inputs `at` to `at + 2`.
Result<ValueId> readReal(Composer &c, size_t at, std::string_view name) {
  ValueId x = RUNE_TRY(c.node().input(at, name));
  Step step = RUNE_TRY(readStep(c.node(), at + 1, name));
  return c.one(Op::Dequantize, {x, step.scale, step.zero});
}

/// The last step: `y` as numbers of its type.
Imported quantized(OnnxNode &node, ValueId y, const Step &step, DType dtype) {
  if (step.zero != noValue)
    dtype = node.dtype(step.zero);
  if (!isInteger(dtype) || dtypeBits(dtype) > 16)
    return node.fail("the result would be `{}`, needs integers of 8 or 16 bits",
                     dtypeName(dtype));
  return std::vector{
      RUNE_TRY(node.one(Op::Quantize, {y, step.scale, step.zero},
                        {{"dtype", std::string(dtypeName(dtype))}}))};
}

Imported binary(OnnxNode &node, Op op) {
  Composer c(node);
  ValueId a = RUNE_TRY(readReal(c, 0, "A")), b = RUNE_TRY(readReal(c, 3, "B"));
  Step step = RUNE_TRY(readStep(node, 6, "C"));
  DType dtype = node.dtype(RUNE_TRY(node.input(0, "A")));
  return quantized(node, RUNE_TRY(c.one(op, {a, b})), step, dtype);
}

DType typeOfX(OnnxNode &node) { return node.dtype(node.optionalInput(0)); }

/// NXC as NCX, or back.
Result<ValueId> channelsMoved(Composer &c, ValueId x, bool toFront) {
  Integers order(static_cast<size_t>(c.node().rank(x)));
  std::iota(order.begin(), order.end(), 0);
  if (toFront)
    std::rotate(order.begin() + 1, order.end() - 1, order.end());
  else
    std::rotate(order.begin() + 1, order.begin() + 2, order.end());
  return c.one(Op::Transpose, {x}, {{"permutation", order}});
}

Result<> needSpatial(const OnnxNode &node, ValueId x) {
  if (node.rank(x) < 3)
    return node.fail("`X` is `{}`, needs a spatial dimension",
                     node.type(x).str());
  return {};
}

} // namespace

/// inputs  as QuantizeLinear of ONNX, also to integers of 16 and 4 bits
Imported importMicrosoftQuantizeLinear(OnnxNode &node) {
  return quantizeLinear(node, {.hasAxis = true, .hasBlocks = true});
}

Imported importMicrosoftDequantizeLinear(OnnxNode &node) {
  return dequantizeLinear(node, {.hasAxis = true, .hasBlocks = true});
}

/// inputs  A, B, C, each with scale and zero point
/// result  A + B
Imported importMicrosoftQLinearAdd(OnnxNode &node) {
  return binary(node, Op::Add);
}
/// result  A · B
Imported importMicrosoftQLinearMul(OnnxNode &node) {
  return binary(node, Op::Mul);
}

Imported importMicrosoftQLinearSigmoid(OnnxNode &node) {
  Composer c(node);
  ValueId x = RUNE_TRY(readReal(c, 0, "X"));
  Step step = RUNE_TRY(readStep(node, 3, "Y"));
  return quantized(node, RUNE_TRY(c.one(Op::Sigmoid, {x})), step,
                   typeOfX(node));
}

Imported importMicrosoftQLinearLeakyRelu(OnnxNode &node) {
  Composer c(node);
  ValueId x = RUNE_TRY(readReal(c, 0, "X"));
  Step step = RUNE_TRY(readStep(node, 3, "Y"));
  if (!isFloat(node.dtype(x)))
    return node.fail("`X_scale` is no float");
  ValueId alpha = c.scalar(RUNE_TRY(node.number("alpha", 0.01f)), x);
  ValueId less = RUNE_TRY(c.one(Op::Less, {x, c.scalar(0, x)}));
  ValueId scaled = RUNE_TRY(c.mul(x, alpha));
  ValueId y = RUNE_TRY(c.one(Op::Where, {less, scaled, x}));
  return quantized(node, y, step, typeOfX(node));
}

/// The attribute `opset` says by which version of Softmax: before 13 the
/// dimensions from `axis` on are one.
Imported importMicrosoftQLinearSoftmax(OnnxNode &node) {
  Composer c(node);
  ValueId x = RUNE_TRY(readReal(c, 0, "X"));
  Step step = RUNE_TRY(readStep(node, 3, "Y"));
  int64_t opset = RUNE_TRY(node.integer("opset", 13)), rank = node.rank(x);
  int64_t axis =
      RUNE_TRY(node.axis(RUNE_TRY(node.integer("axis", -1)), rank, rank, true));
  Integers axes(opset >= 13 ? 1 : static_cast<size_t>(rank - axis));
  std::iota(axes.begin(), axes.end(), axis);
  ValueId y = RUNE_TRY(c.one(Op::Softmax, {x}, {{"axes", axes}}));
  return quantized(node, y, step, typeOfX(node));
}

Imported importMicrosoftQLinearGlobalAveragePool(OnnxNode &node) {
  Composer c(node);
  ValueId x = RUNE_TRY(readReal(c, 0, "X"));
  Step step = RUNE_TRY(readStep(node, 3, "Y"));
  RUNE_TRY(needSpatial(node, x));
  bool last = RUNE_TRY(node.flag("channels_last", false));
  Integers axes(static_cast<size_t>(node.rank(x) - 2));
  std::iota(axes.begin(), axes.end(), last ? 1 : 2);
  ValueId y = RUNE_TRY(c.reduce(Op::ReduceMean, x, axes, true));
  return quantized(node, y, step, typeOfX(node));
}

Imported importMicrosoftQLinearAveragePool(OnnxNode &node) {
  Composer c(node);
  ValueId x = RUNE_TRY(readReal(c, 0, "X"));
  Step step = RUNE_TRY(readStep(node, 3, "Y"));
  RUNE_TRY(needSpatial(node, x));
  bool last = RUNE_TRY(node.flag("channels_last", false));
  if (last)
    x = RUNE_TRY(channelsMoved(c, x, true));
  auto kernel = RUNE_TRY(readKernel(node, x));
  if (!kernel)
    return node.fail("attribute `kernel_shape` is missing");
  Window window = RUNE_TRY(readWindow(node, x, *kernel, false));
  bool ceil = RUNE_TRY(node.flag("ceil_mode", false));
  bool countPad = RUNE_TRY(node.flag("count_include_pad", false));
  ValueId y = RUNE_TRY(c.one(Op::AveragePool, {x},
                             {{"layout", "NCX"},
                              {"kernel", *std::move(kernel)},
                              {"strides", std::move(window.strides)},
                              {"pads", std::move(window.pads)},
                              {"dilations", std::move(window.dilations)},
                              {"ceil", int64_t{ceil && !window.automatic}},
                              {"count_include_pad", int64_t{countPad}}}));
  if (last)
    y = RUNE_TRY(channelsMoved(c, y, false));
  return quantized(node, y, step, typeOfX(node));
}

/// inputs  Y_scale, Y_zero_point, then tensor, scale and zero point of each
/// errors  `axis` missing
Imported importMicrosoftQLinearConcat(OnnxNode &node) {
  Composer c(node);
  Step step = RUNE_TRY(readStep(node, 0, "Y"));
  auto axis = RUNE_TRY(node.integer("axis"));
  if (!axis)
    return node.fail("attribute `axis` is missing");
  if (node.inputs() < 5)
    return node.fail("no tensors to join");
  std::vector<ValueId> parts;
  DType dtype = node.dtype(RUNE_TRY(node.input(2, "tensor 0")));
  for (size_t at = 2; at < node.inputs(); at += 3)
    parts.push_back(
        RUNE_TRY(readReal(c, at, fmt::format("tensor {}", (at - 2) / 3))));
  int64_t rank = node.rank(parts[0]);
  int64_t along = RUNE_TRY(node.axis(*axis, rank, rank, true));
  ValueId y = RUNE_TRY(c.one(Op::Concat, parts, {{"axis", along}}));
  return quantized(node, y, step, dtype);
}

/// inputs  condition, X, Y with scales and zero points, those of the result
Imported importMicrosoftQLinearWhere(OnnxNode &node) {
  Composer c(node);
  ValueId condition = RUNE_TRY(node.input(0, "condition"));
  ValueId x = RUNE_TRY(readReal(c, 1, "X")), y = RUNE_TRY(readReal(c, 4, "Y"));
  Step step = RUNE_TRY(readStep(node, 7, "z"));
  ValueId z = RUNE_TRY(c.one(Op::Where, {condition, x, y}));
  return quantized(node, z, step, node.dtype(node.optionalInput(1)));
}

namespace {

/// The sums as real numbers: times both scales, plus the bias.
Imported realProduct(Composer &c, ValueId sums, ValueId aScale, ValueId bScale,
                     ValueId bias) {
  if (!isFloat(c.node().dtype(aScale)))
    return c.node().fail("`a_scale` is `{}`, needs floats",
                         c.node().type(aScale).str());
  ValueId wide = RUNE_TRY(c.cast(sums, c.node().dtype(aScale)));
  ValueId factor = RUNE_TRY(c.mul(aScale, bScale));
  if (bias == noValue)
    return std::vector{RUNE_TRY(c.node().one(Op::Mul, {wide, factor}))};
  ValueId y = RUNE_TRY(c.mul(wide, factor));
  return std::vector{RUNE_TRY(c.node().one(Op::Add, {y, bias}))};
}

Result<> needBytes(const OnnxNode &node, ValueId a, ValueId b) {
  auto isByte = [&](ValueId value) {
    return isInteger(node.dtype(value)) && dtypeBits(node.dtype(value)) == 8;
  };
  if (!isByte(a) || !isByte(b))
    return node.fail("operands are `{}` and `{}`, needs int8 or uint8",
                     node.type(a).str(), node.type(b).str());
  return {};
}

} // namespace

/// inputs  A, B of int8 or uint8; a_scale, b_scale (one or [N]),
///         a_zero_point?, b_zero_point? (one or [N]), bias? [N]
/// result  A · B as real numbers
Imported importMicrosoftMatMulIntegerToFloat(OnnxNode &node) {
  ValueId a = RUNE_TRY(node.input(0, "A")), b = RUNE_TRY(node.input(1, "B"));
  ValueId aScale = RUNE_TRY(node.input(2, "a_scale"));
  ValueId bScale = RUNE_TRY(node.input(3, "b_scale"));
  ValueId aZero = node.optionalInput(4), bZero = node.optionalInput(5);
  ValueId bias = node.optionalInput(6);
  RUNE_TRY(needBytes(node, a, b));
  Composer c(node);
  ValueId sums = RUNE_TRY(integerProduct(c, a, b, aZero, bZero, false));
  return realProduct(c, sums, aScale, bScale, bias);
}

/// inputs  A float32; B of int8 or uint8, b_scale, b_zero_point? (one or [N]),
///         bias? [N]
/// result  A, quantised by its range, times B, as real numbers
Imported importMicrosoftDynamicQuantizeMatMul(OnnxNode &node) {
  ValueId a = RUNE_TRY(node.input(0, "A")), b = RUNE_TRY(node.input(1, "B"));
  ValueId bScale = RUNE_TRY(node.input(2, "b_scale"));
  ValueId bZero = node.optionalInput(3), bias = node.optionalInput(4);
  auto [y, scale, zero] = RUNE_TRY(dynamicallyQuantized(node, a));
  RUNE_TRY(needBytes(node, y, b));
  Composer c(node);
  ValueId sums = RUNE_TRY(integerProduct(c, y, b, zero, bZero, false));
  return realProduct(c, sums, scale, bScale, bias);
}

namespace {

/// A matrix with its zero point, as the product takes them.
Result<ValueId> transposedIf(Composer &c, bool yes, ValueId x) {
  return yes ? c.one(Op::Transpose, {x}, {{"permutation", Integers{1, 0}}})
             : Result<ValueId>(x);
}

} // namespace

/// inputs  A, B of int8 or uint8, each with scale and zero point, those of B
///         one or [N]; C? int32 in steps of alpha · a_scale · b_scale;
///         y_scale?, y_zero_point?
/// result  alpha · A · B + C, quantised where there is a scale, else as floats
Imported importMicrosoftQGemm(OnnxNode &node) {
  Composer c(node);
  ValueId a = RUNE_TRY(node.input(0, "A")), b = RUNE_TRY(node.input(3, "B"));
  ValueId aScale = RUNE_TRY(node.input(1, "a_scale"));
  ValueId bScale = RUNE_TRY(node.input(4, "b_scale"));
  ValueId aZero = node.optionalInput(2), bZero = node.optionalInput(5);
  ValueId bias = node.optionalInput(6);
  ValueId yScale = node.optionalInput(7), yZero = node.optionalInput(8);
  RUNE_TRY(needBytes(node, a, b));
  if (node.rank(a) != 2 || node.rank(b) != 2)
    return node.fail("`A` is `{}` and `B` is `{}`, they need two dimensions",
                     node.type(a).str(), node.type(b).str());
  if (!isFloat(node.dtype(aScale)))
    return node.fail("`a_scale` is `{}`, needs floats",
                     node.type(aScale).str());
  float alpha = RUNE_TRY(node.number("alpha", 1));
  a = RUNE_TRY(transposedIf(c, RUNE_TRY(node.integer("transA", 0)) != 0, a));
  b = RUNE_TRY(transposedIf(c, RUNE_TRY(node.integer("transB", 0)) != 0, b));
  ValueId sums = RUNE_TRY(integerProduct(c, a, b, aZero, bZero, false));
  if (bias != noValue && node.dtype(bias) != DType::I32)
    return node.fail("`C` is `{}`, needs int32", node.type(bias).str());
  ValueId factor =
      RUNE_TRY(c.mul(RUNE_TRY(c.mul(aScale, bScale)), c.scalar(alpha, aScale)));
  if (bias != noValue)
    sums = RUNE_TRY(c.add(sums, bias));
  ValueId y =
      RUNE_TRY(c.mul(RUNE_TRY(c.cast(sums, node.dtype(aScale))), factor));
  if (yScale == noValue)
    return std::vector{RUNE_TRY(c.finish(y, node.dtype(y)))};
  Step step{RUNE_TRY(node.asScalar(yScale, "y_scale")),
            RUNE_TRY(node.asScalar(yZero, "y_zero_point"))};
  return quantized(node, y, step, node.dtype(a));
}

} // namespace rune::import
