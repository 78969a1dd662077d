// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  TensorFlow Lite, RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR,
//         versions 1 to 4
#include "import/tflite/node.h"
#include "import/tflite/window.h"

namespace rune::import {
namespace {

/// inputs  input [N, H, W, C], size i32[2]
struct Resize {
  ValueId x;
  ValueId sizes;
};

Result<Resize> read(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  Integers size =
      RUNE_TRY(node.constantIntegers(RUNE_TRY(node.input(1, "size")), "size"));
  if (node.rank(x) != 4 || size.size() != 2)
    return node.fail("`input` is `{}` and `size` has {} numbers, needs four "
                     "dimensions and two numbers",
                     node.type(x).str(), size.size());
  for (int64_t number : size)
    RUNE_TRY(positive(node, "a size", number));
  return Resize{x, RUNE_TRY(node.integers("sizes", size))};
}

std::string_view modeOf(bool alignCorners, bool halfPixel,
                        std::string_view half) {
  return alignCorners ? "align_corners" : halfPixel ? half : "asymmetric";
}

} // namespace

Imported importTfliteResizeNearestNeighbor(TfliteNode &node) {
  const auto *options = RUNE_TRY(node.options<tflite::ResizeNearestOptions>());
  Resize resize = RUNE_TRY(read(node));
  bool corners = options->align_corners();
  std::string mode(
      modeOf(corners, options->half_pixel_centers(), "tf_half_pixel_for_nn"));
  return std::vector{RUNE_TRY(
      node.one(Op::ResizeNearest, {resize.x, resize.sizes},
               {{"axes", Integers{1, 2}},
                {"coordinate_transformation_mode", mode},
                {"nearest_mode", corners ? "round_prefer_ceil" : "floor"}}))};
}

Imported importTfliteResizeBilinear(TfliteNode &node) {
  const auto *options = RUNE_TRY(node.options<tflite::ResizeBilinearOptions>());
  Resize resize = RUNE_TRY(read(node));
  std::string mode(modeOf(options->align_corners(),
                          options->half_pixel_centers(), "half_pixel"));
  return std::vector{RUNE_TRY(node.one(
      Op::ResizeLinear, {resize.x, resize.sizes},
      {{"axes", Integers{1, 2}}, {"coordinate_transformation_mode", mode}}))};
}

} // namespace rune::import
