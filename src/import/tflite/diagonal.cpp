// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  TensorFlow Lite, MATRIX_DIAG, MATRIX_SET_DIAG
#include "import/tflite/node.h"
#include "import/tflite/sizes.h"

#include <algorithm>

namespace rune::import {
namespace {

/// The size of a dimension, counted from the end.
Result<int64_t> sizeAt(const TfliteNode &node, ValueId x, size_t fromEnd) {
  Dims dims = node.dims(x);
  if (dims.size() < fromEnd)
    return node.fail("`{}` has too few dimensions", node.type(x).str());
  Dim dim = dims[dims.size() - fromEnd];
  if (!dim.isFixed())
    return node.unsupported("`{}`, whose size is not known",
                            node.type(x).str());
  return dim.size();
}

/// Where a row meets the column of its number: bool[rows, columns].
Result<ValueId> diagonal(const TfliteNode &node, int64_t rows,
                         int64_t columns) {
  ValueId down = RUNE_TRY(counted(node, rows, 1, 0, 2, "row"));
  ValueId along = RUNE_TRY(counted(node, columns, 1, 1, 2, "column"));
  return node.one(Op::Equal, {down, along}, {}, "diagonal");
}

} // namespace

/// inputs  x […, n]
/// result  […, n, n]: x on the diagonal, zeros elsewhere
Imported importTfliteMatrixDiag(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  int64_t n = RUNE_TRY(sizeAt(node, x, 1));
  Dims rows = node.dims(x);
  rows.insert(rows.end() - 1, Dim(1));
  x = RUNE_TRY(withSizes(node, x, rows, "rows"));
  ValueId zero = RUNE_TRY(node.scalar("zero", node.dtype(x), 0));
  ValueId mask = RUNE_TRY(diagonal(node, n, n));
  return std::vector{RUNE_TRY(node.one(Op::Where, {mask, x, zero}))};
}

/// inputs  x […, m, n], diagonal […, min(m, n)]
/// result  x with another diagonal
Imported importTfliteMatrixSetDiag(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId values = RUNE_TRY(node.input(1, "diagonal"));
  int64_t m = RUNE_TRY(sizeAt(node, x, 2)), n = RUNE_TRY(sizeAt(node, x, 1));
  int64_t k = RUNE_TRY(sizeAt(node, values, 1));
  if (k != std::min(m, n) || node.rank(values) + 1 != node.rank(x) ||
      node.dtype(values) != node.dtype(x))
    return node.fail("`{}` as the diagonal of `{}`", node.type(values).str(),
                     node.type(x).str());
  Dims rows = node.dims(values);
  rows.insert(rows.end() - 1, Dim(1));
  values = RUNE_TRY(withSizes(node, values, rows, "rows"));
  if (k < n) { // what is behind it is not on the diagonal
    Integers pads(2 * rows.size());
    pads.back() = n - k;
    values = RUNE_TRY(node.one(Op::Pad,
                               {values, RUNE_TRY(node.integers("pads", pads))},
                               {{"mode", "constant"}}, "padded"));
  }
  ValueId mask = RUNE_TRY(diagonal(node, m, n));
  return std::vector{RUNE_TRY(node.one(Op::Where, {mask, values, x}))};
}

} // namespace rune::import
