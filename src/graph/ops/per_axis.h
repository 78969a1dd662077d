// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Parameters of quantisation: one for all of x, or one for each index along an
// axis.
#pragma once

#include "graph/ops/common.h"

#include <algorithm>

namespace rune::graph {

/// True if `type` is a single element, or a vector with an element for each
/// index of x along `axis`.
bool fitsAxis(const TensorType &type, const TensorType &x, int64_t axis);
/// True if `axis` is a dimension of x; 0 is allowed for a scalar.
bool isAxis(int64_t axis, const TensorType &x);

/// Neighbouring elements and the parameters that go with them: `step` is 1
/// where each has its own, 0 where they share one.
struct ParameterRun {
  int64_t parameter = 0;
  int64_t step = 0;
  int64_t start = 0;
  int64_t count = 0;

  ElementRun elements() const { return {start, 1, count}; }
  ElementRun parameters() const { return {parameter, step, count}; }
};

/// Calls `body` for runs of at most runLength elements.
///
/// in      `channels` of the parameters: 1, or the size along `axis`
/// errors  `evaluate.deadline`
Result<> eachChannel(Budget &budget, std::span<const int64_t> sizes,
                     int64_t axis, int64_t channels,
                     FunctionRef<void(const ParameterRun &)> body);

/// Calls `body` for pieces of a run, of at most runLength elements.
void eachPieceOf(const ParameterRun &run,
                 FunctionRef<void(const ParameterRun &)> body);

} // namespace rune::graph
