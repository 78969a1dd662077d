// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// deform_conv(x, weights, offset, bias, mask): a convolution in two dimensions
// whose taps are moved by `offset`, read between the elements and multiplied by
// `mask`.
//
// source  ONNX DeformConv-22; Dai et al. 2017, arXiv:1703.06211; Zhu et al.
//         2018, arXiv:1811.11168
#include "graph/ops/sampling.h"
#include "graph/ops/window.h"

namespace rune::graph {

namespace {

enum Input : size_t { X, Weights, Offset, Bias, Mask };

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(X);
  const Dims &weights = context.dims(Weights);
  // deform_conv.1: floats of one type
  for (size_t i = 0; i < context.inputs(); ++i)
    if (context.has(i) && (!isFloat(x.dtype) || context.dtype(i) != x.dtype))
      return context.fail(1, "needs floats of one type, got {} and {}", x.str(),
                          context.type(i).str());
  // deform_conv.2: four dimensions, of the bias one
  for (size_t i = 0; i < context.inputs(); ++i)
    if (context.has(i) && context.rank(i) != (i == Bias ? 1u : 4u))
      return context.fail(2, "{} must have {} dimensions",
                          context.type(i).str(), i == Bias ? 1 : 4);
  Layout layout(context);
  Window window =
      RUNE_TRY(windowOf(context, layout, std::span(weights).subspan(2)));
  Dims places = RUNE_TRY(placesOf(context, layout, window));
  int64_t groups = context.node.integer("groups");
  int64_t offsetGroups = context.node.integer("offset_groups");
  auto divides = [](const Dim &dim, int64_t by) {
    return !dim.isFixed() || dim.size() % by == 0;
  };
  // deform_conv.6: groups of as many channels
  if (groups < 1 || groups > INT32_MAX || offsetGroups < 1 ||
      offsetGroups > INT32_MAX || !divides(x.dims[1], groups) ||
      !divides(weights[0], groups) || !divides(x.dims[1], offsetGroups) ||
      (x.dims[1].isFixed() &&
       !unify(weights[1], Dim(x.dims[1].size() / groups))))
    return context.fail(6, "x {} with weights {} in {} groups, {} of offsets",
                        x.str(), context.type(Weights).str(), groups,
                        offsetGroups);
  Dims result = {x.dims[0], weights[0], places[0], places[1]};
  Dim taps = productOf(std::span(weights).subspan(2));
  // deform_conv.7: an offset in both dimensions, and a mask, for each tap and
  // place; a bias for each channel
  for (size_t i : {size_t{Offset}, size_t{Mask}}) {
    if (!context.has(i))
      continue;
    const Dims &dims = context.dims(i);
    int64_t each = offsetGroups * (i == Offset ? 2 : 1), all = 0;
    Dim channels = Dim::unknown();
    if (taps.isFixed() && !__builtin_mul_overflow(taps.size(), each, &all))
      channels = Dim(all);
    bool fits = unify(dims[0], x.dims[0]) && unify(dims[1], channels);
    for (size_t d : {size_t{2}, size_t{3}}) {
      auto both = unify(dims[d], result[d]);
      fits = fits && both;
      result[d] = both.value_or(result[d]);
    }
    if (!fits)
      return context.fail(7, "{} for places [{}, {}, {}, {}]",
                          context.type(i).str(), x.dims[0].str(),
                          channels.str(), places[0].str(), places[1].str());
  }
  if (context.has(Bias) && !unify(context.dims(Bias)[0], weights[0]))
    return context.fail(7, "the bias is {}, must be [{}]",
                        context.type(Bias).str(), weights[0].str());
  return Types{{x.dtype, result}};
}

class Convolution {
public:
  explicit Convolution(const EvalContext &context) : context_(context) {}

