// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// conv_transpose_integer(x, weights, bias, x_zero_point, weights_zero_point):
// conv_transpose on integers. Sums wrap in the accumulator.
//
// source  ONNX ConvTranspose-22; TensorFlow Lite's TRANSPOSE_CONV
#include "graph/ops/convolution.h"
#include "graph/ops/transposed.h"

namespace rune::graph {

namespace {

Result<Types> infer(const InferContext &context) {
  RUNE_TRY(checkIntegerOperands(context));
  Dims dims = RUNE_TRY(inferTransposed(context));
  RUNE_TRY(checkZeroPoints(context, dims[Layout(context).channel]));
  return Types{{*dtypeNamed(context.node.text("accumulator")), dims}};
}

/// Sums are kept in 64 bits and wrapped at the end.
Result<> spread(const EvalContext &context, Tensor &result) {
  int64_t outputs = result.sizes()[Layout(context).channel];
  uint64_t scratch = static_cast<uint64_t>(outputs) * 2 * sizeof(int64_t);
  RUNE_TRY(context.budget.reserve(scratch));
  TransposedStrides at(context);
  int64_t xZero = zeroPointsOf(context, 3, 1)[0];
  auto zeros = zeroPointsOf(context, 4, outputs);
  auto bias = biasOf(context, 2, outputs);
  SmallIntegers x(context.input(0)), weights(context.input(1));
  NumberSink<int64_t> out(result);
  RUNE_TRY(eachTransposed(
      context, result,
      [&](int64_t to, int64_t n, int64_t o, int64_t first,
          std::span<const Reach> reaches) {
        int64_t sum = bias[static_cast<size_t>(o)];
        int64_t zero = zeros[static_cast<size_t>(o)];
        for (int64_t c = first; c < first + at.channelsPerGroup; ++c)
          for (const Reach &reach : reaches)
            sum = addWrapping(
                sum, (x[at.xAt(n, c) + reach.x] - xZero) *
                         (weights[at.wAt(c, o) + reach.weights] - zero));
        out.set(to, sum);
      }));
  context.budget.release(scratch);
  return {};
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  if (result.count() > 0)
    RUNE_TRY(spread(context, result));
  return single(std::move(result));
}

} // namespace

OpDefinition defineConvTransposeInteger() {
  return {{2, 5},
          {1, 1},
          {integerAccumulatorSpec(),
           perAxisSpec("dilations"),
           {"groups", AttributeKind::Integer, int64_t{1}, {}},
           layoutSpec(),
           perAxisSpec("pads"),
           perAxisSpec("strides")},
          infer,
          evaluate,
          completeWindow};
}

} // namespace rune::graph
