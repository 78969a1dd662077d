// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// conv_integer(x, weights, bias, x_zero_point, weights_zero_point): conv on
// integers. Order does not matter for sums that wrap, so the operands are first
// brought into the order that is walked: channels last, zero points taken away.
// Then each output is a few straight dot products; with one channel a group
// (depthwise) all outputs of a place are summed side by side.
//
// source  ONNX ConvInteger-10; TensorFlow Lite's quantisation specification
#include "graph/ops/convolution.h"

#include <algorithm>

namespace rune::graph {

namespace {

Result<Types> infer(const InferContext &context) {
  RUNE_TRY(checkIntegerOperands(context));
  Dims dims = RUNE_TRY(inferConvolution(context));
  RUNE_TRY(checkZeroPoints(context, context.dims(1)[0]));
  return Types{{*dtypeNamed(context.node.text("accumulator")), dims}};
}

/// Sizes of one convolution, with all spatial dimensions.
struct Geometry {
  explicit Geometry(const EvalContext &context)
      : layout(context), batch(context.input(0).sizes[0]),
        channels(context.input(0).sizes[layout.channel]),
        outputs(context.input(1).sizes[0]), inputs(context.input(1).sizes[1]),
        groups(context.node.integer("groups")),
        spatial(
            context.input(0).sizes.subspan(layout.spatial, layout.spatialRank)),
        kernel(context.input(1).sizes.subspan(2)) {}

  bool isDepthwise() const { return inputs == 1; }
  static int64_t product(std::span<const int64_t> sizes) {
    int64_t all = 1;
    for (int64_t size : sizes)
      all *= size;
    return all;
  }

