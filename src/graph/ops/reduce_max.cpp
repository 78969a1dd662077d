// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// reduce_max(x): the largest element over all `axes` together; NaN wins. No
// elements give the smallest value. Of bool: whether any are true.
//
// source  ONNX ReduceMax-20
#include "graph/ops/reduce.h"

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateExtreme(
      context, []<class N>(Type<N>, DType dtype) { return lowestOf<N>(dtype); },
      [](auto next, auto best) { return next > best; });
}

OpDefinition defineReduceMax() {
  return {{1, 2},       {1, 1},   reduceSpecs(),
          inferExtreme, evaluate, completeReduce};
}

} // namespace rune::graph
