// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// roi_align(x, rois, batch): boxes [x1, y1, x2, y2] of a picture, each cut into
// equal bins; a bin is the mean, or the largest, of samples between the
// elements.
//
// source  ONNX RoiAlign-22 and its reference implementation; He et al. 2017,
//         arXiv:1703.06870
#include "graph/ops/indices.h"
#include "graph/ops/reals.h"

#include <algorithm>
#include <cmath>

namespace rune::graph {

namespace {

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0), &rois = context.type(1),
                   &batch = context.type(2);
  // roi_align.1: floats of one type, and indices
  if (!isFloat(x.dtype) || rois.dtype != x.dtype || !isIndex(batch.dtype))
    return context.fail(1,
                        "needs floats of one type and indices, got {}, {}, {}",
                        x.str(), rois.str(), batch.str());
  // roi_align.2: x [N, C, H, W], rois [R, 4], batch [R]
  if (x.dims.size() != 4 || rois.dims.size() != 2 || batch.dims.size() != 1 ||
      !unify(rois.dims[1], Dim(4)) || !unify(rois.dims[0], batch.dims[0]))
    return context.fail(2, "x is {}, rois {}, batch {}", x.str(), rois.str(),
                        batch.str());
  int64_t height = context.node.integer("height");
  int64_t width = context.node.integer("width");
  int64_t ratio = context.node.integer("sampling_ratio");
  // roi_align.3: sizes from 1 to 2^16, samples from 0 to 2^16, a scale above 0
  constexpr int64_t most = 1 << 16;
  double scale = context.node.number("spatial_scale");
  if (height < 1 || height > most || width < 1 || width > most || ratio < 0 ||
      ratio > most || !(scale > 0))
    return context.fail(3, "{} x {} bins, {} samples, a scale of {}", height,
                        width, ratio, scale);
  return Types{{x.dtype,
                {*unify(rois.dims[0], batch.dims[0]), x.dims[1], Dim(height),
                 Dim(width)}}};
}

/// Between four elements. Up to one step outside the edge counts, beyond it
/// there is nothing.
struct Corners {
  int64_t offset[4] = {};
  double weight[4] = {};
};

Corners cornersAt(double y, double x, int64_t height, int64_t width) {
  Corners corners;
  auto h = static_cast<double>(height), w = static_cast<double>(width);
  if (height == 0 || width == 0 || !(y >= -1 && y <= h && x >= -1 && x <= w))
    return corners;
  auto split = [](double at, int64_t size) {
    at = std::max(at, 0.0);
    auto low = static_cast<int64_t>(at);
    if (low >= size - 1)
      return std::tuple(size - 1, size - 1, 0.0);
    return std::tuple(low, low + 1, at - static_cast<double>(low));
  };
  auto [top, bottom, down] = split(y, height);
  auto [left, right, across] = split(x, width);
  int64_t rows[] = {top, top, bottom, bottom};
  int64_t columns[] = {left, right, left, right};
  double weights[] = {(1 - down) * (1 - across), (1 - down) * across,
                      down * (1 - across), down * across};
  for (int i = 0; i < 4; ++i) {
    corners.offset[i] = rows[i] * width + columns[i];
    corners.weight[i] = weights[i];
  }
  return corners;
}

class Aligner {
public:
  explicit Aligner(const EvalContext &context)
      : context_(context), sizes_(context.input(0).sizes),
        bins_{context.node.integer("height"), context.node.integer("width")},
        ratio_(context.node.integer("sampling_ratio")),
        scale_(context.node.number("spatial_scale")),
        halfPixel_(context.node.text("coordinate_transformation_mode") ==
                   "half_pixel"),
        largest_(context.node.text("mode") == "max") {}

  Result<Tensor> run() {
    x_ = RUNE_TRY(Reals::of(context_, 0));
    Reals rois = RUNE_TRY(Reals::of(context_, 1));
    y_ = RUNE_TRY(Reals::zeros(
        context_, RUNE_TRY(elementCount(context_.results[0].sizes()))));
    Indices batch(context_.input(2));
    int64_t count = context_.input(1).sizes[0];
    for (int64_t r = 0; r < count; ++r) {
      auto n = batch.place(r, sizes_[0]);
      // roi_align.4: batch elements that are there
      if (!n || batch[r] < 0)
        return context_.fail(4, "box {} of batch element {}, there are {}", r,
                             batch[r], sizes_[0]);
      if (!y_.empty())
        RUNE_TRY(box(r, *n, rois.from(4 * r)));
    }
    return narrowed(context_, y_);
  }

private:
  /// Samples along one side of a bin of that size.
  Result<int64_t> samples(double bin) const {
    if (ratio_ > 0)
      return ratio_;
    double wanted = std::ceil(bin);
    // roi_align.5: boxes that can be sampled
    if (!(wanted <= 1 << 16))
      return context_.fail(5, "a bin of {} elements", bin);
    return static_cast<int64_t>(std::max(wanted, 0.0));
  }

