// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// reduce_min(x): the smallest element over all `axes` together; NaN wins. No
// elements give the largest value. Of bool: whether all are true.
//
// source  ONNX ReduceMin-20
#include "graph/ops/reduce.h"

namespace rune::graph {

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateExtreme(
      context,
      []<class N>(Type<N>, DType dtype) { return highestOf<N>(dtype); },
      [](auto next, auto best) { return next < best; });
}

OpDefinition defineReduceMin() {
  return {{1, 2},       {1, 1},   reduceSpecs(),
          inferExtreme, evaluate, completeReduce};
}

} // namespace rune::graph
