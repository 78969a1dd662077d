// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/transposed.h"

#include <algorithm>

namespace rune::graph {

static constexpr int64_t largestSize = int64_t{1} << 62;

/// How long y is along one dimension; nothing if it cannot be.
static std::optional<Dim> sizeOf(const Dim &size, const WindowAxis &axis) {
  int64_t pads = axis.begin + axis.end;
  if (!size.isFixed() || axis.kernel == 0)
    return axis.kernel != 0 && axis.stride == 1 && pads == axis.extent() - 1
               ? size
               : Dim::unknown();
  if (size.size() == 0)
    return Dim(0);
  int64_t result = 0;
  if (__builtin_mul_overflow(size.size() - 1, axis.stride, &result) ||
      __builtin_add_overflow(result, axis.extent() - pads, &result) ||
      result < 0 || result >= largestSize)
    return std::nullopt;
  return Dim(result);
}

static Result<Dim> checkChannels(const InferContext &context,
                                 const Layout &layout) {
  const Dim &channels = context.dims(0)[layout.channel];
  const Dim &in = context.dims(1)[0], &each = context.dims(1)[1];
  int64_t groups = context.node.integer("groups"), all = 0;
  // conv_transpose.6 conv_transpose_integer.6: channels of x = C
  if (groups < 1 || !unify(channels, in) ||
      (each.isFixed() && __builtin_mul_overflow(each.size(), groups, &all)))
    return context.fail(6,
                        "x {} has {} channels, weights {} take {} in {} "
                        "groups",
                        context.type(0).str(), channels.str(),
                        context.type(1).str(), in.str(), groups);
  // conv_transpose.7 conv_transpose_integer.7: as many in each group
  Dim known = *unify(channels, in);
  if (known.isFixed() && known.size() % groups != 0)
    return context.fail(7, "{} channels do not divide into {} groups",
                        known.str(), groups);
  Dim outputs = each.isFixed() ? Dim(all) : groups == 1 ? each : Dim::unknown();
  // conv_transpose.8 conv_transpose_integer.8: bias[O]
  if (context.has(2) &&
      (context.rank(2) != 1 || !unify(context.dims(2)[0], outputs)))
    return context.fail(8, "bias is {}, must be [{}]", context.type(2).str(),
                        outputs.str());
  return outputs;
}

Result<Dims> inferTransposed(const InferContext &context) {
  const TensorType &x = context.type(0), &weights = context.type(1);
  // conv_transpose.2 conv_transpose_integer.2: batch, channels and at least one
  // spatial dimension
  if (x.dims.size() < 3 || weights.dims.size() != x.dims.size())
    return context.fail(2,
                        "x is {}, weights are {}; both need the same 3 or "
                        "more dimensions",
                        x.str(), weights.str());
  Layout layout(context);
  Window window =
      RUNE_TRY(windowOf(context, layout, std::span(weights.dims).subspan(2)));
  Dims result = x.dims;
  result[layout.channel] = RUNE_TRY(checkChannels(context, layout));
  for (size_t i = 0; i < window.size(); ++i) {
    Dim &dim = result[layout.spatial + i];
    // conv_transpose.5 conv_transpose_integer.5: y has a size
    auto size = sizeOf(dim, window[i]);
    if (!size)
      return context.fail(5,
                          "dimension {} of {} with a window of {}, stride {} "
                          "and pads {} and {} gives no size",
                          layout.spatial + i, x.str(), window[i].extent(),
                          window[i].stride, window[i].begin, window[i].end);
    dim = *size;
  }
  return result;
}

ReachFinder::ReachFinder(const EvalContext &context) {
  Layout layout(context);
  std::span<const int64_t> x = context.input(0).sizes;
  std::span<const int64_t> weights = context.input(1).sizes;
  auto spatial = x.subspan(layout.spatial, layout.spatialRank);
  sizes_.assign(spatial.begin(), spatial.end());
  kernel_.assign(weights.begin() + 2, weights.end());
  window_ = windowAt(context.node, kernel_);
  xSteps_ = spatialStrides(x, layout);
  wSteps_ = rowMajorStrides(kernel_);
}

uint64_t ReachFinder::scratchBytes() const {
  uint64_t most = sizeof(Reach);
  for (int64_t size : kernel_)
    if (__builtin_mul_overflow(most, static_cast<uint64_t>(size), &most))
      return UINT64_MAX;
  return most;
}

Result<std::span<const Reach>> ReachFinder::at(Budget &budget,
                                               std::span<const int64_t> place) {
  reaches_.clear();
  Odometer tap(kernel_);
  do {
    if (!budget.spend(window_.size()))
      return budget.expired();
    Reach reach;
    bool inside = true;
    for (size_t i = 0; i < window_.size() && inside; ++i) {
      const WindowAxis &axis = window_[i];
      int64_t from = place[i] + axis.begin - tap.at()[i] * axis.dilation;
      inside = from >= 0 && from % axis.stride == 0 &&
               from / axis.stride < sizes_[i];
      if (inside) {
        reach.x += from / axis.stride * xSteps_[i];
        reach.weights += tap.at()[i] * wSteps_[i];
      }
    }
    if (inside)
      reaches_.push_back(reach);
  } while (tap.advance());
  return std::span<const Reach>(reaches_);
}

TransposedStrides::TransposedStrides(const EvalContext &context) {
  Layout layout(context);
  Strides x = rowMajorStrides(context.input(0).sizes);
  Strides weights = rowMajorStrides(context.input(1).sizes);
  xBatch = x[0];
  xChannel = x[layout.channel];
  wChannel = weights[0];
  wOutput = weights[1];
  outputsPerGroup = context.input(1).sizes[1];
  channelsPerGroup =
      context.input(0).sizes[layout.channel] / context.node.integer("groups");
}

Result<>
eachTransposed(const EvalContext &context, const Tensor &result,
               FunctionRef<void(int64_t to, int64_t n, int64_t o, int64_t c0,
                                std::span<const Reach> reaches)>
                   body) {
  Layout layout(context);
  std::span<const int64_t> x = context.input(0).sizes;
  const std::vector<int64_t> &y = result.sizes();
  int64_t groups = context.node.integer("groups");
  int64_t outputs = y[layout.channel], inputs = x[layout.channel];
  int64_t taps = inputs / groups;
  Strides yStrides = rowMajorStrides(y), ySteps = spatialStrides(y, layout);
  ReachFinder finder(context);
  // without channels there is nothing to tap, however large the kernel
  uint64_t scratch = inputs == 0 ? 0 : finder.scratchBytes();
  RUNE_TRY(context.budget.reserve(scratch));
  Odometer place(
      std::span<const int64_t>(y).subspan(layout.spatial, layout.spatialRank));
  do {
    std::span<const Reach> reaches;
    if (inputs != 0)
      reaches = RUNE_TRY(finder.at(context.budget, place.at()));
    int64_t offset = place.offset(ySteps);
    for (int64_t n = 0; n < y[0]; ++n)
      for (int64_t o = 0; o < outputs; ++o) {
        if (!context.budget.spend(static_cast<uint64_t>(taps) * reaches.size()))
          return context.budget.expired();
        int64_t group = o / (outputs / groups);
        body(n * yStrides[0] + o * yStrides[layout.channel] + offset, n, o,
             group * taps, reaches);
      }
  } while (place.advance());
  context.budget.release(scratch);
  return {};
}

} // namespace rune::graph
