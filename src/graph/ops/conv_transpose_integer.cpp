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

template <class X, class W, class Sum>
Result<> spread(const EvalContext &context, Tensor &result) {
  int64_t outputs = result.sizes()[Layout(context).channel];
  uint64_t scratch = static_cast<uint64_t>(outputs) * 2 * sizeof(int64_t);
  RUNE_TRY(context.budget.reserve(scratch));
  TransposedStrides at(context);
  int64_t xZero = zeroPointsOf(context, 3, 1)[0];
  auto zeros = zeroPointsOf(context, 4, outputs);
  auto bias = biasOf(context, 2, outputs);
  Elements<X> x(context.input(0).data);
  Elements<W> weights(context.input(1).data);
  RUNE_TRY(eachTransposed<Sum>(
      context, result, [&](int64_t n, int64_t o, int64_t first, auto reaches) {
        int64_t sum = bias[static_cast<size_t>(o)];
        int64_t zero = zeros[static_cast<size_t>(o)];
        for (int64_t c = first; c < first + at.channelsPerGroup; ++c)
          for (const Reach &reach : reaches)
            sum = addWrapping(
                sum,
                (int64_t{x[at.xAt(n, c) + reach.x]} - xZero) *
                    (int64_t{weights[at.wAt(c, o) + reach.weights]} - zero));
        return sum;
      }));
  context.budget.release(scratch);
  return {};
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  if (result.count() == 0)
    return single(std::move(result));
  RUNE_TRY(withQuantized(context.dtype(0), [&]<class X>(Type<X>) {
    return withQuantized(context.dtype(1), [&]<class W>(Type<W>) {
      return result.dtype() == DType::I32
                 ? spread<X, W, int32_t>(context, result)
                 : spread<X, W, int64_t>(context, result);
    });
  }));
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
