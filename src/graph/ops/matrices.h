// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What matmul and matmul_integer share: two operands as stacks of matrices, and
// how they are walked.
//
// source  ONNX MatMul-13, numpy.matmul
#pragma once

#include "graph/ops/common.h"
#include "graph/rows.h"

namespace rune::graph {

/// The dimensions of a product, and the columns on the right.
struct ProductType {
  Dims dims;
  Dim columns;
};

/// Constraints 2 to 5.
Result<ProductType> inferProduct(const InferContext &context);

/// How to walk one operand: its matrices, and inside one.
struct Walk {
  Strides batch;
  int64_t row, column;
};

struct Product {
  Walk a, b;
  std::vector<int64_t> batch;
  int64_t rows, columns, inner;
};

Product productOf(const EvalContext &context);

/// Calls `sumOf(aAt, bAt, j)` for each element of the result in order: the
/// first of its row, the first of its column, and the column's number.
///
/// errors  `evaluate.deadline`
Result<> eachProduct(
    const EvalContext &context, const Product &product,
    FunctionRef<void(int64_t to, int64_t aAt, int64_t bAt, int64_t column)>
        body);

} // namespace rune::graph
