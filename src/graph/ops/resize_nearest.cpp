// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// resize_nearest(x, sizes): each element is the one of x that stands nearest.
//
// source  ONNX Resize-19; TensorFlow Lite's RESIZE_NEAREST_NEIGHBOR
#include "graph/ops/move.h"
#include "graph/ops/resize_axis.h"
#include "graph/rows.h"

#include <algorithm>
#include <cmath>

namespace rune::graph {

namespace {

Result<Types> infer(const InferContext &context) {
  return Types{{context.dtype(0), RUNE_TRY(inferResize(context, INT32_MAX))}};
}

int64_t nearest(const ResizeAxis &axis, int64_t at, std::string_view mode) {
  float place = axis.place(at);
  if (mode == "floor")
    place = std::floor(place);
  else if (mode == "ceil")
    place = std::ceil(place);
  else if (mode == "round_prefer_floor")
    place = std::ceil(place - 0.5F);
  else
    place = std::floor(place + 0.5F);
  return std::clamp<int64_t>(static_cast<int64_t>(place), 0, axis.size - 1);
}

/// For each dimension of the result, where its indices stand in x.
using Offsets = std::vector<std::vector<int64_t>>;

Offsets offsetsOf(const EvalContext &context,
                  const std::vector<int64_t> &sizes) {
  const auto &axes = context.node.integers("axes");
  std::span<const int64_t> x = context.input(0).sizes;
  Strides strides = rowMajorStrides(x);
  Offsets offsets(sizes.size());
  for (size_t d = 0; d < sizes.size(); ++d) {
    bool resized = std::ranges::count(axes, static_cast<int64_t>(d)) > 0;
    ResizeAxis axis{x[d], sizes[d],
                    context.node.text("coordinate_transformation_mode")};
    for (int64_t i = 0; i < sizes[d]; ++i)
      offsets[d].push_back(
          strides[d] *
          (resized ? nearest(axis, i, context.node.text("nearest_mode")) : i));
  }
  return offsets;
}

Result<Tensors> evaluate(const EvalContext &context) {
  std::vector<int64_t> sizes = context.results[0].sizes();
  bool empty = std::ranges::count(sizes, 0) > 0;
  uint64_t bytes = 0;
  for (int64_t size : sizes) // paid before they are made
    bytes += std::min<uint64_t>(size, uint64_t{1} << 56) * sizeof(int64_t);
  RUNE_TRY(context.budget.reserve(empty ? 0 : bytes));
  Offsets offsets = empty ? Offsets() : offsetsOf(context, sizes);
  const size_t inputs[] = {0};
  Tensor result = RUNE_TRY(
      moveElements(context, inputs, [&](auto &ins, auto *out) -> Result<> {
        if (empty)
          return {};
        static const std::vector<int64_t> origin = {0};
        bool isScalar = sizes.empty();
        const auto &row = isScalar ? origin : offsets.back();
        Odometer outer(std::span<const int64_t>(sizes).first(
            isScalar ? 0 : sizes.size() - 1));
        do {
          if (!context.budget.spend(row.size()))
            return context.budget.expired();
          int64_t from = 0;
          for (size_t d = 0; d < outer.at().size(); ++d)
            from += offsets[d][static_cast<size_t>(outer.at()[d])];
          for (int64_t offset : row)
            *out++ = ins[0][from + offset];
        } while (outer.advance());
        return {};
      }));
  context.budget.release(empty ? 0 : bytes);
  return single(std::move(result));
}

} // namespace

OpDefinition defineResizeNearest() {
  return {
      {2, 2},
      {1, 1},
      {{"axes", AttributeKind::Integers, std::vector<int64_t>(), {}},
       {"coordinate_transformation_mode",
        AttributeKind::Text,
        std::string("half_pixel"),
        {"half_pixel", "asymmetric", "align_corners", "tf_half_pixel_for_nn"}},
       {"nearest_mode",
        AttributeKind::Text,
        std::string("round_prefer_floor"),
        {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}}},
      infer,
      evaluate,
      completeResize};
}

} // namespace rune::graph
