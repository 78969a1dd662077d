// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// squeeze(x, axes): x without these dimensions, each of which is 1; without
// axes it loses all that are 1, and while one is not known its rank is not.
//
// source  ONNX Squeeze-13
#include "graph/ops/axes_input.h"

namespace rune::graph {

static Types withoutOnes(const TensorType &x) {
  if (!x.isStatic())
    return {ValueType::of(Form::Tensor, x.dtype, std::nullopt)};
  ValueType result(x.dtype, {});
  for (const Dim &dim : x.dims)
    if (dim != Dim(1))
      result.dims.push_back(dim);
  return {result};
}

static Result<Types> infer(const InferContext &context) {
  if (!context.has(1))
    return withoutOnes(context.type(0));
  auto known = RUNE_TRY(axisCount(context, 1));
  if (!known)
    return Types{ValueType::of(Form::Tensor, context.dtype(0), std::nullopt)};
  int64_t count = *known;
  const Dims &x = context.dims(0);
  // squeeze.2 also: no more axes than dimensions
  if (count > static_cast<int64_t>(x.size()))
    return context.fail(2, "{} axes of {}", count, context.type(0).str());
  auto gone = RUNE_TRY(axisFlags(context, 1, x.size()));
  ValueType result(context.dtype(0), Dims(x.size() - count));
  for (size_t i = 0, next = 0; gone && i < x.size(); ++i) {
    // squeeze.3: only a 1 may go
    if ((*gone)[i] && !unify(x[i], Dim(1)))
      return context.fail(3, "dimension {} of {} is not 1", i,
                          context.type(0).str());
    if (!(*gone)[i])
      result.dims[next++] = x[i];
  }
  return Types{result};
}

OpDefinition defineSqueeze() {
  return {{1, 2},       {1, 1},  {},    infer,
          evaluateCopy, nullptr, false, sameElements};
}

} // namespace rune::graph