  Result<Tensor> run() {
    std::vector<int64_t> y = context_.results[0].sizes();
    Reals out = RUNE_TRY(Reals::zeros(context_, RUNE_TRY(elementCount(y))));
    if (out.empty())
      return context_.allocate();
    x_ = RUNE_TRY(Reals::of(context_, X));
    weights_ = RUNE_TRY(Reals::of(context_, Weights));
    offset_ = RUNE_TRY(Reals::of(context_, Offset));
    bias_ = RUNE_TRY(Reals::of(context_, Bias));
    mask_ = RUNE_TRY(Reals::of(context_, Mask));
    xSizes_ = context_.input(X).sizes;
    wSizes_ = context_.input(Weights).sizes;
    window_ = windowAt(context_.node, wSizes_.subspan(2));
    int64_t places = y[2] * y[3];
    uint64_t taps =
        cappedProduct(static_cast<uint64_t>(xSizes_[1]),
                      cappedProduct(static_cast<uint64_t>(wSizes_[2]),
                                    static_cast<uint64_t>(wSizes_[3])));
    Reals samples = RUNE_TRY(Reals::zeros(context_, taps));
    for (int64_t n = 0; n < y[0]; ++n)
      for (int64_t p = 0; p < places; ++p) {
        if (!context_.budget.spend(
                cappedProduct(taps, static_cast<uint64_t>(wSizes_[0]) + 8)))
          return context_.budget.expired();
        sample(samples, n, p / y[3], p % y[3], places, y[3]);
        for (int64_t o = 0; o < y[1]; ++o)
          out[(n * y[1] + o) * places + p] = sum(samples, o);
      }
    return narrowed(context_, out);
  }

private:
  /// What each tap of each channel reads at one place.
  void sample(Reals &samples, int64_t n, int64_t row, int64_t column,
              int64_t places, int64_t width) const {
    int64_t groups = context_.node.integer("offset_groups");
    int64_t kernel = wSizes_[2] * wSizes_[3], channels = xSizes_[1];
    int64_t place = row * width + column;
    for (int64_t c = 0; c < channels; ++c) {
      int64_t group = c / (channels / groups);
      const double *plane =
          x_.from((n * channels + c) * xSizes_[2] * xSizes_[3]);
      for (int64_t k = 0; k < kernel; ++k) {
        int64_t tap = (n * groups + group) * kernel + k;
        double down = offset_[2 * tap * places + place];
        double right = offset_[(2 * tap + 1) * places + place];
        auto y = static_cast<double>(window_[0].start(row) +
                                     k / wSizes_[3] * window_[0].dilation);
        auto x = static_cast<double>(window_[1].start(column) +
                                     k % wSizes_[3] * window_[1].dilation);
        double value =
            bilinear(plane, xSizes_[2], xSizes_[3], y + down, x + right);
        samples[c * kernel + k] =
            mask_.empty() ? value : value * mask_[tap * places + place];
      }
    }
  }

  double sum(const Reals &samples, int64_t o) const {
    int64_t groups = context_.node.integer("groups");
    int64_t each = wSizes_[1] * wSizes_[2] * wSizes_[3];
    int64_t group = o / (wSizes_[0] / groups);
    const double *in = samples.from(group * each);
    const double *weights = weights_.from(o * each);
    double sum = 0;
    for (int64_t i = 0; i < each; ++i)
      sum += in[i] * weights[i];
    return bias_.empty() ? sum : sum + bias_[o];
  }

  const EvalContext &context_;
  Reals x_, weights_, offset_, bias_, mask_;
  std::span<const int64_t> xSizes_, wSizes_;
  Window window_;
};

Result<Tensors> evaluate(const EvalContext &context) {
  return single(RUNE_TRY(Convolution(context).run()));
}

} // namespace

OpDefinition defineDeformConv() {
  return {{3, 5},
          {1, 1},
          {perAxisSpec("dilations"),
           {"groups", AttributeKind::Integer, int64_t{1}, {}},
           {"layout", AttributeKind::Text, std::string("NCX"), {"NCX"}},
           {"offset_groups", AttributeKind::Integer, int64_t{1}, {}},
           perAxisSpec("pads"),
           perAxisSpec("strides")},
          infer,
          evaluate,
          completeWindow};
}

} // namespace rune::graph
