// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// reduce_min(x): the smallest element over all `axes` together; NaN wins. No
// elements give the largest value. Of bool: whether all are true.
//
// source  ONNX ReduceMin-20
#include "graph/ops/reduce.h"

#include <limits>

namespace rune::graph {

template <class W> static W start() {
  if constexpr (std::is_floating_point_v<W>)
    return std::numeric_limits<W>::infinity();
  else
    return std::numeric_limits<W>::max();
}

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateExtreme(
      context, []<class W>(Type<W>) { return start<W>(); },
      [](auto next, auto best) { return next < best; });
}

OpDefinition defineReduceMin() {
  return {{1, 2},       {1, 1},   reduceSpecs(),
          inferExtreme, evaluate, completeReduce};
}

} // namespace rune::graph
