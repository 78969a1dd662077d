// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// det(x): the determinant of the matrices in the last two dimensions, by
// Gaussian elimination with the largest pivot of each column, in f64.
//
// source  ONNX Det-22
#include "graph/ops/common.h"

#include <algorithm>
#include <cmath>

namespace rune::graph {
namespace {

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0);
  // det.1: floats
  if (!isFloat(x.dtype))
    return context.fail(1, "needs floats, got {}", x.str());
  // det.2: square matrices
  size_t rank = x.dims.size();
  if (rank < 2 || !unify(x.dims[rank - 2], x.dims[rank - 1]))
    return context.fail(2, "needs square matrices, got {}", x.str());
  return Types{{x.dtype, {x.dims.begin(), x.dims.end() - 2}}};
}

/// The row whose element in `column` is the largest, NaN above all.
size_t pivotOf(const std::vector<double> &m, size_t n, size_t column) {
  size_t best = column;
  for (size_t row = column + 1; row < n; ++row)
    if (!(std::fabs(m[row * n + column]) <= std::fabs(m[best * n + column])))
      best = row;
  return best;
}

/// Destroys the matrix.
Result<double> determinant(Budget &budget, std::vector<double> &m, size_t n) {
  double result = 1;
  for (size_t column = 0; column < n; ++column) {
    size_t best = pivotOf(m, n, column);
    double pivot = m[best * n + column];
    if (best != column) {
      std::swap_ranges(m.begin() + static_cast<ptrdiff_t>(best * n),
                       m.begin() + static_cast<ptrdiff_t>((best + 1) * n),
                       m.begin() + static_cast<ptrdiff_t>(column * n));
      result = -result;
    }
    result *= pivot;
    if (pivot == 0)
      return 0.0;
    for (size_t row = column + 1; row < n; ++row) {
      if (!budget.spend(n - column))
        return budget.expired();
      double factor = m[row * n + column] / pivot;
      for (size_t i = column; i < n; ++i)
        m[row * n + i] -= factor * m[column * n + i];
    }
  }
  return result;
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  auto n = static_cast<size_t>(context.input(0).sizes.back());
  // x itself has n² elements
  uint64_t scratch = uint64_t{n} * n * sizeof(double);
  RUNE_TRY(context.budget.reserve(scratch));
  std::vector<double> matrix(n * n);
  RUNE_TRY(withFloat(result.dtype(), [&]<class T>(Type<T>) -> Result<> {
    Elements<T> x(context.input(0).data);
    T *out = elementsOf<T>(result);
    for (size_t k = 0; k < result.count(); ++k) {
      if (!context.budget.spend(n * n))
        return context.budget.expired();
      for (size_t i = 0; i < n * n; ++i)
        matrix[i] =
            static_cast<double>(widen(x[static_cast<int64_t>(k * n * n + i)]));
      out[k] = narrow<T>(RUNE_TRY(determinant(context.budget, matrix, n)));
    }
    return {};
  }));
  context.budget.release(scratch);
  return single(std::move(result));
}

} // namespace

OpDefinition defineDet() { return {{1, 1}, {1, 1}, {}, infer, evaluate}; }

} // namespace rune::graph
