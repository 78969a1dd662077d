// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sizes that a program may leave open within bounds: `batch=1..8`. Code is made
// for each size when it is first met; what lies outside is refused before.
#pragma once

#include "graph/graph.h"

#include <map>

namespace rune::capi {

struct Bounds {
  int64_t least = 0;
  int64_t most = INT64_MAX;
};

/// By the name of the dimension.
using BoundsByName = std::map<std::string, Bounds>;

/// Takes `NAME=LEAST..MOST`.
///
/// result  false for what is no such text
/// errors  `usage.shape`: no numbers, or none between them
Result<bool> takeBounds(const std::string &text, BoundsByName &bounds);

/// errors  `usage.shape`: a name that no input has
Result<> checkNames(const BoundsByName &bounds, const graph::Graph &graph);

/// Of a dimension of an input or output; nothing if it has no name, or no
/// bounds.
std::optional<Bounds> boundsOf(const BoundsByName &bounds, const Dim &dim);

/// errors  `program.mismatch`: a size of input `index` outside
Result<> checkSizes(const BoundsByName &bounds, const graph::Graph &graph,
                    size_t index, std::span<const int64_t> sizes);

} // namespace rune::capi
