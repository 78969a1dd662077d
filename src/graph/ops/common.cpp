// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/common.h"

#include <algorithm>

namespace rune::graph {

Tensors single(Tensor tensor) {
  Tensors list;
  list.push_back(std::move(tensor));
  return list;
}

void *elementData(Tensor &tensor, size_t width) {
  RUNE_CHECK(width == dtypeBytes(tensor.dtype()), "element width");
  return tensor.bytes().data();
}

void completeAxes(const InferContext &context,
                  std::vector<Attribute> &attributes, std::string_view name) {
  auto *axes = find<std::vector<int64_t>>(attributes, name);
  if (!axes || !context.has(0))
    return;
  for (int64_t &axis : *axes)
    axis = fromEnd(axis, context.rank(0));
  std::ranges::sort(*axes);
}

void completeAxis(const InferContext &context,
                  std::vector<Attribute> &attributes, std::string_view name) {
  auto *axis = find<int64_t>(attributes, name);
  if (axis && context.has(0))
    *axis = fromEnd(*axis, context.rank(0));
}

bool areAxes(std::span<const int64_t> axes, size_t rank) {
  for (size_t i = 0; i < axes.size(); ++i)
    if (axes[i] < 0 || axes[i] >= static_cast<int64_t>(rank) ||
        (i > 0 && axes[i - 1] >= axes[i]))
      return false;
  return true;
}

bool isSingle(const TensorType &type) {
  return type.dims.empty() ||
         (type.dims.size() == 1 && unify(type.dims[0], Dim(1)));
}

AttributeSpec flagSpec(std::string_view name, int64_t fallback) {
  return {name, AttributeKind::Integer, fallback, {}};
}

AttributeSpec dtypeSpec(std::vector<std::string_view> allowed) {
  return {"dtype", AttributeKind::Text, std::nullopt, std::move(allowed)};
}

DType dtypeOf(const Node &node) {
  auto dtype = dtypeNamed(node.text("dtype"));
  RUNE_CHECK(dtype.has_value(), "an allowed element type");
  return *dtype;
}

AttributeSpec accumulatorSpec() {
  return {"accumulator",
          AttributeKind::Text,
          std::string(),
          {"f32", "f64", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"}};
}

static std::string_view defaultAccumulator(DType dtype, bool wideIntegers) {
  if (isFloat(dtype))
    return dtype == DType::F64 ? "f64" : "f32";
  if (wideIntegers && isInteger(dtype))
    return dtypeKind(dtype) == DTypeKind::Signed ? "i64" : "u64";
  // what cannot be summed at all is refused by the operator's own constraint
  return isInteger(dtype) ? dtypeName(dtype) : "f32";
}

void completeAccumulator(const InferContext &context,
                         std::vector<Attribute> &attributes,
                         bool wideIntegers) {
  auto *accumulator = find<std::string>(attributes, "accumulator");
  if (accumulator && accumulator->empty() && context.has(0))
    *accumulator = defaultAccumulator(context.dtype(0), wideIntegers);
}

bool mayAccumulate(DType dtype, std::string_view accumulator) {
  auto sum = dtypeNamed(accumulator);
  if (!sum || dtypeKind(*sum) != dtypeKind(dtype))
    return false;
  unsigned least =
      isFloat(dtype) ? std::max(dtypeBits(dtype), 32u) : dtypeBits(dtype);
  return dtypeBits(*sum) >= least;
}

} // namespace rune::graph
