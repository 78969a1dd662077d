// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/matrices.h"

namespace rune::graph {

namespace {

/// One operand as a stack of matrices.
struct Matrix {
  Dims batch;
  Dim rows, columns;
  bool isVector = false;
};

/// The left operand as rows × inner, the right one as inner × columns.
Matrix matrixOf(const Dims &dims, bool transposed, bool isLeft) {
  if (dims.size() == 1)
    return isLeft ? Matrix{{}, 1, dims[0], true} : Matrix{{}, dims[0], 1, true};
  Matrix matrix{{dims.begin(), dims.end() - 2}, dims.end()[-2], dims.end()[-1]};
  if (transposed)
    std::swap(matrix.rows, matrix.columns);
  return matrix;
}

Walk walkOf(const TensorView &view, const Matrix &matrix, bool transposed,
            bool isLeft, std::span<const int64_t> batch) {
  std::span<const int64_t> sizes = view.sizes;
  if (matrix.isVector)
    return {Strides(batch.size(), 0), isLeft ? 0 : 1, isLeft ? 1 : 0};
  int64_t width = sizes.back(), height = sizes[sizes.size() - 2];
  Walk walk{stretchedStrides(sizes.first(sizes.size() - 2), batch), width, 1};
  for (int64_t &stride : walk.batch)
    stride *= width * height;
  if (transposed)
    std::swap(walk.row, walk.column);
  return walk;
}

} // namespace

Result<ProductType> inferProduct(const InferContext &context) {
  const TensorType &a = context.type(0), &b = context.type(1);
  // matmul.2 matmul_integer.2: no scalars
  if (a.dims.empty() || b.dims.empty())
    return context.fail(2, "needs at least one dimension, got {} and {}",
                        a.str(), b.str());
  int64_t transposeA = context.node.integer("transpose_a");
  int64_t transposeB = context.node.integer("transpose_b");
  // matmul.3 matmul_integer.3: flags are 0 or 1, and only matrices are
  // transposed
  if ((transposeA | transposeB) >> 1 != 0 ||
      (transposeA && a.dims.size() < 2) || (transposeB && b.dims.size() < 2))
    return context.fail(3,
                        "`transpose_a` is {}, `transpose_b` is {}; they "
                        "are 0 or 1, and 1 needs a matrix",
                        transposeA, transposeB);
  Matrix left = matrixOf(a.dims, transposeA, true);
  Matrix right = matrixOf(b.dims, transposeB, false);
  // matmul.4 matmul_integer.4: the inner sizes agree
  if (!unify(left.columns, right.rows))
    return context.fail(4, "inner sizes {} and {} differ ({} and {})",
                        left.columns.str(), right.rows.str(), a.str(), b.str());
  // matmul.5 matmul_integer.5: the leading dimensions broadcast
  auto dims = broadcast(left.batch, right.batch);
  if (!dims)
    return context.fail(5, "leading dimensions of {} and {} do not broadcast",
                        a.str(), b.str());
  if (!left.isVector)
    dims->push_back(left.rows);
  if (!right.isVector)
    dims->push_back(right.columns);
  return ProductType{*dims, right.columns};
}

Product productOf(const EvalContext &context) {
  Matrix left =
      matrixOf(context.dims(0), context.node.integer("transpose_a"), true);
  Matrix right =
      matrixOf(context.dims(1), context.node.integer("transpose_b"), false);
  Dims dims = *broadcast(left.batch, right.batch);
  std::vector<int64_t> batch = TensorType{DType::F32, dims}.sizes();
  return {walkOf(context.input(0), left, context.node.integer("transpose_a"),
                 true, batch),
          walkOf(context.input(1), right, context.node.integer("transpose_b"),
                 false, batch),
          batch,
          left.rows.size(),
          right.columns.size(),
          left.columns.size()};
}

Result<> eachProduct(
    const EvalContext &context, const Product &product,
    FunctionRef<void(int64_t to, int64_t aAt, int64_t bAt, int64_t column)>
        body) {
  Odometer batch(product.batch);
  int64_t to = 0;
  do {
    int64_t aMatrix = batch.offset(product.a.batch);
    int64_t bMatrix = batch.offset(product.b.batch);
    for (int64_t i = 0; i < product.rows; ++i)
      for (int64_t j = 0; j < product.columns; ++j) {
        if (!context.budget.spend(static_cast<uint64_t>(product.inner)))
          return context.budget.expired();
        body(to++, aMatrix + i * product.a.row, bMatrix + j * product.b.column,
             j);
      }
  } while (batch.advance());
  return {};
}

} // namespace rune::graph
