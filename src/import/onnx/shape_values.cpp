// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/shape_values.h"

namespace rune::import {

Result<ValueId> asInt64(OnnxNode &node, ValueId value, std::string_view name) {
  DType dtype = node.dtype(value);
  if (dtype == DType::I64)
    return value;
  if (dtype != DType::I32)
    return node.fail("`{}` is `{}`, needs int32 or int64", name,
                     node.type(value).str());
  return node.one(Op::Cast, {value}, {{"dtype", std::string("i64")}}, name);
}

Result<ValueId> asList(OnnxNode &node, ValueId value, std::string_view name) {
  value = RUNE_TRY(asInt64(node, value, name));
  if (node.rank(value) == 0) {
    ValueId one = node.constantIntegers(fmt::format("{}/shape", name), {1});
    return node.one(Op::Reshape, {value, one}, {},
                    fmt::format("{}/list", name));
  }
  if (node.rank(value) != 1)
    return node.fail("`{}` is `{}`, needs one dimension", name,
                     node.type(value).str());
  return value;
}

Result<ValueId> listOf(OnnxNode &node, std::string_view name, size_t index,
                       int64_t since) {
  if (node.opset() >= since) {
    ValueId value = node.optionalInput(index);
    return value == noValue ? Result<ValueId>(noValue)
                            : asList(node, value, name);
  }
  auto list = RUNE_TRY(node.integers(name));
  return list ? node.constantIntegers(name, *list) : noValue;
}

Result<ValueId> sizesOf(OnnxNode &node, ValueId x, int64_t start, int64_t end,
                        std::string_view part) {
  Integers known;
  for (int64_t i = start; i < end; ++i)
    if (const Dim &dim = node.type(x).dims[static_cast<size_t>(i)];
        dim.isFixed())
      known.push_back(dim.size());
  if (known.size() == static_cast<size_t>(end - start))
    return node.constantIntegers(part, known);
  return node.one(Op::Shape, {x}, {{"start", start}, {"end", end}}, part);
}

Result<ValueId> sizeOf(OnnxNode &node, ValueId x, int64_t axis,
                       std::string_view part) {
  ValueId size =
      RUNE_TRY(sizesOf(node, x, axis, axis + 1, fmt::format("{}/list", part)));
  return node.one(
      Op::Reshape,
      {size, node.constantIntegers(fmt::format("{}/shape", part), {})}, {},
      part);
}

Result<ValueId> shapeOf(OnnxNode &node, ValueId x,
                        const std::vector<NewSize> &sizes,
                        std::string_view part) {
  std::vector<ValueId> pieces;
  for (const NewSize &size : sizes) {
    std::string name = fmt::format("{}/size{}", part, pieces.size());
    ValueId piece = node.constantIntegers(name, {size.times});
    if (size.of >= 0) {
      ValueId times = piece;
      piece = RUNE_TRY(sizesOf(node, x, size.of, size.of + 1, name));
      if (size.times != 1)
        piece = RUNE_TRY(node.one(Op::Mul, {piece, times}, {}, name));
      if (size.by != 1)
        piece = RUNE_TRY(
            node.one(Op::Div, {piece, node.constantIntegers(name, {size.by})},
                     {}, name));
    }
    pieces.push_back(piece);
  }
  return node.one(Op::Concat, std::move(pieces), {{"axis", int64_t{0}}},
                  fmt::format("{}/shape", part));
}

Result<ValueId> reshaped(OnnxNode &node, ValueId x,
                         const std::vector<NewSize> &sizes,
                         std::string_view part) {
  ValueId shape = RUNE_TRY(shapeOf(node, x, sizes, part));
  // a size of 0 is one, it copies nothing
  return node.one(Op::Reshape, {x, shape}, {{"allow_zero", int64_t{1}}}, part);
}

} // namespace rune::import
