// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// non_max_suppression(boxes, scores, most, iou_threshold, score_threshold): for
// each class of each batch element the boxes of the highest scores, without
// those that lie too much over one that was taken.
//
// How many there are shows in the run only. Computed in float, so that ties
// fall as they do elsewhere.
//
// source  ONNX NonMaxSuppression-11 and its reference implementation
#include "graph/ops/indices.h"
#include "graph/ops/reals.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace rune::graph {

namespace {

enum Input : size_t { Boxes, Scores, Most, IouThreshold, ScoreThreshold };

Result<Types> infer(const InferContext &context) {
  const TensorType &boxes = context.type(Boxes), &scores = context.type(Scores);
  // non_max_suppression.1: floats of one type
  for (size_t i : {Boxes, Scores, IouThreshold, ScoreThreshold})
    if (context.has(i) &&
        (!isFloat(boxes.dtype) || !isFloat(context.dtype(i)) ||
         (i == Scores && scores.dtype != boxes.dtype)))
      return context.fail(1, "needs floats, got {} and {}", boxes.str(),
                          context.type(i).str());
  // non_max_suppression.2: boxes [N, B, 4], scores [N, C, B]
  if (boxes.dims.size() != 3 || scores.dims.size() != 3 ||
      !unify(boxes.dims[2], Dim(4)) || !unify(boxes.dims[0], scores.dims[0]) ||
      !unify(boxes.dims[1], scores.dims[2]))
    return context.fail(2, "boxes are {}, scores {}", boxes.str(),
                        scores.str());
  // non_max_suppression.3: single numbers, the first of i32 or i64
  for (size_t i : {Most, IouThreshold, ScoreThreshold})
    if (context.has(i) && (!isSingle(context.type(i)) ||
                           (i == Most && !isIndex(context.dtype(i)))))
      return context.fail(3, "{} must be a single number",
                          context.type(i).str());
  // non_max_suppression.4: `center_point_box` is 0 or 1
  if (int64_t flag = context.node.integer("center_point_box"); flag >> 1 != 0)
    return context.fail(4, "`center_point_box` is {}, must be 0 or 1", flag);
  return Types{{DType::I64, {Dim::unknown(), Dim(3)}}};
}

struct Box {
  float top, left, bottom, right;

  float area() const { return (bottom - top) * (right - left); }
};

Box boxOf(const double *numbers, bool center) {
  float n[4];
  std::transform(numbers, numbers + 4, n,
                 [](double v) { return static_cast<float>(v); });
  if (center)
    return {n[1] - n[3] / 2, n[0] - n[2] / 2, n[1] + n[3] / 2, n[0] + n[2] / 2};
  return {std::min(n[0], n[2]), std::min(n[1], n[3]), std::max(n[0], n[2]),
          std::max(n[1], n[3])};
}

/// How much of both is shared; 0 where they have no area.
float overlap(const Box &a, const Box &b) {
  float height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  float width = std::min(a.right, b.right) - std::max(a.left, b.left);
  if (!(height > 0) || !(width > 0))
    return 0;
  float shared = height * width;
  float all = a.area() + b.area() - shared;
  return a.area() > 0 && b.area() > 0 && all > 0 ? shared / all : 0;
}

class Suppressor {
public:
  explicit Suppressor(const EvalContext &context) : context_(context) {}

  Result<Tensor> run() {
    Reals boxes = RUNE_TRY(Reals::of(context_, Boxes));
    Reals scores = RUNE_TRY(Reals::of(context_, Scores));
    Reals iou = RUNE_TRY(Reals::of(context_, IouThreshold));
    Reals least = RUNE_TRY(Reals::of(context_, ScoreThreshold));
    std::span<const int64_t> sizes = context_.input(Scores).sizes;
    count_ = sizes[2];
    most_ = context_.has(Most) ? Indices(context_.input(Most))[0] : 0;
    threshold_ = iou.empty() ? 0 : static_cast<float>(iou[0]);
    if (!least.empty())
      least_ = static_cast<float>(least[0]);
    center_ = context_.node.integer("center_point_box") != 0;
    uint64_t scratch = cappedProduct(static_cast<uint64_t>(count_),
                                     sizeof(int64_t) + sizeof(Box));
    RUNE_TRY(context_.budget.reserve(scratch));
    for (int64_t n = 0; n < (count_ == 0 ? 0 : sizes[0]); ++n)
      for (int64_t c = 0; c < sizes[1]; ++c) {
        if (!context_.budget.spend(static_cast<uint64_t>(count_)))
          return context_.budget.expired();
        RUNE_TRY(select(n, c, boxes.from(n * count_ * 4),
                        scores.from((n * sizes[1] + c) * count_)));
      }
    context_.budget.release(scratch);
    return result();
  }

private:
  Result<> select(int64_t n, int64_t c, const double *boxes,
                  const double *scores) {
    std::vector<int64_t> order;
    for (int64_t i = 0; i < count_; ++i)
      if (!least_ || static_cast<float>(scores[i]) > *least_)
        order.push_back(i);
    // NaN stands last, equal scores in the order of the boxes
    std::ranges::sort(order, [&](int64_t a, int64_t b) {
      double left = scores[a], right = scores[b];
      if (std::isnan(left) || std::isnan(right) || left == right)
        return std::isnan(left) == std::isnan(right) ? a < b
                                                     : std::isnan(right);
      return left > right;
    });
    std::vector<Box> taken;
    for (int64_t i : order) {
      if (static_cast<int64_t>(taken.size()) >= most_)
        break;
      if (!context_.budget.spend(taken.size()))
        return context_.budget.expired();
      Box box = boxOf(boxes + i * 4, center_);
      if (std::ranges::any_of(taken, [&](const Box &other) {
            return overlap(box, other) > threshold_;
          }))
        continue;
      taken.push_back(box);
      RUNE_TRY(context_.budget.reserve(3 * sizeof(int64_t)));
      selected_.insert(selected_.end(), {n, c, i});
    }
    return {};
  }

  Result<Tensor> result() {
    auto rows = static_cast<int64_t>(selected_.size() / 3);
    Tensor tensor =
        RUNE_TRY(context_.budget.allocate(DType::I64, {rows, int64_t{3}}));
    std::ranges::copy(selected_, elementsOf<int64_t>(tensor));
    context_.budget.release(selected_.size() * sizeof(int64_t));
    return tensor;
  }

  const EvalContext &context_;
  int64_t count_ = 0, most_ = 0;
  float threshold_ = 0;
  std::optional<float> least_;
  bool center_ = false;
  std::vector<int64_t> selected_;
};

Result<Tensors> evaluate(const EvalContext &context) {
  return single(RUNE_TRY(Suppressor(context).run()));
}

} // namespace

OpDefinition defineNonMaxSuppression() {
  return {{2, 5}, {1, 1}, {flagSpec("center_point_box")}, infer, evaluate};
}

} // namespace rune::graph
