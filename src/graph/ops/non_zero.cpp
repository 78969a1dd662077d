// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// non_zero(x): the indices of the elements that are not zero (not false, not
// empty), one column for each, in row-major order. How many there are is known
// only in the run.
//
// source  ONNX NonZero-13, numpy.nonzero
#include "graph/ops/ordered.h"
#include "graph/rows.h"

namespace rune::graph {

static Result<Types> infer(const InferContext &context) {
  const ValueType &x = context.type(0);
  // non_zero.1: numbers, bool or utf8
  if (!isOrdered(x.dtype))
    return context.fail(1, "x is {}, must be numbers, bool or utf8", x.str());
  return Types{ValueType(
      DType::I64, {static_cast<int64_t>(x.dims.size()), Dim::unknown()})};
}

/// Calls `body(index)` for the elements that are not zero.
static Result<>
eachNonZero(const EvalContext &context, int64_t count, const Ordering &x,
            FunctionRef<void(const std::vector<int64_t> &)> body) {
  Odometer at(context.input(0).sizes);
  for (int64_t i = 0; i < count; ++i) {
    if (!context.budget.spend(1))
      return context.budget.expired();
    if (!x.isZero(i))
      body(at.at());
    at.advance();
  }
  return {};
}

static Result<Tensors> evaluate(const EvalContext &context) {
  auto count =
      static_cast<int64_t>(RUNE_TRY(elementCount(context.input(0).sizes)));
  Ordering x = RUNE_TRY(Ordering::of(context.input(0)));
  int64_t found = 0;
  RUNE_TRY(eachNonZero(context, count, x, [&](const auto &) { ++found; }));
  auto rank = static_cast<int64_t>(context.rank(0));
  Tensor result = RUNE_TRY(context.budget.allocate(DType::I64, {rank, found}));
  auto *out = elementsOf<int64_t>(result);
  RUNE_TRY(eachNonZero(context, count, x, [&](const auto &index) {
    for (size_t i = 0; i < index.size(); ++i)
      out[static_cast<int64_t>(i) * found] = index[i];
    ++out;
  }));
  return single(std::move(result));
}

OpDefinition defineNonZero() { return {{1, 1}, {1, 1}, {}, infer, evaluate}; }

} // namespace rune::graph
