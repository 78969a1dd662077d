// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Col2Im-18
#include "import/onnx/shape_values.h"

namespace rune::import {

/// inputs  input [N, C · block, L]; image_shape[n]; block_shape[n]
/// result  [N, C, image…]: the columns put back where they came from, added
///         where they overlap
/// errors  lists whose length does not fit; no n
Imported importCol2Im(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId image = RUNE_TRY(
      asList(node, RUNE_TRY(node.input(1, "image_shape")), "image_shape"));
  ValueId block = RUNE_TRY(
      asList(node, RUNE_TRY(node.input(2, "block_shape")), "block_shape"));
  Dim count = node.type(image).dims[0];
  if (!count.isFixed())
    count = node.type(block).dims[0];
  if (!count.isFixed() || count.size() > static_cast<int64_t>(graph::maxRank))
    return node.fail("`image_shape` is `{}`, needs a known length",
                     node.type(image).str());
  auto n = static_cast<size_t>(count.size());
  auto list = [&](std::string_view name, size_t size,
                  int64_t otherwise) -> Result<Integers> {
    auto given = RUNE_TRY(node.integers(name));
    return given.value_or(Integers(size, otherwise));
  };
  Integers strides = RUNE_TRY(list("strides", n, 1));
  Integers dilations = RUNE_TRY(list("dilations", n, 1));
  Integers pads = RUNE_TRY(list("pads", 2 * n, 0));
  return std::vector{RUNE_TRY(node.one(Op::Col2Im, {x, image, block},
                                       {{"strides", std::move(strides)},
                                        {"dilations", std::move(dilations)},
                                        {"pads", std::move(pads)}}))};
}

} // namespace rune::import
