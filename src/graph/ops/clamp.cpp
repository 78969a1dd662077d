// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// clamp(x, low, high): x, but at least low, then at most high. An absent bound
// does not bound; neither does NaN. NaN in x stays.
//
// source  ONNX Clip-13
#include "graph/ops/common.h"

namespace rune::graph {

static Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0);
  // clamp.1: numbers
  if (!isNumeric(x.dtype))
    return context.fail(1, "needs numbers, got {}", x.str());
  // clamp.2: bounds are single elements of x's type
  for (size_t i = 1; i < context.inputs(); ++i)
    if (context.has(i) &&
        (context.dtype(i) != x.dtype || !isSingle(context.type(i))))
      return context.fail(2, "bound {} is no single {}", context.type(i).str(),
                          dtypeName(x.dtype));
  return Types{x};
}

template <class T>
static std::optional<T> bound(const EvalContext &context, size_t input) {
  if (!context.has(input))
    return std::nullopt;
  return Elements<T>(context.input(input).data)[0];
}

template <class T>
static Result<> clamp(const EvalContext &context, Tensor &result) {
  auto low = bound<T>(context, 1), high = bound<T>(context, 2);
  Elements<T> in(context.input(0).data);
  T *out = elementsOf<T>(result);
  int64_t count = static_cast<int64_t>(result.count());
  for (int64_t i = 0; i < count; ++i) {
    if (!context.budget.spend(0))
      return context.budget.expired();
    out[i] = in[i];
    if (low && widen(out[i]) < widen(*low))
      out[i] = *low;
    if (high && widen(out[i]) > widen(*high))
      out[i] = *high;
  }
  return {};
}

static Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  RUNE_TRY(withNumeric(result.dtype(), [&]<class T>(Type<T>) {
    return clamp<T>(context, result);
  }));
  return single(std::move(result));
}

OpDefinition defineClamp() { return {{1, 3}, {1, 1}, {}, infer, evaluate}; }

} // namespace rune::graph
