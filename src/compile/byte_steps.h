// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Requantisation of bytes in floats, with the bits of the integers: from one
// scale to another, and the sum of two (TensorFlow Lite's ADD and SUB, which
// take both to a common scale of 32 bits and the sum back: three products of 62
// bits for each element). There are 256 bytes, and 65,536 pairs of them: the
// floats are tried on all of them while compiling.
#pragma once

#include "graph/graph.h"
#include "machine/target.h"

namespace rune::compile {

struct Group;

/// y = clamp(toNearest(a · aFactor + (b · bFactor + offset))).
struct ByteSteps {
  /// The requantisation that makes the result.
  uint32_t node = 0;
  /// Which operand of which of the group's nodes is read; the second one only
  /// for sums.
  struct Operand {
    uint32_t node = 0;
    float factor = 0;
  };
  Operand a, b;
  bool isSum = false;
  /// Products and sums are rounded once.
  bool isFused = false;
  float offset = 0;
};

/// Those of the group's requantisations that floats give.
std::vector<ByteSteps> byteStepsOf(const graph::Graph &graph,
                                   const Group &group, machine::Target target);

} // namespace rune::compile
