// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// grid_sample(x, grid): each place of the result names, in numbers from -1 to
// 1, where in x it is taken from; the last dimension of the grid counts from
// the last spatial dimension of x to the first.
//
// source  ONNX GridSample-22; Jaderberg et al. 2015, arXiv:1506.02025; the
// cubic
//         kernel has a = -0.75
#include "graph/ops/reals.h"
#include "graph/rows.h"

#include <algorithm>
#include <cmath>

namespace rune::graph {

namespace {

constexpr size_t mostAxes = 6;

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0), &grid = context.type(1);
  // grid_sample.1: numbers, and a grid of floats
  if (!isNumeric(x.dtype) || !isFloat(grid.dtype))
    return context.fail(1, "needs numbers and a grid of floats, got {} and {}",
                        x.str(), grid.str());
  // grid_sample.2: batch, channels and 1 to 6 spatial dimensions
  size_t rank = x.dims.size();
  if (rank < 3 || rank > mostAxes + 2 || grid.dims.size() != rank)
    return context.fail(2, "x is {}, the grid {}", x.str(), grid.str());
  // grid_sample.3: the grid has a place in each spatial dimension
  if (!unify(grid.dims.back(), Dim(static_cast<int64_t>(rank - 2))) ||
      !unify(grid.dims[0], x.dims[0]))
    return context.fail(3, "the grid {} for x {}", grid.str(), x.str());
  // grid_sample.4: there is something to take
  for (size_t i = 2; i < rank; ++i)
    if (x.dims[i] == Dim(0))
      return context.fail(4, "x {} has nothing to take", x.str());
  // grid_sample.5: `align_corners` is 0 or 1
  if (int64_t flag = context.node.integer("align_corners"); flag >> 1 != 0)
    return context.fail(5, "`align_corners` is {}, must be 0 or 1", flag);
  Dims dims = {*unify(x.dims[0], grid.dims[0]), x.dims[1]};
  dims.insert(dims.end(), grid.dims.begin() + 1, grid.dims.end() - 1);
  return Types{{x.dtype, dims}};
}

enum class Padding : uint8_t { Zeros, Border, Reflection };

/// x thrown back between low and high as often as it takes.
double reflected(double x, double low, double high) {
  double span = high - low;
  if (!(span > 0))
    return low;
  double away = std::fmod(std::abs(x - low), 2 * span);
  return low + (away > span ? 2 * span - away : away);
}

/// Along one axis: where the taps stand, and what each counts.
struct AxisTaps {
  std::array<int64_t, 4> index = {};
  std::array<double, 4> weight = {};
  size_t count = 0;

  void add(int64_t at, double share) {
    index[count] = at;
    weight[count++] = share;
  }
};

class Sampler {
public:
  explicit Sampler(const EvalContext &context)
      : context_(context), sizes_(context.input(0).sizes),
        axes_(sizes_.size() - 2), mode_(context.node.text("mode")),
        aligned_(context.node.integer("align_corners") != 0) {
    std::string_view padding = context.node.text("padding");
    padding_ = padding == "border"       ? Padding::Border
               : padding == "reflection" ? Padding::Reflection
                                         : Padding::Zeros;
  }

  Result<Tensor> run() {
    Reals x = RUNE_TRY(Reals::of(context_, 0));
    Reals grid = RUNE_TRY(Reals::of(context_, 1));
    Reals y = RUNE_TRY(Reals::zeros(
        context_, RUNE_TRY(elementCount(context_.results[0].sizes()))));
    int64_t batch = sizes_[0], channels = sizes_[1], plane = 1, places = 1;
    for (size_t d = 0; d < axes_; ++d) {
      plane *= sizes_[2 + d];
      places *= context_.input(1).sizes[1 + d];
    }
    for (int64_t n = 0; n < (y.empty() ? 0 : batch); ++n)
      for (int64_t p = 0; p < places; ++p) {
        const double *place =
            grid.from((n * places + p) * static_cast<int64_t>(axes_));
        // the grid counts axes from the last
        for (size_t d = 0; d < axes_; ++d)
          taps_[d] = tapsOf(place[axes_ - 1 - d], sizes_[2 + d]);
        spread();
        if (!context_.budget.spend(static_cast<uint64_t>(channels) *
                                   corners_.size()))
          return context_.budget.expired();
        for (int64_t c = 0; c < channels; ++c) {
          double sum = 0;
          for (const auto &[offset, weight] : corners_)
            sum += weight * x[(n * channels + c) * plane + offset];
          y[(n * channels + c) * places + p] = sum;
        }
      }
    return narrowed(context_, y);
  }

private:
  /// From [-1, 1] to indices.
  double denormalized(double at, int64_t size) const {
    auto n = static_cast<double>(size);
    return aligned_ ? (at + 1) / 2 * (n - 1) : ((at + 1) * n - 1) / 2;
  }

