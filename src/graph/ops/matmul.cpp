// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// matmul(a, b): numpy's product. Result[…, i, j] = Σ_k a[…, i, k] · b[…, k, j],
// leading dimensions broadcast; a vector is a row on the left, a column on the
// right, and that dimension leaves the result.
//
// source  ONNX MatMul-13, numpy.matmul
#include "graph/ops/matrices.h"

namespace rune::graph {

namespace {

Result<Types> infer(const InferContext &context) {
  const TensorType &a = context.type(0), &b = context.type(1);
  // matmul.1: numbers of one element type
  if (!isNumeric(a.dtype) || a.dtype != b.dtype)
    return context.fail(1,
                        "needs two operands of one numeric type, got {} and {}",
                        a.str(), b.str());
  ProductType product = RUNE_TRY(inferProduct(context));
  // matmul.6: sums in a type that holds the elements
  if (!mayAccumulate(a.dtype, context.node.text("accumulator")))
    return context.fail(6, "sums of {} cannot be kept in `{}`",
                        dtypeName(a.dtype), context.node.text("accumulator"));
  return Types{{a.dtype, product.dims}};
}

template <class T, class Sum>
Result<> multiply(const EvalContext &context, const Product &product, T *out) {
  Elements<T> a(context.input(0).data), b(context.input(1).data);
  return eachProduct(
      context, product, [&](int64_t to, int64_t aAt, int64_t bAt, int64_t) {
        Sum sum = 0;
        for (int64_t k = 0; k < product.inner; ++k)
          sum = addWrapping(
              sum, mulWrapping(Sum(widen(a[aAt + k * product.a.column])),
                               Sum(widen(b[bAt + k * product.b.row]))));
        out[to] = narrow<T>(sum);
      });
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  if (result.count() == 0)
    return single(std::move(result));
  Product product = productOf(context);
  RUNE_TRY(withAccumulator(result.dtype(), context.node.text("accumulator"),
                           [&]<class T, class Sum>(Type<T>, Type<Sum>) {
                             return multiply<T, Sum>(context, product,
                                                     elementsOf<T>(result));
                           }));
  return single(std::move(result));
}

void complete(const InferContext &context, std::vector<Attribute> &attributes) {
  completeAccumulator(context, attributes);
}

} // namespace

OpDefinition defineMatMul() {
  return {{2, 2},
          {1, 1},
          {accumulatorSpec(),
           {"transpose_a", AttributeKind::Integer, int64_t{0}, {}},
           {"transpose_b", AttributeKind::Integer, int64_t{0}, {}}},
          infer,
          evaluate,
          complete};
}

} // namespace rune::graph
