// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that read between the elements of pictures, and those of boxes.
//
// source  ONNX operators, GridSample-16, 20, 22; AffineGrid-20; RoiAlign-10,
// 16,
//         22; MaxRoiPool-1, 22; NonMaxSuppression-10, 11
#include "import/onnx/shapes.h"

#include <algorithm>

namespace rune::import {
namespace {

Result<std::string> modeOf(OnnxNode &node) {
  std::string mode = RUNE_TRY(node.text("mode")).value_or("linear");
  bool old = node.opset() < 20;
  if (mode == "bilinear" || (mode == "linear" && !old))
    return std::string("linear");
  if (mode == "bicubic" || (mode == "cubic" && !old))
    return std::string("cubic");
  if (mode == "nearest")
    return mode;
  if (mode == "linear") // what stands where nothing is said
    return mode;
  return node.fail("`mode` is `{}`, needs `nearest`, `{}` or `{}`", mode,
                   old ? "bilinear" : "linear", old ? "bicubic" : "cubic");
}

} // namespace

/// inputs  X [N, C, …], grid [N, …, k]
/// result  [N, C, …] of the sizes of the grid
/// errors  unknown `mode` or `padding_mode`
Imported importGridSample(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  ValueId grid = RUNE_TRY(node.input(1, "grid"));
  std::string mode = RUNE_TRY(modeOf(node));
  std::string padding = RUNE_TRY(node.text("padding_mode")).value_or("zeros");
  if (padding != "zeros" && padding != "border" && padding != "reflection")
    return node.fail("`padding_mode` is `{}`, needs `zeros`, `border` or "
                     "`reflection`",
                     padding);
  bool aligned = RUNE_TRY(node.flag("align_corners", false));
  return std::vector{RUNE_TRY(node.one(Op::GridSample, {x, grid},
                                       {{"align_corners", int64_t{aligned}},
                                        {"mode", std::move(mode)},
                                        {"padding", std::move(padding)}}))};
}

/// inputs  theta [N, k, k + 1], size i64[k + 2]
/// result  [N, …, k]
Imported importAffineGrid(OnnxNode &node) {
  ValueId theta = RUNE_TRY(node.input(0, "theta"));
  ValueId size = RUNE_TRY(node.input(1, "size"));
  bool aligned = RUNE_TRY(node.flag("align_corners", false));
  return std::vector{RUNE_TRY(node.one(Op::AffineGrid, {theta, size},
                                       {{"align_corners", int64_t{aligned}}}))};
}

/// inputs  X [N, C, H, W], rois [R, 4], batch_indices [R]
/// result  [R, C, output_height, output_width]
/// errors  unknown `mode` or `coordinate_transformation_mode`
Imported importRoiAlign(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  ValueId rois = RUNE_TRY(node.input(1, "rois"));
  ValueId batch = RUNE_TRY(node.input(2, "batch_indices"));
  std::string mode = RUNE_TRY(node.text("mode")).value_or("avg");
  if (mode != "avg" && mode != "max")
    return node.fail("`mode` is `{}`, needs `avg` or `max`", mode);
  std::string places = "output_half_pixel";
  if (node.opset() >= 16)
    places = RUNE_TRY(node.text("coordinate_transformation_mode"))
                 .value_or("half_pixel");
  if (places != "half_pixel" && places != "output_half_pixel")
    return node.fail("`coordinate_transformation_mode` is `{}`, needs "
                     "`half_pixel` or `output_half_pixel`",
                     places);
  int64_t height = RUNE_TRY(node.integer("output_height", 1));
  int64_t width = RUNE_TRY(node.integer("output_width", 1));
  int64_t ratio = RUNE_TRY(node.integer("sampling_ratio", 0));
  double scale = RUNE_TRY(node.number("spatial_scale", 1));
  return std::vector{
      RUNE_TRY(node.one(Op::RoiAlign, {x, rois, batch},
                        {{"coordinate_transformation_mode", std::move(places)},
                         {"height", height},
                         {"mode", std::move(mode)},
                         {"sampling_ratio", ratio},
                         {"spatial_scale", scale},
                         {"width", width}}))};
}

/// inputs  X [N, C, H, W], rois [R, 5]
/// result  [R, C, …] of `pooled_shape`
/// errors  `pooled_shape` missing, of other than two numbers
Imported importMaxRoiPool(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  ValueId rois = RUNE_TRY(node.input(1, "rois"));
  auto shape = RUNE_TRY(node.integers("pooled_shape"));
  if (!shape || shape->size() != 2)
    return node.fail("`pooled_shape` has {} numbers, needs 2",
                     shape ? shape->size() : 0);
  double scale = RUNE_TRY(node.number("spatial_scale", 1));
  return std::vector{RUNE_TRY(node.one(Op::MaxRoiPool, {x, rois},
                                       {{"height", (*shape)[0]},
                                        {"spatial_scale", scale},
                                        {"width", (*shape)[1]}}))};
}

/// inputs  boxes [N, B, 4], scores [N, C, B]; max_output_boxes_per_class?,
///         iou_threshold?, score_threshold?, known before the run or not
/// result  i64 [?, 3]: batch element, class, box
Imported importNonMaxSuppression(OnnxNode &node) {
  std::vector<ValueId> in = {RUNE_TRY(node.input(0, "boxes")),
                             RUNE_TRY(node.input(1, "scores"))};
  for (size_t i = 2; i < 5; ++i)
    in.push_back(node.optionalInput(i));
  for (size_t i = 2; i < 5; ++i) // an empty one is none
    if (in[i] != noValue && node.rank(in[i]) == 1 &&
        node.type(in[i]).dims[0] == Dim(0))
      in[i] = noValue;
  bool center = RUNE_TRY(node.flag("center_point_box", false));
  return std::vector{
      RUNE_TRY(node.one(Op::NonMaxSuppression, std::move(in),
                        {{"center_point_box", int64_t{center}}}))};
}

} // namespace rune::import