  Result<> box(int64_t r, int64_t n, const double *roi) {
    double shift = halfPixel_ ? 0.5 : 0;
    double left = roi[0] * scale_ - shift, top = roi[1] * scale_ - shift;
    double width = roi[2] * scale_ - shift - left;
    double height = roi[3] * scale_ - shift - top;
    if (!halfPixel_) { // boxes of at least one element
      width = std::max(width, 1.0);
      height = std::max(height, 1.0);
    }
    double binHeight = height / static_cast<double>(bins_[0]);
    double binWidth = width / static_cast<double>(bins_[1]);
    int64_t rows = RUNE_TRY(samples(binHeight));
    int64_t columns = RUNE_TRY(samples(binWidth));
    for (int64_t p = 0; p < bins_[0]; ++p)
      for (int64_t q = 0; q < bins_[1]; ++q)
        RUNE_TRY(
            bin(r, n, p * bins_[1] + q,
                {top + static_cast<double>(p) * binHeight, binHeight, rows},
                {left + static_cast<double>(q) * binWidth, binWidth, columns}));
    return {};
  }

  struct Side {
    double begin, size;
    int64_t samples;

    double at(int64_t i) const {
      return begin + (static_cast<double>(i) + 0.5) * size /
                         static_cast<double>(samples);
    }
  };

  Result<> bin(int64_t r, int64_t n, int64_t place, const Side &rows,
               const Side &columns) {
    int64_t channels = sizes_[1], plane = sizes_[2] * sizes_[3];
    int64_t cells = bins_[0] * bins_[1];
    auto count = static_cast<double>(
        std::max<int64_t>(1, rows.samples * columns.samples));
    bool first = true;
    for (int64_t i = 0; i < rows.samples; ++i)
      for (int64_t j = 0; j < columns.samples; ++j) {
        if (!context_.budget.spend(static_cast<uint64_t>(channels) * 4))
          return context_.budget.expired();
        Corners corners =
            cornersAt(rows.at(i), columns.at(j), sizes_[2], sizes_[3]);
        for (int64_t c = 0; c < channels; ++c) {
          const double *x = x_.from((n * channels + c) * plane);
          double &y = y_[(r * channels + c) * cells + place];
          double parts[4];
          for (int k = 0; k < 4; ++k)
            parts[k] = corners.weight[k] == 0
                           ? 0
                           : corners.weight[k] * x[corners.offset[k]];
          if (largest_) {
            double most = std::max({parts[0], parts[1], parts[2], parts[3]});
            y = first ? most : std::max(y, most);
          } else {
            y += (parts[0] + parts[1] + parts[2] + parts[3]) / count;
          }
        }
        first = false;
      }
    return {};
  }

  const EvalContext &context_;
  std::span<const int64_t> sizes_;
  int64_t bins_[2];
  int64_t ratio_;
  double scale_;
  bool halfPixel_, largest_;
  Reals x_, y_;
};

Result<Tensors> evaluate(const EvalContext &context) {
  return single(RUNE_TRY(Aligner(context).run()));
}

} // namespace

OpDefinition defineRoiAlign() {
  return {{3, 3},
          {1, 1},
          {{"coordinate_transformation_mode",
            AttributeKind::Text,
            std::string("half_pixel"),
            {"half_pixel", "output_half_pixel"}},
           {"height", AttributeKind::Integer, int64_t{1}, {}},
           {"mode", AttributeKind::Text, std::string("avg"), {"avg", "max"}},
           {"sampling_ratio", AttributeKind::Integer, int64_t{0}, {}},
           {"spatial_scale", AttributeKind::Number, 1.0, {}},
           {"width", AttributeKind::Integer, int64_t{1}, {}}},
          infer,
          evaluate};
}

} // namespace rune::graph
