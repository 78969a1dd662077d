// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// relu(x) = max(x, 0), element by element.
//
// source  ONNX Relu-14
#include "graph/ops/common.h"

namespace rune::graph {

static Result<Types> infer(const InferContext &context) {
  // relu.1: floats and signed integers
  DType dtype = context.dtype(0);
  if (!isFloat(dtype) && dtypeKind(dtype) != DTypeKind::Signed)
    return context.fail(1, "needs floats or signed integers, got {}",
                        context.type(0).str());
  return Types{context.type(0)};
}

static Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  auto done = withNumeric(result.dtype(), [&]<class T>(Type<T>) -> Result<> {
    Elements<T> in(context.input(0).data);
    T *out = elementsOf<T>(result);
    int64_t count = static_cast<int64_t>(result.count());
    for (int64_t i = 0; i < count; ++i) {
      if (!context.budget.spend(0))
        return context.budget.expired();
      // NaN stays, -0 becomes +0
      if (auto x = widen(in[i]); x > 0 || isNan(x))
        out[i] = in[i];
    }
    return {};
  });
  RUNE_TRY(std::move(done));
  return single(std::move(result));
}

OpDefinition defineRelu() { return {{1, 1}, {1, 1}, {}, infer, evaluate}; }

} // namespace rune::graph