  /// A place within x, as the padding says; zeros leave it where it is.
  double padded(double at, int64_t size) const {
    auto last = static_cast<double>(size - 1);
    // NaN and what no index reaches: far outside
    if (!(std::abs(at) < 0x1p40))
      at = std::isnan(at) || at < 0 ? -0x1p40 : 0x1p40;
    if (padding_ == Padding::Border)
      return std::clamp(at, 0.0, last);
    if (padding_ == Padding::Reflection)
      return aligned_ ? reflected(at, 0, last)
                      : reflected(at, -0.5, last + 0.5);
    return at;
  }

  /// What stands beyond the edges, half an element outside or at the last one,
  /// comes in before it is split into taps.
  double settled(double place, int64_t size) const {
    double edge = aligned_ ? 0 : 0.5;
    bool within =
        place >= -edge && place <= static_cast<double>(size - 1) + edge;
    return within ? place : padded(place, size);
  }

  /// In float, as the runtimes count; of two the even one.
  int64_t nearest(double at, int64_t size) const {
    auto grid = static_cast<float>(at), n = static_cast<float>(size);
    float place =
        aligned_ ? (grid + 1) / 2 * (n - 1) : ((grid + 1) * n - 1) / 2;
    return static_cast<int64_t>(padded(std::nearbyint(place), size));
  }

  /// A tap of an index, if it counts.
  void addTap(AxisTaps &taps, int64_t at, int64_t size, double weight) const {
    if (weight == 0)
      return;
    if (at < 0 || at >= size) {
      if (padding_ == Padding::Zeros)
        return;
      at = static_cast<int64_t>(
          std::nearbyint(padded(static_cast<double>(at), size)));
      at = std::clamp<int64_t>(at, 0, size - 1);
    }
    taps.add(at, weight);
  }

  AxisTaps tapsOf(double at, int64_t size) const {
    AxisTaps taps;
    if (mode_ == "nearest") {
      addTap(taps, nearest(at, size), size, 1);
      return taps;
    }
    double place = settled(denormalized(at, size), size);
    if (mode_ == "cubic") {
      double base = std::floor(place), t = place - base;
      constexpr double a = -0.75;
      auto far = [&](double d) {
        return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
      };
      auto near = [&](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
      auto first = static_cast<int64_t>(base);
      addTap(taps, first - 1, size, far(t + 1));
      addTap(taps, first, size, near(t));
      addTap(taps, first + 1, size, near(1 - t));
      addTap(taps, first + 2, size, far(2 - t));
      return taps;
    }
    double base = std::floor(place), t = place - base;
    addTap(taps, static_cast<int64_t>(base), size, 1 - t);
    addTap(taps, static_cast<int64_t>(base) + 1, size, t);
    return taps;
  }

  /// All combinations of the taps of the axes.
  void spread() {
    corners_.assign(1, {0, 1.0});
    for (size_t d = 0; d < axes_; ++d) {
      std::vector<std::pair<int64_t, double>> next;
      for (const auto &[offset, weight] : corners_)
        for (size_t k = 0; k < taps_[d].count; ++k)
          next.emplace_back(offset * sizes_[2 + d] + taps_[d].index[k],
                            weight * taps_[d].weight[k]);
      corners_ = std::move(next);
    }
  }

  const EvalContext &context_;
  std::span<const int64_t> sizes_;
  size_t axes_;
  std::string_view mode_;
  bool aligned_;
  Padding padding_ = Padding::Zeros;
  std::array<AxisTaps, mostAxes> taps_;
  std::vector<std::pair<int64_t, double>> corners_;
};

Result<Tensors> evaluate(const EvalContext &context) {
  return single(RUNE_TRY(Sampler(context).run()));
}

} // namespace

OpDefinition defineGridSample() {
  return {{2, 2},
          {1, 1},
          {flagSpec("align_corners"),
           {"mode",
            AttributeKind::Text,
            std::string("linear"),
            {"linear", "nearest", "cubic"}},
           {"padding",
            AttributeKind::Text,
            std::string("zeros"),
            {"zeros", "border", "reflection"}}},
          infer,
          evaluate};
}

} // namespace rune::graph
