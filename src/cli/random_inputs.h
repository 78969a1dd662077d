// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Inputs for a model that is only measured: random, of the right types.
#pragma once

#include "graph/graph.h"

namespace rune::cli {

/// A tensor for each input of a graph whose sizes are known: floats in
/// [-1, 1), bytes of any value, wider integers 0 or 1, as they may be indices;
/// empty texts. The same seed gives the same elements.
///
/// errors  `bench.input`: a sequence or an optional value
Result<std::vector<Tensor>> randomInputs(const graph::Graph &graph,
                                         uint64_t seed = 1);

} // namespace rune::cli
