// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// conv_transpose(x, weights, bias): the gradient of conv. Each element of x
// spreads the kernel over y; here each element of y collects what reaches it,
// channels before taps, the bias last.
//
// source  ONNX ConvTranspose-22
#include "graph/ops/transposed.h"

namespace rune::graph {

static Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0), &weights = context.type(1);
  // conv_transpose.1: floats of one type
  if (!isFloat(x.dtype) || weights.dtype != x.dtype ||
      (context.has(2) && context.dtype(2) != x.dtype))
    return context.fail(1, "needs floats of one type, got {}, {}{}{}", x.str(),
                        weights.str(), context.has(2) ? " and " : "",
                        context.has(2) ? context.type(2).str() : "");
  // conv_transpose.9: sums in a type that holds the elements
  if (!mayAccumulate(x.dtype, context.node.text("accumulator")))
    return context.fail(9, "sums of {} cannot be kept in `{}`",
                        dtypeName(x.dtype), context.node.text("accumulator"));
  return Types{{x.dtype, RUNE_TRY(inferTransposed(context))}};
}

static Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  if (result.count() == 0)
    return single(std::move(result));
  TransposedStrides at(context);
  RUNE_TRY(withFloatAccumulator(
      result.dtype(), context.node.text("accumulator"),
      [&]<class T, class Sum>(Type<T>, Type<Sum>) {
        Elements<T> x(context.input(0).data), weights(context.input(1).data);
        T *out = elementsOf<T>(result);
        return eachTransposed(
            context, result,
            [&](int64_t to, int64_t n, int64_t o, int64_t first,
                std::span<const Reach> reaches) {
              Sum sum = 0;
              for (int64_t c = first; c < first + at.channelsPerGroup; ++c)
                for (const Reach &reach : reaches)
                  sum += Sum(widen(x[at.xAt(n, c) + reach.x])) *
                         Sum(widen(weights[at.wAt(c, o) + reach.weights]));
              if (context.has(2))
                sum += Sum(widen(Elements<T>(context.input(2).data)[o]));
              out[to] = narrow<T>(sum);
            });
      }));
  return single(std::move(result));
}

static void complete(const InferContext &context,
                     std::vector<Attribute> &attributes) {
  completeWindow(context, attributes);
  completeAccumulator(context, attributes);
}

OpDefinition defineConvTranspose() {
  return {{2, 3},
          {1, 1},
          {accumulatorSpec(),
           perAxisSpec("dilations"),
           {"groups", AttributeKind::Integer, int64_t{1}, {}},
           layoutSpec(),
           perAxisSpec("pads"),
           perAxisSpec("strides")},
          infer,
          evaluate,
          complete};
}

} // namespace rune::graph
