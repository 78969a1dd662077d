// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Results that are made in row-major order, whatever their rows are.
#pragma once

#include "compile/library/fast/fused.h"

namespace rune::library {

/// Finishes the elements [from, from + count) of the result, which stand one
/// after the other at `values`.
inline void finishFlat(const Fused &fused, const float *values, int64_t from,
                       int64_t count) {
  int64_t columns = fused.columns;
  while (count > 0) {
    int64_t column = from % columns;
    int64_t rows = column == 0 ? count / columns : 0;
    int64_t now = rows > 0 ? rows * columns : atMost(columns - column, count);
    fused.finish(values, columns, from / columns, rows > 0 ? rows : 1, column,
                 rows > 0 ? columns : now, fused.operands);
    values += now;
    from += now;
    count -= now;
  }
}

} // namespace rune::library
