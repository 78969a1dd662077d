// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// gather_elements and scatter_elements: indices of the rank of x, each of which
// takes the place of the index along one axis.
#pragma once

#include "graph/ops/indices.h"
#include "graph/rows.h"

namespace rune::graph {

/// Constraints 1 to 3: indices are i32 or i64, `axis` is a dimension, indices
/// have the rank of x and no more elements in the other dimensions.
Result<> checkElementsAt(const InferContext &context);

/// Calls `body(place in x, index)` for each index, in row-major order.
///
/// errors  constraint 4: an index in [-d, d) · `evaluate.deadline`
template <class F>
Result<> eachElementAt(const EvalContext &context, F &&body) {
  std::span<const int64_t> x = context.input(0).sizes;
  std::span<const int64_t> sizes = context.input(1).sizes;
  auto axis = static_cast<size_t>(context.node.integer("axis"));
  Indices indices(context.input(1));
  Strides strides = rowMajorStrides(x);
  int64_t along = strides[axis];
  strides[axis] = 0;
  std::array both{strides, rowMajorStrides(sizes)};
  return eachRow(context.budget, sizes, both,
                 [&](const Row<2> &row) -> Result<> {
                   for (int64_t i = 0; i < row.count; ++i) {
                     int64_t at = row.start[1] + i * row.step[1];
                     // gather_elements.4 scatter_elements.4: indices in [-d, d)
                     auto place = indices.place(at, x[axis]);
                     if (!place)
                       return context.fail(4, "index {} of a dimension of {}",
                                           indices[at], x[axis]);
                     body(row.start[0] + i * row.step[0] + *place * along, at);
                   }
                   return {};
                 });
}

} // namespace rune::graph
