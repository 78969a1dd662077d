// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/microsoft_heads.h"

namespace rune::import {

Attribute headsTurned() { return {"permutation", Integers{0, 2, 1, 3}}; }

Result<ValueId> inHeads(Composer &c, ValueId x, int64_t heads) {
  ValueId apart = RUNE_TRY(c.reshape(x, {0, 0, heads, -1}));
  return c.one(Op::Transpose, {apart}, {headsTurned()});
}

Result<ValueId> outOfHeads(Composer &c, ValueId x) {
  ValueId y = RUNE_TRY(c.one(Op::Transpose, {x}, {headsTurned()}));
  return c.node().one(Op::Reshape, {y, c.integers({0, 0, -1})});
}

Result<int64_t> widthOf(const OnnxNode &node, ValueId x,
                        std::string_view name) {
  const Dims &dims = node.type(x).dims;
  if (dims.empty() || !dims.back().isFixed())
    return node.unsupported("`{}` of `{}`, whose last dimension is not known",
                            name, node.type(x).str());
  return dims.back().size();
}

Result<ValueId> rowsAt(Composer &c, ValueId table, ValueId positions) {
  return c.one(Op::Gather, {table, positions}, {{"axis", int64_t{0}}});
}

Result<ValueId> sizeAlong(Composer &c, ValueId x, int64_t axis) {
  return c.one(Op::Shape, {x}, {{"start", axis}, {"end", axis + 1}});
}

Result<ValueId> countingTo(Composer &c, ValueId limit) {
  ValueId end = RUNE_TRY(c.reshape(limit, {}));
  return c.one(Op::Range,
               {c.scalarOf(0, DType::I64), end, c.scalarOf(1, DType::I64)});
}

} // namespace rune::import
