// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Groups that have nothing but elementwise operators: pieces of the result,
// finished one after the other.
#include "compile/library/fast/fused.h"

using namespace rune::library;

RUNE_FAST(Map) {
  constexpr int64_t piece = 1 << 14;
  if (fused.rows == 1)
    return eachTask(
        fused, ceilDiv(fused.columns, piece), [&](int64_t task, uint8_t *) {
          int64_t from = task * piece;
          fused.finish(nullptr, 0, 0, 1, from,
                       atMost(piece, fused.columns - from), fused.operands);
        });
  int64_t most = fused.columns < piece ? ceilDiv(piece, fused.columns) : 1;
  return eachTask(
      fused, ceilDiv(fused.rows, most), [&](int64_t task, uint8_t *) {
        int64_t from = task * most;
        fused.finish(nullptr, 0, from, atMost(most, fused.rows - from), 0,
                     fused.columns, fused.operands);
      });
}
