// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the constants of a node allow its body to leave out: bits of `present`
// beyond those of the operands (library/fast/bodies.cpp).
#pragma once

#include "compile/groups.h"

namespace rune::compile {

/// No shift of a requantisation is positive.
constexpr uint32_t onlyRightShifts = 1u << 8;
/// The scale of a quantisation is a power of two: x · (1 / s) is x / s.
constexpr uint32_t exactInverse = 1u << 9;
/// The integers of a dequantisation are sums whose weights keep them below
/// 2^24, and it has no zero point.
constexpr uint32_t fitsF32 = 1u << 10;

/// in      `node`: one of the group's
uint32_t hintsOf(const graph::Graph &graph, const Group &group,
                 const graph::Node &node);

/// The largest sums of products of an integer anchor on 8 bits, column by
/// column: all its weights by the largest number, and the bias. Nothing if it
/// is not all known.
std::optional<std::vector<int64_t>> largestSums(const graph::Graph &graph,
                                                const graph::Node &anchor);

} // namespace rune::compile
