// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Expand-8, 13; ConstantOfShape-9, 20, 21, 23, 24, 25;
//         Tile-1, 6, 13
#include "import/onnx/scalar.h"
#include "import/onnx/shape_values.h"
#include "import/onnx/tensor_proto.h"

namespace rune::import {

/// inputs  input; shape
/// result  input stretched to what it and the shape broadcast to
Imported importExpand(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId shape =
      RUNE_TRY(asList(node, RUNE_TRY(node.input(1, "shape")), "shape"));
  return std::vector{RUNE_TRY(node.one(Op::Expand, {x, shape}))};
}

/// inputs  shape
/// result  a tensor of these sizes full of `value`, one element; by default
///         f32 0
Imported importConstantOfShape(OnnxNode &node) {
  ValueId shape =
      RUNE_TRY(asList(node, RUNE_TRY(node.input(0, "input")), "input"));
  graph::Constant value = graph::Constant::of(scalarOf(DType::F32, 0));
  if (const auto *given = RUNE_TRY(node.tensor("value"))) {
    auto decoded = decodeTensor(*given, node.owner());
    if (!decoded)
      return error(decoded.error().code, "{}: `value`, {}", node.layer(),
                   decoded.error().message);
    value = *std::move(decoded);
    for (int64_t size : value.sizes)
      if (size != 1)
        return node.fail("`value` is `{}`, needs one element",
                         value.view().type().str());
    value.sizes.clear();
  }
  ValueId one = node.graph().constant(node.name() + "/value", std::move(value));
  return std::vector{RUNE_TRY(node.one(Op::Expand, {one, shape}))};
}

/// Version 1: `tiles` times along the one `axis`, both scalars.
static Result<ValueId> oldRepeats(OnnxNode &node, ValueId x) {
  auto times = node.knownIntegers(RUNE_TRY(node.input(1, "tiles")));
  auto axis = node.knownIntegers(RUNE_TRY(node.input(2, "axis")));
  if (!times || !axis || times->size() != 1 || axis->size() != 1)
    return node.unsupported("`tiles` and `axis` must be known before the "
                            "run");
  int64_t rank = node.rank(x);
  Integers repeats(static_cast<size_t>(rank), 1);
  repeats[static_cast<size_t>(
      RUNE_TRY(node.axis(axis->front(), rank, rank, false)))] = times->front();
  return node.constantIntegers("repeats", repeats);
}

/// inputs  input; repeats[r]
/// result  input side by side, so often along each dimension
Imported importTile(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId repeats =
      node.opset() < 6
          ? RUNE_TRY(oldRepeats(node, x))
          : RUNE_TRY(
                asList(node, RUNE_TRY(node.input(1, "repeats")), "repeats"));
  return std::vector{RUNE_TRY(node.one(Op::Tile, {x, repeats}))};
}

} // namespace rune::import
