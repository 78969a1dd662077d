// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Splitting a shape into axes that an operator folds together and the rest.
#pragma once

#include "graph/ops/common.h"
#include "graph/rows.h"

namespace rune::graph {

/// Sizes and strides of the folded axes and of those that are kept.
struct AxisSplit {
  std::vector<int64_t> keptSizes, foldedSizes;
  Strides keptStrides, foldedStrides;
};
AxisSplit splitAxes(std::span<const int64_t> sizes,
                    std::span<const int64_t> axes);

/// Calls `body` for runs that together are the elements of one fold that starts
/// at `start`, in row-major order.
///
/// errors  `evaluate.deadline`
Result<> eachFolded(Budget &budget, const AxisSplit &split, int64_t start,
                    FunctionRef<void(const ElementRun &)> body);

/// The same in pieces, whose elements are in the buffer.
template <class N, class F>
Result<> eachFoldedPiece(Budget &budget, const AxisSplit &split, int64_t start,
                         const Numbers<N> &x, F &&body) {
  return eachFolded(budget, split, start, [&](const ElementRun &run) {
    RunBuffer<N> buffer;
    for (int64_t done = 0; done < run.count; done += runLength) {
      ElementRun piece = run.piece(done);
      x.read(piece, buffer.data());
      body(buffer.data(), piece);
    }
  });
}

} // namespace rune::graph
