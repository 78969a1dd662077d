// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// max_roi_pool(x, rois): boxes [batch, x1, y1, x2, y2], both corners included
// and rounded to elements; each is cut into bins, of which the largest element
// is taken. An empty bin gives 0.
//
// source  ONNX MaxRoiPool-22; Girshick 2015, arXiv:1504.08083
#include "graph/ops/reals.h"

#include <algorithm>
#include <cmath>

namespace rune::graph {

namespace {

constexpr int64_t mostBins = 1 << 16;

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0), &rois = context.type(1);
  // max_roi_pool.1: floats of one type
  if (!isFloat(x.dtype) || rois.dtype != x.dtype)
    return context.fail(1, "needs floats of one type, got {} and {}", x.str(),
                        rois.str());
  // max_roi_pool.2: x [N, C, H, W], rois [R, 5]
  if (x.dims.size() != 4 || rois.dims.size() != 2 ||
      !unify(rois.dims[1], Dim(5)))
    return context.fail(2, "x is {}, rois {}", x.str(), rois.str());
  int64_t height = context.node.integer("height");
  int64_t width = context.node.integer("width");
  double scale = context.node.number("spatial_scale");
  // max_roi_pool.3: sizes from 1 to 2^16, a scale above 0
  if (height < 1 || height > mostBins || width < 1 || width > mostBins ||
      !(scale > 0))
    return context.fail(3, "{} x {} bins, a scale of {}", height, width, scale);
  return Types{{x.dtype, {rois.dims[0], x.dims[1], Dim(height), Dim(width)}}};
}

/// Elements [begin, end) of bin `bin` of `bins` along one side.
struct Range {
  int64_t begin, end;
};

Range rangeOf(double first, double last, int64_t bin, int64_t bins,
              int64_t size) {
  double length = std::max(last - first + 1, 1.0);
  double each = length / static_cast<double>(bins);
  auto clamped = [&](double at) {
    return static_cast<int64_t>(std::clamp(at, 0.0, static_cast<double>(size)));
  };
  return {clamped(std::floor(static_cast<double>(bin) * each) + first),
          clamped(std::ceil(static_cast<double>(bin + 1) * each) + first)};
}

Result<Tensors> evaluate(const EvalContext &context) {
  Reals x = RUNE_TRY(Reals::of(context, 0));
  Reals rois = RUNE_TRY(Reals::of(context, 1));
  std::vector<int64_t> y = context.results[0].sizes();
  std::span<const int64_t> sizes = context.input(0).sizes;
  Reals out = RUNE_TRY(Reals::zeros(context, RUNE_TRY(elementCount(y))));
  double scale = context.node.number("spatial_scale");
  for (int64_t r = 0; r < y[0]; ++r) {
    double box[5];
    for (int i = 0; i < 5; ++i) {
      box[i] = i == 0 ? rois[r * 5] : std::round(rois[r * 5 + i] * scale);
      // max_roi_pool.4: boxes of elements, in batch elements that are there
      bool fits = i == 0 ? box[0] >= 0 && box[0] < static_cast<double>(sizes[0])
                         : std::abs(box[i]) < 0x1p40;
      if (!fits)
        return context.fail(4, "box {} holds {}, there are {} batch elements",
                            r, rois[r * 5 + i], sizes[0]);
    }
    auto n = static_cast<int64_t>(box[0]);
    for (int64_t c = 0; c < y[1]; ++c)
      for (int64_t p = 0; p < y[2] * y[3]; ++p) {
        Range rows = rangeOf(box[2], box[4], p / y[3], y[2], sizes[2]);
        Range columns = rangeOf(box[1], box[3], p % y[3], y[3], sizes[3]);
        int64_t height = std::max<int64_t>(0, rows.end - rows.begin);
        int64_t width = std::max<int64_t>(0, columns.end - columns.begin);
        if (!context.budget.spend(static_cast<uint64_t>(height * width)))
          return context.budget.expired();
        double most = height * width == 0 ? 0 : -HUGE_VAL;
        for (int64_t i = rows.begin; i < rows.end; ++i)
          for (int64_t j = columns.begin; j < columns.end; ++j) {
            double v = x[((n * sizes[1] + c) * sizes[2] + i) * sizes[3] + j];
            most = std::isnan(most) || v <= most ? most : v;
          }
        out[(r * y[1] + c) * y[2] * y[3] + p] = most;
      }
  }
  return single(RUNE_TRY(narrowed(context, out)));
}

} // namespace

OpDefinition defineMaxRoiPool() {
  return {{2, 2},
          {1, 1},
          {{"height", AttributeKind::Integer, std::nullopt, {}},
           {"spatial_scale", AttributeKind::Number, 1.0, {}},
           {"width", AttributeKind::Integer, std::nullopt, {}}},
          infer,
          evaluate};
}

} // namespace rune::graph
