// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/quantization.h"

namespace rune::graph {

/// One scale for each block of x along the axis.
static bool fitsBlocks(const TensorType &scale, const TensorType &x,
                       size_t axis, int64_t block) {
  if (scale.dims.size() != x.dims.size() || axis >= x.dims.size())
    return false;
  for (size_t i = 0; i < x.dims.size(); ++i) {
    const Dim &size = x.dims[i], &scales = scale.dims[i];
    if (i != axis) {
      if (!unify(size, scales))
        return false;
    } else if (size.isFixed() && scales.isFixed() &&
               scales.size() !=
                   size.size() / block + (size.size() % block != 0 ? 1 : 0)) {
      return false;
    }
  }
  return true;
}

Result<> checkParameters(const InferContext &context, DType zeroType) {
  const TensorType &x = context.type(0), &scale = context.type(1);
  int64_t axis = context.node.integer("axis");
  int64_t block = context.node.integer("block");
  // quantize.4 dequantize.4: blocks have at least one element; 0 for none
  if (block < 0)
    return context.fail(4, "`block` is {}, must be 0 or more", block);
  // quantize.2 dequantize.2: a scale for all, for each index along the axis, or
  // for each block
  bool fits =
      block > 0
          ? axis >= 0 && fitsBlocks(scale, x, static_cast<size_t>(axis), block)
          : scale.dims.size() <= 1 && isAxis(axis, x) &&
                fitsAxis(scale, x, axis);
  if (!fits)
    return context.fail(
        2, "scale {} does not go with axis {} of {}{}", scale.str(), axis,
        x.str(), block > 0 ? fmt::format(" in blocks of {}", block) : "");
  if (!context.has(2))
    return {};
  const TensorType &zero = context.type(2);
  bool isAlike =
      zero.dtype == zeroType && zero.dims.size() == scale.dims.size();
  for (size_t i = 0; isAlike && i < zero.dims.size(); ++i)
    isAlike = unify(zero.dims[i], scale.dims[i]).has_value();
  // quantize.3 dequantize.3: as many zero points
  if (!isAlike)
    return context.fail(3, "zero point {} must be {} in the shape of {}",
                        zero.str(), dtypeName(zeroType), scale.str());
  return {};
}

Result<std::vector<double>> zeroPoints(const EvalContext &context) {
  uint64_t count = RUNE_TRY(elementCount(context.input(1).sizes));
  RUNE_TRY(context.budget.reserve(count * sizeof(double)));
  std::vector<double> zeros(count);
  if (context.has(2) && count > 0)
    Numbers<double>(context.input(2))
        .read({0, 1, static_cast<int64_t>(count)}, zeros.data());
  return zeros;
}

Result<> eachParameter(const EvalContext &context,
                       FunctionRef<void(const ParameterRun &)> body) {
  std::span<const int64_t> sizes = context.input(0).sizes;
  int64_t axis = context.node.integer("axis");
  int64_t block = context.node.integer("block");
  auto parameters =
      static_cast<int64_t>(RUNE_TRY(elementCount(context.input(1).sizes)));
  if (block == 0)
    return eachChannel(context.budget, sizes, axis, parameters, body);
  auto at = static_cast<size_t>(axis);
  int64_t outer = 1, along = sizes[at], inner = rowMajorStrides(sizes)[at];
  for (size_t i = 0; i < at; ++i)
    outer *= sizes[i];
  int64_t blocks = context.input(1).sizes[at];
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < along; ++i) {
      if (!context.budget.spend(static_cast<uint64_t>(inner)))
        return context.budget.expired();
      eachPieceOf(
          {(o * blocks + i / block) * inner, 1, (o * along + i) * inner, inner},
          body);
    }
  return {};
}

} // namespace rune::graph
