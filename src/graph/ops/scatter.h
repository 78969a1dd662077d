// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What scatter_elements and scatter_nd share: what becomes of an element that
// an update meets.
//
// source  ONNX ScatterElements-18, ScatterND-18
#pragma once

#include "graph/function_ref.h"
#include "graph/ops/common.h"

namespace rune::graph {

/// `reduction`: none (the update takes the place), or what combines both.
AttributeSpec reductionSpec();

/// Constraint `rule`: x and updates have one element type, numbers unless the
/// reduction is `none`.
Result<> checkReduction(const InferContext &context, int rule);

/// Puts element `from` of the updates at `place` of the result.
using SetElement = FunctionRef<void(int64_t place, int64_t from)>;

/// A copy of input 0 into which `walk(set)` puts elements of input 2, in its
/// order.
///
/// errors  what `walk` says, `evaluate.memory-limit`
Result<Tensors> evaluateScatter(const EvalContext &context,
                                FunctionRef<Result<>(SetElement set)> walk);

} // namespace rune::graph
