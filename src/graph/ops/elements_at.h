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
Result<> eachElementAt(const EvalContext &context,
                       FunctionRef<void(int64_t place, int64_t index)> body);

} // namespace rune::graph
