// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What max_pool and average_pool share.
#pragma once

#include "graph/ops/window.h"

namespace rune::graph {

/// Constraints 2 to 6 and the type of the pooled tensor.
Result<TensorType> inferPool(const InferContext &context);
Window poolWindow(const Node &node);

/// Calls `body(taps, place, xOffset, yOffset, plane)` for each place of the
/// window, each batch and channel; `plane` numbers the pairs of batch and
/// channel.
///
/// errors  `evaluate.deadline`
Result<>
eachPool(const EvalContext &context, const Strides &otherStrides,
         FunctionRef<void(const Taps &taps, const std::vector<int64_t> &place,
                          int64_t xAt, int64_t yAt, int64_t plane)>
             body);

} // namespace rune::graph
