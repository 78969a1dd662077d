// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  TensorFlow Lite, FULLY_CONNECTED, BATCH_MATMUL
#include "import/tflite/convolution.h"
#include "import/tflite/node.h"

namespace rune::import {
namespace {

/// x as rows of as many elements as the weights have columns.
Result<ValueId> rowsOf(const TfliteNode &node, ValueId x, ValueId weights,
                       bool keepDimensions) {
  Dim columns = node.dims(weights)[1];
  if (node.rank(x) == 0)
    return node.fail("`input` is `{}`, needs a dimension", node.type(x).str());
  if (keepDimensions || (node.rank(x) == 2 && node.dims(x)[1] == columns))
    return x;
  if (!columns.isFixed())
    return node.unsupported("weights `{}` of unknown size",
                            node.type(weights).str());
  return node.reshaped(x, {-1, columns.size()}, "rows");
}

/// The factor from products to the result, for each column of b. With one for
/// all the product of the scales is rounded to f32 first.
Result<std::vector<double>> factorsOf(const TfliteNode &node, ValueId b,
                                      bool transposed) {
  Quantization x = RUNE_TRY(node.inputQuantization(0));
  Quantization w = RUNE_TRY(node.weightQuantization(1));
  Quantization y = RUNE_TRY(node.outputQuantization());
  if (!w.perAxis())
    return std::vector{static_cast<double>(x.scale() * w.scale()) /
                       static_cast<double>(y.scale())};
  if (w.axis != node.rank(b) - (transposed ? 2 : 1))
    return node.unsupported("scales along dimension {} of `{}`", w.axis,
                            node.type(b).str());
  std::vector<double> factors;
  for (float scale : w.scales)
    factors.push_back(static_cast<double>(x.scale()) *
                      static_cast<double>(scale) /
                      static_cast<double>(y.scale()));
  return factors;
}

/// errors  `import.unsupported`: several zero points
Result<ValueId> columnZeroPoint(const TfliteNode &node, ValueId b) {
  Quantization w = RUNE_TRY(node.weightQuantization(1));
  for (int64_t zero : w.zeroPoints)
    if (zero != w.zeroPoint())
      return node.unsupported("zero points for each column");
  return zeroPointOf(node, "b/zero_point", node.dtype(b), w.zeroPoint());
}

/// Integers: sums of 16-bit numbers are kept in 64 bits.
Result<ValueId> quantizedBatches(const TfliteNode &node, ValueId a, ValueId b,
                                 bool transposed,
                                 std::vector<Attribute> attributes) {
  Quantization x = RUNE_TRY(node.inputQuantization(0));
  Quantization y = RUNE_TRY(node.outputQuantization());
  auto factors = RUNE_TRY(factorsOf(node, b, transposed));
  DType dtype = node.dtype(a);
  bool wide = dtype == DType::I16;
  attributes.push_back({"accumulator", wide ? "i64" : "i32"});
  std::vector<ValueId> operands = {
      a, b, noValue,
      RUNE_TRY(zeroPointOf(node, "a/zero_point", dtype, x.zeroPoint())),
      RUNE_TRY(columnZeroPoint(node, b))};
  while (operands.back() == noValue)
    operands.pop_back();
  ValueId sums = RUNE_TRY(node.one(Op::MatMulInteger, std::move(operands),
                                   std::move(attributes), "sum"));
  int64_t axis = factors.size() > 1 ? node.rank(sums) - 1 : 0;
  return requantize(node, sums,
                    {.factors = std::move(factors),
                     .axis = axis,
                     .dtype = dtype,
                     .rounding = wide ? "tflite-16x8" : roundingOf(dtype),
                     .range = rangeOf(dtype),
                     .zeroPoint = y.zeroPoint()});
}

/// Floats by quantised numbers, which are made floats.
Result<ValueId> hybridBatches(const TfliteNode &node, ValueId a, ValueId b,
                              std::vector<Attribute> attributes) {
  Quantization w = RUNE_TRY(node.weightQuantization(1));
  ValueId real =
      RUNE_TRY(dequantizedWeights(node, b, w, w.perAxis() ? w.axis : 0));
  return node.one(Op::MatMul, {a, real}, std::move(attributes));
}

} // namespace

/// inputs  input [b…, I], weights [O, I], bias [O]?
/// result  input · weightsᵀ + bias, then the activation; [N, O], or [b…, O]
///         where the number of dimensions is kept
Imported importTfliteFullyConnected(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 3));
  const auto *options = RUNE_TRY(node.options<tflite::FullyConnectedOptions>());
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId weights = RUNE_TRY(node.input(1, "weights"));
  if (options->weights_format() != 0)
    return node.unsupported("weights in shuffled blocks");
  if (node.rank(weights) != 2)
    return node.fail("`weights` are `{}`, needs two dimensions",
                     node.type(weights).str());
  x = RUNE_TRY(rowsOf(node, x, weights, options->keep_dimensions()));
  Activation activation = RUNE_TRY(activationOf(node, options->activation()));
  return std::vector{RUNE_TRY(
      importProducts(node, {.op = Op::MatMul,
                            .integerOp = Op::MatMulInteger,
                            .x = x,
                            .kernel = weights,
                            .channel = node.rank(x) - 1,
                            .attributes = {{"transpose_b", int64_t{1}}},
                            .activation = activation}))};
}

/// inputs  a [b…, I, K], b [b…, K, J], each transposed where the options say so
/// result  a · b
Imported importTfliteBatchMatMul(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  const auto *options = RUNE_TRY(node.options<tflite::BatchMatMulOptions>());
  ValueId a = RUNE_TRY(node.input(0, "a"));
  ValueId b = RUNE_TRY(node.input(1, "b"));
  std::vector<Attribute> attributes = {
      {"transpose_a", int64_t{options->transpose_a()}},
      {"transpose_b", int64_t{options->transpose_b()}}};
  DType left = node.dtype(a), right = node.dtype(b);
  if (left == DType::F32 && right == DType::F32)
    return std::vector{RUNE_TRY(node.one(Op::MatMul, {a, b}, attributes))};
  if (left == DType::F32 && right == DType::I8)
    return std::vector{
        RUNE_TRY(hybridBatches(node, a, b, std::move(attributes)))};
  bool same = left == right && (left == DType::I8 || left == DType::I16);
  if (!same && !(left == DType::I16 && right == DType::I8))
    return node.unsupported("{} by {}", dtypeName(left), dtypeName(right));
  return std::vector{RUNE_TRY(quantizedBatches(
      node, a, b, options->transpose_b(), std::move(attributes)))};
}

} // namespace rune::import