  Layout layout;
  int64_t batch, channels, outputs, inputs, groups;
  std::span<const int64_t> spatial, kernel;
};

/// Elements without their zero points: 9 bits fit 16, 17 bits fit 32.
template <class E> struct Operands {
  /// [batch, spatial…, channels]
  std::vector<E> x;
  /// [O, kernel…, I], depthwise [kernel…, O]
  std::vector<E> weights;
};

template <class E>
Result<> packInput(const EvalContext &context, const Geometry &geometry,
                   std::vector<E> &packed) {
  std::vector<int64_t> sizes = {geometry.batch};
  sizes.insert(sizes.end(), geometry.spatial.begin(), geometry.spatial.end());
  sizes.push_back(geometry.channels);
  Strides own = rowMajorStrides(context.input(0).sizes);
  Strides from = {own[0]};
  for (size_t i = 0; i < geometry.spatial.size(); ++i)
    from.push_back(own[geometry.layout.spatial + i]);
  from.push_back(own[geometry.layout.channel]);
  int32_t zero = zeroPointsOf(context, 3, 1)[0];
  packed.resize(static_cast<size_t>(Geometry::product(sizes)));
  std::array strides{from, rowMajorStrides(sizes)};
  return withInteger(context.dtype(0), [&]<class T>(Type<T>) {
    Elements<T> in(context.input(0).data);
    return eachRow(
        context.budget, sizes, strides, [&](const Row<2> &row) -> Result<> {
          E *out = packed.data() + row.start[1];
          for (int64_t i = 0; i < row.count; ++i)
            out[i] = static_cast<E>(
                static_cast<int32_t>(in[row.start[0] + i * row.step[0]]) -
                zero);
          return {};
        });
  });
}

template <class E>
Result<> packWeights(const EvalContext &context, const Geometry &geometry,
                     std::vector<E> &packed) {
  int64_t taps = Geometry::product(geometry.kernel);
  auto zeros = zeroPointsOf(context, 4, geometry.outputs);
  packed.resize(static_cast<size_t>(geometry.outputs * geometry.inputs * taps));
  return withInteger(context.dtype(1), [&]<class T>(Type<T>) -> Result<> {
    Elements<T> in(context.input(1).data);
    int64_t at = 0;
    for (int64_t o = 0; o < geometry.outputs; ++o)
      for (int64_t c = 0; c < geometry.inputs; ++c) {
        if (!context.budget.spend(static_cast<uint64_t>(taps)))
          return context.budget.expired();
        for (int64_t k = 0; k < taps; ++k) {
          int64_t to = geometry.isDepthwise()
                           ? k * geometry.outputs + o
                           : (o * taps + k) * geometry.inputs + c;
          packed[static_cast<size_t>(to)] = static_cast<E>(
              static_cast<int32_t>(in[at++]) - zeros[static_cast<size_t>(o)]);
        }
      }
    return {};
  });
}

/// Products of 9-bit numbers fit 32 bits.
template <class E>
using Product = std::conditional_t<sizeof(E) == 2, int32_t, int64_t>;

/// Sums wrap.
template <class Sum, class E> Sum dot(const E *a, const E *b, int64_t count) {
  using Wrapping = std::make_unsigned_t<Sum>;
  Wrapping sum = 0;
  for (int64_t i = 0; i < count; ++i)
    sum += static_cast<Wrapping>(Product<E>(a[i]) * Product<E>(b[i]));
  return static_cast<Sum>(sum);
}

template <class E, class Sum> class Convolver {
public:
  Convolver(const EvalContext &context, const Geometry &geometry,
            const Operands<E> &operands, Tensor &result)
      : context_(context), g_(geometry), operands_(operands),
        bias_(biasOf(context, 2, geometry.outputs)),
        sums_(static_cast<size_t>(geometry.outputs)),
        yStrides_(rowMajorStrides(result.sizes())),
        y_(elementsOf<Sum>(result)) {}

  Result<> run(std::span<const int64_t> ySizes) {
    Window window = windowAt(context_.node, g_.kernel);
    std::vector<int64_t> packed(g_.spatial.begin(), g_.spatial.end());
    packed.push_back(g_.channels);
    Strides xSteps = rowMajorStrides(packed),
            kSteps = rowMajorStrides(g_.kernel);
    xSteps.pop_back();
    for (int64_t &step : kSteps)
      step *= g_.isDepthwise() ? g_.outputs : g_.inputs;
    TapFinder finder(window, g_.spatial, xSteps, kSteps,
                     TapFinder::Other::Kernel);
    uint64_t scratch = g_.inputs == 0 ? 0 : finder.scratchBytes();
    RUNE_TRY(context_.budget.reserve(scratch));
    Strides ySteps = spatialStrides(ySizes, g_.layout);
    Odometer place(ySizes.subspan(g_.layout.spatial, g_.layout.spatialRank));
    do {
      static const Taps none;
      const Taps &taps = g_.inputs == 0 ? none : finder.at(place.at());
      for (int64_t n = 0; n < g_.batch; ++n)
        RUNE_TRY(
            convolvePlace(taps, n, n * yStrides_[0] + place.offset(ySteps)));
    } while (place.advance());
    context_.budget.release(scratch);
    return {};
  }

private:
  Result<> convolvePlace(const Taps &taps, int64_t n, int64_t yAt) {
    const E *x =
        operands_.x.data() + n * g_.channels * Geometry::product(g_.spatial);
    for (size_t o = 0; o < sums_.size(); ++o)
      sums_[o] = static_cast<Sum>(bias_[o]);
    RUNE_TRY(g_.isDepthwise() ? depthwise(taps, x) : dense(taps, x));
    int64_t step = yStrides_[g_.layout.channel];
    for (int64_t o = 0; o < g_.outputs; ++o)
      y_[yAt + o * step] = sums_[static_cast<size_t>(o)];
    return {};
  }

  Result<> dense(const Taps &taps, const E *x) {
    int64_t perGroup = g_.outputs / g_.groups;
    int64_t size = Geometry::product(g_.kernel) * g_.inputs;
    // neighbouring taps of all channels are one straight run
    bool straight = taps.count == 1 || (taps.inputStep == g_.inputs &&
                                        taps.otherStep == g_.inputs);
    int64_t pieces = straight ? 1 : taps.count;
    int64_t length = straight ? taps.count * g_.inputs : g_.inputs;
    for (int64_t o = 0; o < g_.outputs; ++o) {
      if (!context_.budget.spend(
              static_cast<uint64_t>(taps.total() * g_.inputs)))
        return context_.budget.expired();
      const E *from = x + o / perGroup * g_.inputs;
      const E *with = operands_.weights.data() + o * size;
      Sum &sum = sums_[static_cast<size_t>(o)];
      for (const Run &run : taps.runs)
        for (int64_t k = 0; k < pieces; ++k)
          sum = addWrapping(sum, dot<Sum>(from + run.input + k * taps.inputStep,
                                          with + run.other + k * taps.otherStep,
                                          length));
    }
    return {};
  }

  Result<> depthwise(const Taps &taps, const E *x) {
    if (!context_.budget.spend(
            static_cast<uint64_t>(taps.total() * g_.outputs)))
      return context_.budget.expired();
    for (const Run &run : taps.runs)
      for (int64_t k = 0; k < taps.count; ++k)
        tap(x + run.input + k * taps.inputStep,
            operands_.weights.data() + run.other + k * taps.otherStep);
    return {};
  }

  /// One tap of all outputs; each input channel has `multiplier` of them.
  void tap(const E *x, const E *weights) {
    using Wrapping = std::make_unsigned_t<Sum>;
    int64_t multiplier = g_.outputs / g_.groups;
    auto *sums = sums_.data();
    auto add = [](Sum sum, E a, E b) {
      Product<E> product = Product<E>(a) * Product<E>(b);
      return static_cast<Sum>(static_cast<Wrapping>(sum) +
                              static_cast<Wrapping>(product));
    };
    if (multiplier == 1) {
      for (int64_t o = 0; o < g_.outputs; ++o)
        sums[o] = add(sums[o], x[o], weights[o]);
      return;
    }
    for (int64_t c = 0; c < g_.groups; ++c)
      for (int64_t m = 0; m < multiplier; ++m, ++sums, ++weights)
        *sums = add(*sums, x[c], *weights);
  }

  const EvalContext &context_;
  const Geometry &g_;
  const Operands<E> &operands_;
  std::vector<int64_t> bias_;
  std::vector<Sum> sums_;
  Strides yStrides_;
  Sum *y_;
};

template <class E>
Result<> convolve(const EvalContext &context, Tensor &result) {
  Geometry geometry(context);
  uint64_t scratch =
      (context.input(0).data.size() / dtypeBytes(context.dtype(0)) +
       context.input(1).data.size() / dtypeBytes(context.dtype(1))) *
          sizeof(E) +
      static_cast<uint64_t>(geometry.outputs) * (sizeof(int64_t) * 3);
  RUNE_TRY(context.budget.reserve(scratch));
  Operands<E> operands;
  RUNE_TRY(packInput(context, geometry, operands.x));
  RUNE_TRY(packWeights(context, geometry, operands.weights));
  if (result.dtype() == DType::I32)
    RUNE_TRY((Convolver<E, int32_t>(context, geometry, operands, result)
                  .run(result.sizes())));
  else
    RUNE_TRY((Convolver<E, int64_t>(context, geometry, operands, result)
                  .run(result.sizes())));
  context.budget.release(scratch);
  return {};
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  if (result.count() == 0)
    return single(std::move(result));
  bool small =
      dtypeBits(context.dtype(0)) == 8 && dtypeBits(context.dtype(1)) == 8;
  RUNE_TRY(small ? convolve<int16_t>(context, result)
                 : convolve<int32_t>(context, result));
  return single(std::move(result));
}

} // namespace

OpDefinition defineConvInteger() {
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
