// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/shapes.h"

#include <algorithm>

namespace rune::import {

Result<ValueId> reshaped(OnnxNode &node, ValueId x, const Integers &shape,
                         std::string_view part) {
  ValueId sizes = node.constantIntegers(fmt::format("{}/shape", part), shape);
  return node.one(Op::Reshape, {x, sizes}, {}, part);
}

Result<ValueId> unsqueezed(OnnxNode &node, ValueId x, int64_t axis,
                           std::string_view part) {
  ValueId axes = node.constantIntegers(fmt::format("{}/axis", part), {axis});
  return node.one(Op::Unsqueeze, {x, axes}, {}, part);
}

Result<ValueId> elementAt(OnnxNode &node, ValueId x, int64_t axis,
                          int64_t index, std::string_view part) {
  ValueId at = node.constantScalar(fmt::format("{}/index", part), DType::I64,
                                   static_cast<double>(index));
  return node.one(Op::Gather, {x, at}, {{"axis", axis}}, part);
}

Result<ValueId> sliced(OnnxNode &node, ValueId x, int64_t axis, int64_t begin,
                       int64_t end, std::string_view part) {
  auto vector = [&](std::string_view name, int64_t value) {
    return node.constantIntegers(fmt::format("{}/{}", part, name), {value});
  };
  return node.one(
      Op::Slice,
      {x, vector("begin", begin), vector("end", end), vector("axis", axis)}, {},
      part);
}

Result<ValueId> splitHeads(OnnxNode &node, ValueId x, int64_t heads,
                           std::string_view part) {
  const Dim size = node.type(x).dims[2];
  if (heads < 1 || (size.isFixed() && size.size() % heads != 0))
    return node.fail("`{}` in {} heads", node.type(x).str(), heads);
  bool known = size.isFixed() && size.size() > 0;
  return reshaped(node, x, {0, 0, heads, known ? size.size() / heads : -1},
                  part);
}

Result<ValueId> mergeHeads(OnnxNode &node, ValueId x, std::string_view part) {
  const Dims &dims = node.type(x).dims;
  int64_t size = -1;
  if (dims[2].isFixed() && dims[3].isFixed() &&
      (__builtin_mul_overflow(dims[2].size(), dims[3].size(), &size) ||
       size == 0))
    size = -1;
  return reshaped(node, x, {0, 0, size}, part);
}

Result<ValueId> casted(OnnxNode &node, ValueId x, DType dtype,
                       std::string_view part) {
  if (x == noValue || node.dtype(x) == dtype)
    return x;
  return node.one(Op::Cast, {x}, {{"dtype", std::string(dtypeName(dtype))}},
                  part);
}

} // namespace rune::import
