// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What quantize and dequantize share: scales and zero points for all of x, for
// each index along an axis, or for each block along it.
#pragma once

#include "graph/ops/per_axis.h"
#include "graph/small_types.h"

namespace rune::graph {

/// Constraints 2 to 4: how scale and zero point, inputs 1 and 2, go with x.
///
/// in  `zeroType` is what a zero point must be
Result<> checkParameters(const InferContext &context, DType zeroType);

/// The zero points as numbers, one for each scale; zeros where there are none.
///
/// errors  `evaluate.memory-limit`: paid from the budget, the caller gives 8
///         bytes for each back
Result<std::vector<double>> zeroPoints(const EvalContext &context);

/// Calls `body` for runs of at most runLength elements of x.
///
/// errors  `evaluate.deadline`
Result<> eachParameter(const EvalContext &context,
                       FunctionRef<void(const ParameterRun &)> body);

} // namespace rune::graph
