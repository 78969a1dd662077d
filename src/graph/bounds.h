// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How far floats may be from those of another implementation, by operator
// family: ulp · √K. Both round each of K steps once, in an order of their own;
// independent roundings add up as √K. docs/ops.md, "Bounds of floats", has the
// table that stands here; tests and `rune verify --bounds` take it from here.
#pragma once

#include "graph/graph.h"

namespace rune::graph {

/// A bound relative to the largest magnitude of a tensor.
struct FloatBound {
  /// Steps of the element type for one rounding of the family.
  double ulps = 0;
  /// K: what is added up for one element.
  uint64_t terms = 1;

  /// ulps · √terms
  double steps() const;
  /// The same as a part of the largest magnitude.
  double relativeTo(DType dtype) const;
};

/// Of one operator; dimensions that are not numbers count as 1.
FloatBound boundOf(const Graph &graph, const Node &node);

/// Of all operators of a graph and of its bodies, one after the other: the root
/// of the sum of squares.
FloatBound boundOf(const Graph &graph);

/// The step of an element type at 1: 2^-23 for f32.
double stepOf(DType dtype);

} // namespace rune::graph
