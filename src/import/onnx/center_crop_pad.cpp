// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, CenterCropPad-18
#include "import/onnx/shape_values.h"

#include <numeric>

namespace rune::import {

/// inputs  input_data; shape, a size for each of the `axes` (by default all)
/// result  input_data cropped or padded with 0 at both ends of these axes to
///         the sizes; of an odd number the end takes one more
/// errors  axes outside [-r, r)
Imported importCenterCropPad(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input_data"));
  ValueId wanted =
      RUNE_TRY(asList(node, RUNE_TRY(node.input(1, "shape")), "shape"));
  int64_t rank = node.rank(x);
  Integers axes(static_cast<size_t>(rank));
  std::iota(axes.begin(), axes.end(), 0);
  if (auto given = RUNE_TRY(node.integers("axes")))
    axes = *given;
  for (int64_t &axis : axes)
    axis = RUNE_TRY(node.axis(axis, rank, rank, true));

  std::vector<ValueId> sizes;
  for (int64_t axis : axes)
    sizes.push_back(RUNE_TRY(sizesOf(node, x, axis, axis + 1, "size")));
  if (sizes.empty())
    return node.fail("no axes");
  ValueId own = RUNE_TRY(
      node.one(Op::Concat, std::move(sizes), {{"axis", int64_t{0}}}, "sizes"));
  // half of what is missing in front, towards zero; negative pads crop
  ValueId more = RUNE_TRY(node.one(Op::Sub, {wanted, own}, {}, "more"));
  ValueId begins = RUNE_TRY(node.one(
      Op::Div, {more, node.constantIntegers("two", {2})}, {}, "begins"));
  ValueId ends = RUNE_TRY(node.one(Op::Sub, {more, begins}, {}, "ends"));
  ValueId pads = RUNE_TRY(
      node.one(Op::Concat, {begins, ends}, {{"axis", int64_t{0}}}, "pads"));
  return std::vector{RUNE_TRY(node.one(
      Op::Pad, {x, pads, noValue, node.constantIntegers("axes", axes)}))};
}

} // namespace rune::import
