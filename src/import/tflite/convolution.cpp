// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/tflite/convolution.h"

#include <algorithm>

namespace rune::import {

Result<SumKind> sumKindOf(const TfliteNode &node, ValueId x, ValueId weights) {
  DType a = node.dtype(x), b = node.dtype(weights);
  if (a == DType::F32 && b == DType::F32)
    return SumKind::Float;
  if (a == DType::F32 && (b == DType::I8 || b == DType::U8))
    return SumKind::Hybrid;
  if ((a == DType::I8 && b == DType::I8) ||
      (a == DType::U8 && b == DType::U8) || (a == DType::I16 && b == DType::I8))
    return SumKind::Integer;
  return node.unsupported("{} by weights of {}", dtypeName(a), dtypeName(b));
}

namespace {

/// The factor from products of input and weights to the result.
///
/// With a scale for each channel the product is exact in f64; with one for all
/// of uint8 TensorFlow Lite rounds it to f32 first.
std::vector<double> factorsOf(const Quantization &x, const Quantization &w,
                              const Quantization &y, bool roundedProduct) {
  std::vector<double> factors;
  for (float scale : w.scales) {
    double product = roundedProduct ? static_cast<double>(x.scale() * scale)
                                    : static_cast<double>(x.scale()) *
                                          static_cast<double>(scale);
    factors.push_back(product / static_cast<double>(y.scale()));
  }
  return factors;
}

Result<> checkWeights(const TfliteNode &node, const Products &products,
                      const Quantization &quantization) {
  Dim channels =
      node.dims(products.kernel)[static_cast<size_t>(products.kernelChannel)];
  int64_t count = static_cast<int64_t>(quantization.scales.size());
  if (count != 1 && channels != Dim(count))
    return node.fail("{} scales for {} output channels", count, channels.str());
  return {};
}

Result<ValueId> importFloats(const TfliteNode &node, Products products) {
  std::vector<ValueId> operands = {products.x, products.kernel};
  ValueId bias = node.optionalInput(products.bias);
  bool addsBias = products.op == Op::MatMul;
  if (bias != noValue && !addsBias)
    operands.push_back(bias);
  ValueId y = RUNE_TRY(node.one(products.op, std::move(operands),
                                std::move(products.attributes), "sum"));
  if (bias != noValue && addsBias)
    y = RUNE_TRY(node.one(Op::Add, {y, bias}, {}, "biased"));
  return activate(node, y, products.activation);
}

/// What a dense layer of floats by quantised weights makes of its input: whole
/// numbers of 8 bits, less their zero point, kept as floats, and their scale,
/// one for each row.
///
/// source  LiteRT's dynamic range quantisation: the range is widened to hold 0,
///         255 steps, ties to even
struct DynamicRange {
  ValueId numbers;
  ValueId scale;
};
Result<DynamicRange> dynamicRange(const TfliteNode &node, ValueId x,
                                  const Integers &axes) {
  auto scalar = [&](std::string_view part, double value) {
    return node.scalar(fmt::format("range/{}", part), DType::F32, value);
  };
  auto apply = [&](Op op, std::vector<ValueId> operands, std::string_view part,
                   std::vector<Attribute> attributes = {}) {
    return node.one(op, std::move(operands), std::move(attributes),
                    fmt::format("range/{}", part));
  };
  std::vector<Attribute> reduction = {{"axes", axes},
                                      {"keep_dims", int64_t{1}}};
  ValueId zero = RUNE_TRY(scalar("zero", 0));
  ValueId least = RUNE_TRY(apply(Op::ReduceMin, {x}, "least", reduction));
  ValueId most = RUNE_TRY(apply(Op::ReduceMax, {x}, "most", reduction));
  least = RUNE_TRY(apply(Op::Minimum, {least, zero}, "low"));
  most = RUNE_TRY(apply(Op::Maximum, {most, zero}, "high"));
  ValueId width = RUNE_TRY(apply(Op::Sub, {most, least}, "width"));
  ValueId steps = RUNE_TRY(scalar("steps", 255));
  ValueId scale = RUNE_TRY(apply(Op::Div, {width, steps}, "step"));
  // an input of zeros only has no range, and no step that matters
  ValueId tiny = RUNE_TRY(scalar("tiny", 0x1p-100));
  scale = RUNE_TRY(apply(Op::Maximum, {scale, tiny}, "scale"));
  // from the smallest number, -128, to the largest, both less the zero point
  ValueId first = RUNE_TRY(apply(Op::Div, {least, scale}, "first"));
  first = RUNE_TRY(apply(Op::Round, {first}, "from", {{"ties", "even"}}));
  ValueId last = RUNE_TRY(apply(Op::Add, {first, steps}, "to"));
  ValueId exact = RUNE_TRY(apply(Op::Div, {x, scale}, "exact"));
  ValueId number =
      RUNE_TRY(apply(Op::Round, {exact}, "rounded", {{"ties", "even"}}));
  number = RUNE_TRY(apply(Op::Maximum, {number, first}, "above"));
  number = RUNE_TRY(apply(Op::Minimum, {number, last}, "numbers"));
  return DynamicRange{number, scale};
}

/// Numbers of 8 bits in each row of x by weights as floats. `scales` are those
/// of the weights, one or one for each output channel, or nothing where the
/// weights hold them.
Result<ValueId> importDynamic(const TfliteNode &node, Products products,
                              ValueId kernel, ValueId scales) {
  Integers axes{node.rank(products.x) - 1};
  DynamicRange range = RUNE_TRY(dynamicRange(node, products.x, axes));
  ValueId y = RUNE_TRY(node.one(products.op, {range.numbers, kernel},
                                std::move(products.attributes), "sum"));
  ValueId scale = range.scale;
  if (scales != noValue)
    scale = RUNE_TRY(node.one(Op::Mul, {scale, scales}, {}, "scale"));
  y = RUNE_TRY(node.one(Op::Mul, {y, scale}, {}, "real"));
  if (ValueId bias = node.optionalInput(products.bias); bias != noValue)
    y = RUNE_TRY(node.one(Op::Add, {y, bias}, {}, "biased"));
  return activate(node, y, products.activation);
}

/// Only dense layers: see docs/rationale.md.
bool isDynamic(const TfliteNode &node, const Products &products) {
  return node.dtype(products.kernel) == DType::I8 &&
         products.op == Op::MatMul && node.rank(products.x) > 1;
}

/// Floats by quantised weights: in whole numbers as far as the sums, where the
/// layer is dense.
Result<ValueId> importHybrid(const TfliteNode &node, Products products) {
  if (BlockScales blocks = RUNE_TRY(node.blockScales(products.weights))) {
    ValueId kernel = RUNE_TRY(dequantizedBlocks(node, products.kernel, blocks));
    if (isDynamic(node, products))
      return importDynamic(node, std::move(products), kernel, noValue);
    products.kernel = kernel;
    return importFloats(node, std::move(products));
  }
  Quantization w = RUNE_TRY(node.weightQuantization(products.weights));
  RUNE_TRY(checkWeights(node, products, w));
  bool centred =
      std::ranges::all_of(w.zeroPoints, [](int64_t zero) { return zero == 0; });
  if (centred && isDynamic(node, products)) {
    ValueId kernel = RUNE_TRY(node.one(Op::Cast, {products.kernel},
                                       {{"dtype", "f32"}}, "weights/numbers"));
    ValueId scales = RUNE_TRY(vectorOf(node, "weights/scale", w.scales));
    return importDynamic(node, std::move(products), kernel, scales);
  }
  products.kernel = RUNE_TRY(dequantizedWeights(
      node, products.kernel, w, w.perAxis() ? products.kernelChannel : 0));
  return importFloats(node, std::move(products));
}

/// Zero points of weights: one, or nothing where all are 0.
Result<ValueId> weightZeroPoint(const TfliteNode &node,
                                const Products &products,
                                const Quantization &weights) {
  for (int64_t zero : weights.zeroPoints)
    if (zero != weights.zeroPoint())
      return node.unsupported("zero points for each channel of the weights");
  return zeroPointOf(node, "weights/zero_point", node.dtype(products.kernel),
                     weights.zeroPoint());
}

/// Sums of 16-bit inputs are kept in 64 bits, unless the bias says otherwise.
bool isWide(const TfliteNode &node, const Products &products, ValueId bias) {
  return node.dtype(products.x) == DType::I16 &&
         (bias == noValue || node.dtype(bias) != DType::I32);
}

/// A bias of fewer bits than the sum: TRANSPOSE_CONV once had one of 16.
Result<ValueId> biasOf(const TfliteNode &node, const Products &products,
                       DType sum) {
  ValueId bias = node.optionalInput(products.bias);
  if (bias == noValue || node.dtype(bias) == sum)
    return bias;
  if (node.dtype(bias) != DType::I16 && node.dtype(bias) != DType::I32)
    return node.fail("`bias` is `{}`, needs {}", node.type(bias).str(),
                     dtypeName(sum));
  return node.one(Op::Cast, {bias}, {{"dtype", std::string(dtypeName(sum))}},
                  "bias");
}

Result<ValueId> importIntegers(const TfliteNode &node, Products products) {
  Quantization x = RUNE_TRY(node.inputQuantization(products.input));
  Quantization w = RUNE_TRY(node.weightQuantization(products.weights));
  Quantization y = RUNE_TRY(node.outputQuantization());
  RUNE_TRY(checkWeights(node, products, w));
  DType dtype = node.dtype(products.x);
  bool wide = isWide(node, products, node.optionalInput(products.bias));
  DType sum = wide ? DType::I64 : DType::I32;
  std::vector<ValueId> operands = {
      products.x, products.kernel, RUNE_TRY(biasOf(node, products, sum)),
      RUNE_TRY(zeroPointOf(node, "x/zero_point", dtype, x.zeroPoint())),
      RUNE_TRY(weightZeroPoint(node, products, w))};
  while (operands.back() == noValue)
    operands.pop_back();
  products.attributes.push_back({"accumulator", std::string(dtypeName(sum))});
  ValueId sums = RUNE_TRY(node.one(products.integerOp, std::move(operands),
                                   std::move(products.attributes), "sum"));
  bool dense = products.op == Op::MatMul && !w.perAxis();
  return requantize(
      node, sums,
      {.factors = factorsOf(x, w, y, dense || dtype == DType::U8),
       .axis = w.perAxis() ? products.channel : 0,
       .dtype = dtype,
       .rounding = wide ? "tflite-16x8" : roundingOf(dtype),
       .range = RUNE_TRY(rangeOf(node, products.activation, dtype, y)),
       .zeroPoint = y.zeroPoint()});
}

} // namespace

Result<ValueId> importProducts(const TfliteNode &node, Products products) {
  SumKind kind = RUNE_TRY(sumKindOf(node, products.x, products.kernel));
  if (kind == SumKind::Integer)
    return importIntegers(node, std::move(products));
  return kind == SumKind::Hybrid ? importHybrid(node, std::move(products))
                                 : importFloats(node, std::move(products));
}

} // namespace rune::import
