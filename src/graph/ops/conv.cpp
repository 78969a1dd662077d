// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// conv(x, weights, bias): cross-correlation over any number of spatial
// dimensions, in groups.
//
//   y[n, o, p] = bias[o] + Σ_c Σ_k x[n, g·I + c, p·stride - begin + k·dilation]
//                                  · weights[o, c, k]
//
// c in [0, I) with I channels a group, g = o / (O / groups); outside x is 0.
// The sum is kept in `accumulator`, c before k, the bias last.
//
// source  ONNX Conv-22
#include "graph/ops/convolution.h"
#include "graph/ops/window.h"

namespace rune::graph {

namespace {

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0), &weights = context.type(1);
  bool hasBias = context.has(2);
  // conv.1: floats of one type
  if (!isFloat(x.dtype) || weights.dtype != x.dtype ||
      (hasBias && context.dtype(2) != x.dtype))
    return context.fail(1, "needs floats of one type, got x {}, weights {}{}{}",
                        x.str(), weights.str(), hasBias ? ", bias " : "",
                        hasBias ? context.type(2).str() : "");
  // conv.9: sums in a type that holds the elements
  if (!mayAccumulate(x.dtype, context.node.text("accumulator")))
    return context.fail(9, "sums of {} cannot be kept in `{}`",
                        dtypeName(x.dtype), context.node.text("accumulator"));
  return Types{{x.dtype, RUNE_TRY(inferConvolution(context))}};
}

struct Convolution {
  Convolution(const EvalContext &context, const Tensor &result)
      : layout(context), xStrides(rowMajorStrides(context.input(0).sizes)),
        wStrides(rowMajorStrides(context.input(1).sizes)),
        yStrides(rowMajorStrides(result.sizes())), batch(result.sizes()[0]),
        outputs(context.input(1).sizes[0]), inputs(context.input(1).sizes[1]),
        outputsPerGroup(outputs / context.node.integer("groups")) {}

  Layout layout;
  Strides xStrides, wStrides, yStrides;
  int64_t batch, outputs, inputs, outputsPerGroup;
};

/// One output element, without its bias.
template <class T, class Sum>
Sum dot(const Convolution &conv, const Taps &taps, Elements<T> x,
        Elements<T> weights, int64_t xAt, int64_t wAt) {
  Sum sum = 0;
  for (int64_t c = 0; c < conv.inputs; ++c) {
    for (const Run &run : taps.runs) {
      int64_t from = xAt + run.input, with = wAt + run.other;
      for (int64_t k = 0; k < taps.count; ++k) {
        sum += Sum(widen(x[from])) * Sum(widen(weights[with]));
        from += taps.inputStep;
        with += taps.otherStep;
      }
    }
    xAt += conv.xStrides[conv.layout.channel];
    wAt += conv.wStrides[1];
  }
  return sum;
}

/// All batches and output channels of one place.
template <class T, class Sum>
Result<> convolvePlace(const EvalContext &context, const Convolution &conv,
                       const Taps &taps, T *out) {
  Elements<T> x(context.input(0).data), weights(context.input(1).data);
  size_t channel = conv.layout.channel;
  for (int64_t n = 0; n < conv.batch; ++n)
    for (int64_t o = 0; o < conv.outputs; ++o) {
      if (!context.budget.spend(
              static_cast<uint64_t>(conv.inputs * taps.total())))
        return context.budget.expired();
      int64_t group = o / conv.outputsPerGroup;
      Sum sum = dot<T, Sum>(conv, taps, x, weights,
                            n * conv.xStrides[0] +
                                group * conv.inputs * conv.xStrides[channel],
                            o * conv.wStrides[0]);
      if (context.has(2))
        sum += Sum(widen(Elements<T>(context.input(2).data)[o]));
      out[n * conv.yStrides[0] + o * conv.yStrides[channel]] = narrow<T>(sum);
    }
  return {};
}

template <class T, class Sum>
Result<> convolve(const EvalContext &context, Tensor &result) {
  Convolution conv(context, result);
  const Layout &layout = conv.layout;
  std::span<const int64_t> sizes = context.input(0).sizes;
  Window window =
      windowAt(context.node, std::span(context.input(1).sizes).subspan(2));
  TapFinder finder(window, sizes.subspan(layout.spatial, layout.spatialRank),
                   spatialStrides(sizes, layout),
                   {conv.wStrides.begin() + 2, conv.wStrides.end()},
                   TapFinder::Other::Kernel);
  Strides yStrides = spatialStrides(result.sizes(), layout);
  Odometer place(
      std::span(result.sizes()).subspan(layout.spatial, layout.spatialRank));
  uint64_t scratch = conv.inputs == 0 ? 0 : finder.scratchBytes();
  RUNE_TRY(context.budget.reserve(scratch));
  do {
    // without channels there is nothing to tap, however large the window
    static const Taps none;
    const Taps &taps = conv.inputs == 0 ? none : finder.at(place.at());
    RUNE_TRY((convolvePlace<T, Sum>(
        context, conv, taps, elementsOf<T>(result) + place.offset(yStrides))));
  } while (place.advance());
  context.budget.release(scratch);
  return {};
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  if (result.count() == 0)
    return single(std::move(result));
  RUNE_TRY(withFloatAccumulator(result.dtype(),
                                context.node.text("accumulator"),
                                [&]<class T, class Sum>(Type<T>, Type<Sum>) {
                                  return convolve<T, Sum>(context, result);
                                }));
  return single(std::move(result));
}

void complete(const InferContext &context, std::vector<Attribute> &attributes) {
  completeWindow(context, attributes);
  completeAccumulator(context, attributes);
}

} // namespace

OpDefinition defineConv() {
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
