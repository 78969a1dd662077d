// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// resize_linear(x, sizes): each element is interpolated between its neighbours
// along each axis. Of floats with float weights; of integers with weights of 10
// bits after the point, as TensorFlow Lite's reference does.
//
// source  ONNX Resize-19; TensorFlow Lite's RESIZE_BILINEAR
#include "graph/ops/resize_axis.h"
#include "graph/rows.h"
#include "graph/small_types.h"

#include <algorithm>
#include <cmath>

namespace rune::graph {

namespace {

constexpr size_t mostAxes = 8;
constexpr int64_t unit = 1 << 10;

bool isFixedPoint(DType dtype) {
  return dtype == DType::I8 || dtype == DType::U8 || dtype == DType::I16;
}

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0);
  // resize_linear.1: floats or small integers
  if (!isFloat(x.dtype) && !isFixedPoint(x.dtype))
    return context.fail(1, "needs floats, i8, u8 or i16, got {}", x.str());
  size_t axes = context.node.integers("axes").size();
  // resize_linear.2: few axes
  if (isFloat(x.dtype) ? axes > mostAxes : axes != 2)
    return context.fail(2, "{} axes of {}", axes, x.str());
  int64_t largest = isFloat(x.dtype) ? INT32_MAX : (1 << 20) - 1;
  return Types{{x.dtype, RUNE_TRY(inferResize(context, largest))}};
}

/// The two neighbours of one index, as offsets, and what each counts.
template <class W> struct Neighbours {
  int64_t lower = 0, upper = 0;
  W lowerWeight = 1, upperWeight = 0;
};

template <class W>
Neighbours<W> neighbours(const ResizeAxis &axis, int64_t at, int64_t stride) {
  if constexpr (std::is_integral_v<W>) {
    int64_t d = axis.size, n = axis.newSize;
    int64_t scale = axis.aligned() ? (unit * (d - 1) + (n - 1) / 2) / (n - 1)
                                   : (unit * d + n / 2) / n;
    int64_t place = at * scale;
    if (axis.mode == "half_pixel")
      place += scale / 2 - unit / 2;
    int64_t lower = std::clamp<int64_t>(place / unit, 0, d - 1);
    int64_t upper = std::clamp<int64_t>((place + unit - 1) / unit, 0, d - 1);
    int64_t part = place - unit * lower;
    return {lower * stride, upper * stride, unit - part, part};
  } else {
    float place =
        std::clamp(axis.place(at), 0.0F, static_cast<float>(axis.size - 1));
    auto lower = static_cast<int64_t>(place);
    lower = std::min(lower, axis.size - 1);
    int64_t upper = std::min(lower + 1, axis.size - 1);
    W part = static_cast<W>(place) - static_cast<W>(lower);
    return {lower * stride, upper * stride, 1 - part, part};
  }
}

template <class W> struct Corner {
  int64_t offset = 0;
  W weight = 1;
};

/// Both neighbours of every corner so far; those that count nothing are left
/// out.
template <class W>
void spread(std::vector<Corner<W>> &corners, const Neighbours<W> &next) {
  std::vector<Corner<W>> all;
  for (const Corner<W> &corner : corners) {
    if (next.lowerWeight != 0)
      all.push_back(
          {corner.offset + next.lower, corner.weight * next.lowerWeight});
    if (next.upperWeight != 0)
      all.push_back(
          {corner.offset + next.upper, corner.weight * next.upperWeight});
  }
  corners = std::move(all);
}

/// Sums of integers carry 20 bits after the point.
template <class W> W finished(DType dtype, W sum) {
  if constexpr (std::is_integral_v<W>) {
    constexpr int64_t half = int64_t{1} << 19;
    int64_t rounded = (sum > 0 ? sum + half : sum - half) / (unit * unit);
    auto [low, high] = integerLimits(dtype);
    return std::clamp(rounded, low, high);
  } else {
    return sum;
  }
}

