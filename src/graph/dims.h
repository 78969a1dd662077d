// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arithmetic of dimensions that may be numbers, names or unknown. A rule never
// claims more than holds for every number the names may stand for; what cannot
// be decided is checked again at run time, when all are numbers.
#pragma once

#include "base/tensor_type.h"

namespace rune::graph {

/// The dimension that is both: a number wins over a name, a name over unknown.
/// Nothing if two numbers differ. Of two names the first stays.
std::optional<Dim> unify(const Dim &a, const Dim &b);

/// numpy's rule: equal, or one of them is 1. A number other than 1 wins; a name
/// stays only beside itself and 1.
std::optional<Dim> broadcast(const Dim &a, const Dim &b);
/// The same for whole shapes, aligned at the last dimension.
std::optional<Dims> broadcast(const Dims &a, const Dims &b);

/// A name stays where all others multiply to 1; a 0 makes everything 0.
Dim productOf(std::span<const Dim> dims);
/// A name stays where all others are 0. Nothing if the sum leaves 63 bits.
std::optional<Dim> sumOf(std::span<const Dim> dims);

/// `axis`, counted from the end if negative; left as it is if out of range.
int64_t fromEnd(int64_t axis, size_t rank);

/// Elements between neighbours of each dimension, row-major.
std::vector<int64_t> rowMajorStrides(std::span<const int64_t> sizes);

} // namespace rune::graph
