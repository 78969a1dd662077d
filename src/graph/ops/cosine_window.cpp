// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cosine_window(size): Σ_k (-1)^k · coefficients[k] · cos(2πkn / N) for n below
// the size; N is the size if the window is `periodic`, else one less. A window
// of one element is 1. Computed in f64.
//
// source  ONNX HannWindow-17, HammingWindow-17, BlackmanWindow-17
#include "graph/ops/unary.h"

#include <numbers>

namespace rune::graph {
namespace {

Result<Types> infer(const InferContext &context) {
  // cosine_window.1: the size is one i64
  if (context.dtype(0) != DType::I64 || !isSingle(context.type(0)))
    return context.fail(1, "the size is {}, must be one i64",
                        context.type(0).str());
  int64_t periodic = context.node.integer("periodic");
  // cosine_window.2: `periodic` is 0 or 1
  if (periodic >> 1 != 0)
    return context.fail(2, "`periodic` is {}, must be 0 or 1", periodic);
  TensorType result{dtypeOf(context.node), {Dim::unknown()}};
  if (auto size = context.integers(0)) {
    // cosine_window.3: not negative
    if ((*size)[0] < 0)
      return context.fail(3, "a window of {} elements", (*size)[0]);
    result.dims[0] = Dim((*size)[0]);
  }
  return Types{result};
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  auto size = static_cast<int64_t>(result.count());
  bool periodic = context.node.integer("periodic") != 0;
  const auto &coefficients =
      std::get<std::vector<double>>(context.node.attributes[0].value);
  double period = static_cast<double>(periodic ? size : size - 1);
  auto weight = [&](int64_t n) {
    if (size == 1)
      return 1.0;
    double sum = 0;
    for (size_t k = 0; k < coefficients.size(); ++k)
      sum += (k % 2 == 0 ? coefficients[k] : -coefficients[k]) *
             std::cos(2 * std::numbers::pi * static_cast<double>(k) *
                      static_cast<double>(n) / period);
    return sum;
  };
  RUNE_TRY(withFloat(result.dtype(), [&]<class T>(Type<T>) {
    T *out = elementsOf<T>(result);
    return eachPiece(context.budget, size, [&](int64_t from, int64_t to) {
      for (int64_t n = from; n < to; ++n)
        out[n] = narrow<T>(weight(n));
    });
  }));
  return single(std::move(result));
}

} // namespace

OpDefinition defineCosineWindow() {
  return {{1, 1},
          {1, 1},
          {{"coefficients", AttributeKind::Numbers, std::nullopt, {}},
           dtypeSpec({"f32", "f64", "f16", "bf16"}),
           flagSpec("periodic", 1)},
          infer,
          evaluate};
}

} // namespace rune::graph
