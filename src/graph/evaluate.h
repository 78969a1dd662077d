// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "graph/graph.h"

#include <chrono>

namespace rune::graph {

struct EvaluateLimits {
  std::optional<std::chrono::steady_clock::time_point> deadline;
  /// Bytes of all tensors that live at one time, constants not counted.
  uint64_t memoryBytes = uint64_t{4} << 30;
};

/// What a graph remembers between runs: a tensor for each variable, in their
/// order; none before the first run.
using State = std::vector<Tensor>;

/// Runs a verified graph by plain loops: the judge of all compiled code.
/// Tensors are freed after their last use.
///
/// in      one view per graph input; sizes that agree with the declared types,
/// equal
///         names standing for equal numbers
///         `state` is that of the last run or empty; without one, variables
///         start anew
/// result  one tensor per graph output; `state` for the next run, unless it
/// failed
/// errors  `evaluate.input-mismatch` · `evaluate.deadline` ·
/// `evaluate.memory-limit` ·
///         `evaluate.failed`: an operator refused its values (by constraint
///         number)
Result<std::vector<Tensor>> evaluate(const Graph &graph,
                                     std::span<const TensorView> inputs,
                                     const EvaluateLimits &limits = {},
                                     State *state = nullptr);

} // namespace rune::graph
