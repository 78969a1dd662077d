// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cum_prod(x, axis?): the product of the elements up to each place along one
// axis; with `exclusive` before it, with `reverse` from the end. Integers wrap.
//
// source  ONNX CumProd-26
#include "graph/ops/cumulative.h"

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateCumulative(context, 1,
                            [](auto a, auto b) { return mulWrapping(a, b); });
}

OpDefinition defineCumProd() {
  return {{1, 2},          {1, 1},   cumulativeSpecs(),
          inferCumulative, evaluate, completeCumulative};
}

} // namespace rune::graph
