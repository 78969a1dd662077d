// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// unsqueeze(x, axes): x with a dimension of 1 at each of these places of the
// result.
//
// source  ONNX Unsqueeze-13
#include "graph/ops/axes_input.h"

namespace rune::graph {

static Result<Types> infer(const InferContext &context) {
  auto count = RUNE_TRY(axisCount(context, 1));
  if (!count)
    return Types{ValueType::of(Form::Tensor, context.dtype(0), std::nullopt)};
  const Dims &x = context.dims(0);
  size_t rank = x.size() + static_cast<size_t>(*count);
  auto added = RUNE_TRY(axisFlags(context, 1, rank));
  ValueType result(context.dtype(0), Dims(rank));
  for (size_t i = 0, next = 0; added && i < rank; ++i)
    result.dims[i] = (*added)[i] ? Dim(1) : x[next++];
  return Types{result};
}

OpDefinition defineUnsqueeze() {
  return {{2, 2},       {1, 1},  {},    infer,
          evaluateCopy, nullptr, false, sameElements};
}

} // namespace rune::graph
