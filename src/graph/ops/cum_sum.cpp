// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cum_sum(x, axis?): the sum of the elements up to each place along one axis;
// with `exclusive` before it, with `reverse` from the end. Integers wrap.
//
// source  ONNX CumSum-14
#include "graph/ops/cumulative.h"

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateCumulative(context, 0,
                            [](auto a, auto b) { return addWrapping(a, b); });
}

OpDefinition defineCumSum() {
  return {{1, 2},          {1, 1},   cumulativeSpecs(),
          inferCumulative, evaluate, completeCumulative};
}

} // namespace rune::graph
