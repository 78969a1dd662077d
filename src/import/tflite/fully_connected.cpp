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
  if (node.dtype(a) != DType::F32 || node.dtype(b) != DType::F32)
    return node.unsupported("{} by {}", dtypeName(node.dtype(a)),
                            dtypeName(node.dtype(b)));
  return std::vector{
      RUNE_TRY(node.one(Op::MatMul, {a, b},
                        {{"transpose_a", int64_t{options->transpose_a()}},
                         {"transpose_b", int64_t{options->transpose_b()}}}))};
}

} // namespace rune::import
