// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/axes_input.h"

namespace rune::graph {

Result<std::optional<int64_t>> axisCount(const InferContext &context,
                                         size_t input) {
  const ValueType &axes = context.type(input);
  // squeeze.1 unsqueeze.1: i64[n]
  bool known = axes.dims.size() == 1 && axes.dims[0].isFixed();
  if (axes.dtype != DType::I64 || axes.dims.size() != 1 ||
      (known && axes.dims[0].size() > static_cast<int64_t>(maxRank)))
    return context.fail(1, "axes are {}, must be i64[n], n at most {}",
                        axes.str(), maxRank);
  return known ? std::optional(axes.dims[0].size()) : std::nullopt;
}

Result<std::optional<std::vector<bool>>> axisFlags(const InferContext &context,
                                                   size_t input, size_t rank) {
  std::optional<std::vector<bool>> none;
  auto axes = knownIntegers(context, input);
  if (!axes)
    return none;
  std::vector<bool> flags(rank);
  for (int64_t given : *axes) {
    int64_t axis = fromEnd(given, rank);
    // squeeze.2 unsqueeze.2: in [-rank, rank), each once
    if (axis < 0 || axis >= static_cast<int64_t>(rank) || flags[axis])
      return context.fail(2, "axes [{}] are not distinct dimensions of {}",
                          fmt::join(*axes, ", "), rank);
    flags[axis] = true;
  }
  return std::optional(std::move(flags));
}

Result<Tensors> evaluateCopy(const EvalContext &context) {
  TensorView x = context.input(0);
  std::vector<int64_t> sizes = context.results[0].sizes();
  RUNE_TRY(context.budget.reserve(x.data.size()));
  return single(RUNE_TRY(Tensor::copyOf({x.dtype, sizes, x.data})));
}

} // namespace rune::graph
