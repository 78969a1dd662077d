// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Requantisation in floats, with the bits of the integers. What follows a sum
// of products in an 8-bit model is a product of 62 bits and a rounding by a
// rule of its own: some twenty instructions for eight elements, as much as the
// sums of a small layer take. In floats it is five, and gives the wrong integer
// now and then.
//
// But both are steps that never go down, of which a result of 8 bits has at
// most 255. So we look where each step is, exactly, choose the two floats of a
// column so that all of theirs are at the same sums, and try each: what is
// found right there is right for all sums. Columns for which there are no such
// floats leave the group as it is written.
#pragma once

#include "base/bytes.h"
#include "graph/graph.h"
#include "machine/target.h"

#include <optional>

namespace rune::compile {

struct Group;

/// y = clamp(toNearest(x · factor + above)), or `below` where x < 0.
struct FloatSteps {
  /// The requantisation.
  uint32_t node = 0;
  /// Product and sum are rounded once.
  bool isFused = false;
  /// Some column has a `below` of its own.
  bool hasBelow = false;
  /// One for each column, or one for all.
  std::vector<float> factors, above, below;
  /// Where the tables stand among the packed weights.
  uint64_t at = 0;

  size_t tables() const { return hasBelow ? 3 : 2; }
  /// One table after the other, each of a multiple of 64 bytes.
  Bytes bytes() const;
  uint64_t tableBytes() const;
};

/// in      `group`: with an anchor whose weights are packed
/// result  nothing if the integers stay
std::optional<FloatSteps> floatStepsOf(const graph::Graph &graph,
                                       const Group &group,
                                       machine::Target target);

} // namespace rune::compile
