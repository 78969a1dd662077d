// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// group_normalization(x, scale, bias): the channels of each batch element in
// `groups` (0: each channel alone), each group normalised over its channels and
// all spatial dimensions, with the population variance:
//
//   y = (x - mean) / √(variance + epsilon) · scale + bias
//
// source  ONNX GroupNormalization-21, InstanceNormalization-22; Wu and He 2018,
//         arXiv:1803.08494
#include "graph/ops/reals.h"
#include "graph/ops/window.h"

#include <cmath>

namespace rune::graph {

namespace {

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0);
  // group_normalization.1: floats of one type
  for (size_t i = 0; i < 3; ++i)
    if (!isFloat(x.dtype) || context.dtype(i) != x.dtype)
      return context.fail(1, "needs floats of one type, got {} and {}", x.str(),
                          context.type(i).str());
  // group_normalization.2: batch and channels
  if (x.dims.size() < 2)
    return context.fail(2, "x is {}, needs 2 or more dimensions", x.str());
  const Dim &channels = x.dims[Layout(context).channel];
  int64_t groups = context.node.integer("groups");
  // group_normalization.3: groups of as many channels
  if (groups < 0 ||
      (groups > 0 && channels.isFixed() && channels.size() % groups != 0))
    return context.fail(3, "{} channels in {} groups", channels.str(), groups);
  // group_normalization.4: scale and bias for each channel, or for each group
  for (size_t i : {size_t{1}, size_t{2}})
    if (context.rank(i) != 1 || (!unify(context.dims(i)[0], channels) &&
                                 !unify(context.dims(i)[0], Dim(groups))))
      return context.fail(4, "{} for {} channels in {} groups",
                          context.type(i).str(), channels.str(), groups);
  return Types{x};
}

/// Where the elements of a batch element stand.
struct Plane {
  int64_t batch, channels, spatial, channelStep, spatialStep;

  int64_t at(int64_t n, int64_t c, int64_t s) const {
    return n * channels * spatial + c * channelStep + s * spatialStep;
  }
};

Plane planeOf(const EvalContext &context) {
  Layout layout(context);
  std::span<const int64_t> sizes = context.input(0).sizes;
  Plane plane{sizes[0], sizes[layout.channel], 1, 1, 1};
  for (size_t d = 0; d < layout.spatialRank; ++d)
    plane.spatial *= sizes[layout.spatial + d];
  bool last = layout.channel != 1;
  plane.channelStep = last ? 1 : plane.spatial;
  plane.spatialStep = last ? plane.channels : 1;
  return plane;
}

Result<Tensors> evaluate(const EvalContext &context) {
  Reals x = RUNE_TRY(Reals::of(context, 0));
  if (x.empty())
    return single(RUNE_TRY(context.allocate()));
  Reals scale = RUNE_TRY(Reals::of(context, 1));
  Reals bias = RUNE_TRY(Reals::of(context, 2));
  Plane plane = planeOf(context);
  int64_t groups = context.node.integer("groups");
  int64_t each = groups == 0 ? 1 : plane.channels / groups;
  double epsilon = context.node.number("epsilon");
  auto count = static_cast<double>(each * plane.spatial);
  for (int64_t n = 0; n < plane.batch; ++n)
    for (int64_t first = 0; first < plane.channels; first += each) {
      if (!context.budget.spend(static_cast<uint64_t>(count) * 3))
        return context.budget.expired();
      auto visit = [&](auto &&body) {
        for (int64_t c = first; c < first + each; ++c)
          for (int64_t s = 0; s < plane.spatial; ++s)
            body(x[plane.at(n, c, s)], c);
      };
      double sum = 0, squares = 0;
      visit([&](double v, int64_t) { sum += v; });
      double mean = sum / count;
      visit([&](double v, int64_t) { squares += (v - mean) * (v - mean); });
      double deviation = std::sqrt(squares / count + epsilon);
      visit([&](double &v, int64_t c) {
        int64_t own = scale.size() == plane.channels ? c : c / each;
        int64_t shift = bias.size() == plane.channels ? c : c / each;
        v = (v - mean) / deviation * scale[own] + bias[shift];
      });
    }
  return single(RUNE_TRY(narrowed(context, x)));
}

} // namespace

OpDefinition defineGroupNormalization() {
  return {{3, 3},
          {1, 1},
          {{"epsilon", AttributeKind::Number, 1e-5, {}},
           {"groups", AttributeKind::Integer, int64_t{0}, {}},
           layoutSpec()},
          infer,
          evaluate};
}

} // namespace rune::graph
