// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// reduce_sum(x): the sum over all `axes` together, in row-major order, in
// `accumulator`. Integers wrap.
//
// source  ONNX ReduceSum-13
#include "graph/ops/reduce.h"

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateSum(context, 0,
                     [](auto a, auto b) { return addWrapping(a, b); });
}

OpDefinition defineReduceSum() {
  return {{1, 2}, {1, 1}, sumSpecs(), inferSum, evaluate, completeReduce};
}

} // namespace rune::graph
