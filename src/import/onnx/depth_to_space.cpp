// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, DepthToSpace-1, 11, 13; SpaceToDepth-1, 13
#include "import/onnx/shape_values.h"

namespace rune::import {
namespace {

struct Blocks {
  ValueId x = noValue;
  int64_t size = 0;
};

Result<Blocks> blocksOf(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  auto size = RUNE_TRY(node.integer("blocksize"));
  if (!size || *size < 1 || *size > INT32_MAX)
    return node.fail("`blocksize` is {}, needs 1 or more",
                     size ? fmt::format("{}", *size) : "missing");
  if (node.rank(x) != 4)
    return node.fail("the input is `{}`, needs four dimensions",
                     node.type(x).str());
  return Blocks{x, *size};
}

Result<> checkDivides(OnnxNode &node, ValueId x, size_t axis, int64_t by) {
  const Dim &dim = node.type(x).dims[axis];
  if (dim.isFixed() && dim.size() % by != 0)
    return node.fail("dimension {} of `{}` is no multiple of {}", axis,
                     node.type(x).str(), by);
  return {};
}

/// Reshape, transpose, reshape; the last sizes are of the first tensor.
Imported rearranged(OnnxNode &node, ValueId x, const std::vector<NewSize> &cut,
                    const Integers &permutation,
                    const std::vector<NewSize> &joined) {
  ValueId blocks = RUNE_TRY(reshaped(node, x, cut, "blocks"));
  ValueId moved = RUNE_TRY(node.one(Op::Transpose, {blocks},
                                    {{"permutation", permutation}}, "moved"));
  ValueId shape = RUNE_TRY(shapeOf(node, x, joined, "result"));
  return std::vector{RUNE_TRY(
      node.one(Op::Reshape, {moved, shape}, {{"allow_zero", int64_t{1}}}))};
}

} // namespace

/// inputs  [N, C, H, W]
/// result  [N, C / b², H · b, W · b], b the blocksize: the channels, seen as
///         [b, b, C / b²] (`mode` DCR) or [C / b², b, b] (CRD), become blocks
/// errors  C is no multiple of b²
Imported importDepthToSpace(OnnxNode &node) {
  auto [x, b] = RUNE_TRY(blocksOf(node));
  std::string mode = "DCR";
  if (node.opset() >= 11)
    mode = RUNE_TRY(node.text("mode")).value_or(mode);
  if (mode != "DCR" && mode != "CRD")
    return node.fail("mode `{}`, needs `DCR` or `CRD`", mode);
  RUNE_TRY(checkDivides(node, x, 1, b * b));
  NewSize block{-1, b, 1}, depth{1, 1, b * b};
  std::vector<NewSize> joined{{0}, depth, {2, b}, {3, b}};
  if (mode == "DCR")
    return rearranged(node, x, {{0}, block, block, depth, {2}, {3}},
                      {0, 3, 4, 1, 5, 2}, joined);
  return rearranged(node, x, {{0}, depth, block, block, {2}, {3}},
                    {0, 1, 4, 2, 5, 3}, joined);
}

/// inputs  [N, C, H, W]
/// result  [N, b² · C, H / b, W / b], b the blocksize: blocks become channels,
///         the place in the block before the channel
/// errors  H or W are no multiples of b
Imported importSpaceToDepth(OnnxNode &node) {
  auto [x, b] = RUNE_TRY(blocksOf(node));
  RUNE_TRY(checkDivides(node, x, 2, b));
  RUNE_TRY(checkDivides(node, x, 3, b));
  NewSize block{-1, b, 1}, height{2, 1, b}, width{3, 1, b};
  return rearranged(node, x, {{0}, {1}, height, block, width, block},
                    {0, 3, 5, 1, 2, 4}, {{0}, {1, b * b}, height, width});
}

} // namespace rune::import
