// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Axes that come as data: an i64 vector whose length is known, and whose
// numbers may not be before the run.
#pragma once

#include "graph/known_elements.h"
#include "graph/ops/common.h"

namespace rune::graph {

/// Constraint 1: input `input` is i64[n], n at most maxRank; n, if it is known.
Result<std::optional<int64_t>> axisCount(const InferContext &context,
                                         size_t input);

/// Constraint 2: the axes, which may be negative, are distinct dimensions of a
/// tensor of `rank`. A flag for each dimension; nothing while they are not
/// known.
Result<std::optional<std::vector<bool>>> axisFlags(const InferContext &context,
                                                   size_t input, size_t rank);

/// The same bytes under the sizes of the result.
Result<Tensors> evaluateCopy(const EvalContext &context);

} // namespace rune::graph