/// Adds what one corner gives to a run of a row, whose neighbours are `next`;
/// null where the row is not resized.
template <class W> class RowSum {
public:
  explicit RowSum(const TensorView &x) : x_(x) {}

  void start(int64_t from, int64_t count) {
    from_ = from;
    count_ = static_cast<size_t>(count);
    sums_.fill(0);
  }
  void add(const Corner<W> &corner, const Neighbours<W> *next) {
    if (!next) {
      x_.read({corner.offset + from_, 1, static_cast<int64_t>(count_)},
              lower_.data());
      for (size_t i = 0; i < count_; ++i)
        sums_[i] += lower_[i] * corner.weight;
      return;
    }
    next += from_;
    gather(corner.offset, next, &Neighbours<W>::lower, lower_);
    gather(corner.offset, next, &Neighbours<W>::upper, upper_);
    for (size_t i = 0; i < count_; ++i) {
      if (next[i].lowerWeight != 0)
        sums_[i] += lower_[i] * (corner.weight * next[i].lowerWeight);
      if (next[i].upperWeight != 0)
        sums_[i] += upper_[i] * (corner.weight * next[i].upperWeight);
    }
  }
  const RunBuffer<W> &finish(DType dtype) {
    for (size_t i = 0; i < count_; ++i)
      sums_[i] = finished(dtype, sums_[i]);
    return sums_;
  }

private:
  void gather(int64_t offset, const Neighbours<W> *next,
              int64_t Neighbours<W>::*which, RunBuffer<W> &to) {
    for (size_t i = 0; i < count_; ++i)
      places_[i] = offset + next[i].*which;
    x_.gather(std::span(places_).first(count_), to.data());
  }

  Numbers<W> x_;
  int64_t from_ = 0;
  size_t count_ = 0;
  RunBuffer<W> sums_{}, lower_{}, upper_{};
  RunBuffer<int64_t> places_{};
};

template <class W> Result<> resize(const EvalContext &context, Tensor &result) {
  const auto &axes = context.node.integers("axes");
  const std::vector<int64_t> &sizes = result.sizes();
  std::span<const int64_t> x = context.input(0).sizes;
  Strides strides = rowMajorStrides(x);
  size_t rank = sizes.size();
  std::vector<std::vector<Neighbours<W>>> all(rank);
  for (int64_t d : axes)
    for (int64_t i = 0; i < sizes[d]; ++i)
      all[d].push_back(neighbours<W>(
          {x[d], sizes[d], context.node.text("coordinate_transformation_mode")},
          i, strides[d]));
  RowSum<W> row(context.input(0));
  NumberSink<W> out(result);
  int64_t at = 0;
  // one row of the result: the corners of the outer axes are the same
  size_t outer = rank == 0 ? 0 : rank - 1;
  int64_t count = rank == 0 ? 1 : sizes[outer];
  bool alongRow = rank != 0 && !all[outer].empty();
  Odometer place(std::span<const int64_t>(sizes).first(outer));
  do {
    std::vector<Corner<W>> corners = {{}};
    for (size_t d = 0; d < outer; ++d)
      if (!all[d].empty())
        spread(corners, all[d][static_cast<size_t>(place.at()[d])]);
      else
        for (Corner<W> &corner : corners)
          corner.offset += place.at()[d] * strides[d];
    if (!context.budget.spend(static_cast<uint64_t>(count) * corners.size()))
      return context.budget.expired();
    for (int64_t from = 0; from < count; from += runLength) {
      int64_t length = std::min(count - from, runLength);
      row.start(from, length);
      for (const Corner<W> &corner : corners)
        row.add(corner, alongRow ? all[outer].data() : nullptr);
      out.write(row.finish(result.dtype()).data(), {at, 1, length});
      at += length;
    }
  } while (place.advance());
  return {};
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  if (result.count() == 0)
    return single(std::move(result));
  uint64_t bytes = 0;
  for (int64_t d : context.node.integers("axes"))
    bytes += static_cast<uint64_t>(result.sizes()[static_cast<size_t>(d)]) *
             sizeof(Neighbours<double>);
  RUNE_TRY(context.budget.reserve(bytes));
  RUNE_TRY(isFixedPoint(result.dtype())
               ? resize<int64_t>(context, result)
               : withFloatNumbers(result.dtype(), [&]<class W>(Type<W>) {
                   return resize<W>(context, result);
                 }));
  context.budget.release(bytes);
  return single(std::move(result));
}

} // namespace

OpDefinition defineResizeLinear() {
  return {{2, 2},
          {1, 1},
          {{"axes", AttributeKind::Integers, std::vector<int64_t>(), {}},
           {"coordinate_transformation_mode",
            AttributeKind::Text,
            std::string("half_pixel"),
            {"half_pixel", "asymmetric", "align_corners"}}},
          infer,
          evaluate,
          completeResize};
}

} // namespace rune::graph
