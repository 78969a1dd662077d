// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/reduce.h"

#include <algorithm>

namespace rune::graph {

Result<TensorType> inferReduced(const InferContext &context, int axesRule,
                                int keepRule) {
  const TensorType &x = context.type(0);
  const auto &axes = context.node.integers("axes");
  // reduce_sum.2 reduce_prod.2 reduce_max.2 reduce_min.2: axes ascending, each
  // once, in range
  if (!areAxes(axes, x.dims.size()))
    return context.fail(axesRule, "`axes` [{}] are not ascending axes of {}",
                        fmt::join(axes, ", "), x.str());
  // reduce_sum.4 reduce_prod.4 reduce_max.3 reduce_min.3: `keep_dims` is 0 or 1
  int64_t keep = context.node.integer("keep_dims");
  if (keep >> 1 != 0)
    return context.fail(keepRule, "`keep_dims` is {}, must be 0 or 1", keep);
  TensorType result{x.dtype, {}};
  for (size_t i = 0; i < x.dims.size(); ++i)
    if (!std::ranges::count(axes, static_cast<int64_t>(i)))
      result.dims.push_back(x.dims[i]);
    else if (keep)
      result.dims.push_back(1);
  return result;
}

void completeReduce(const InferContext &context,
                    std::vector<Attribute> &attributes) {
  completeAxes(context, attributes, "axes");
  completeAccumulator(context, attributes);
}

Result<Types> inferSum(const InferContext &context) {
  // reduce_sum.1 reduce_prod.1: numbers
  if (!isNumeric(context.dtype(0)))
    return context.fail(1, "needs numbers, got {}", context.type(0).str());
  TensorType result = RUNE_TRY(inferReduced(context, 2, 4));
  // reduce_sum.3 reduce_prod.3: an accumulator that holds the elements
  if (!mayAccumulate(context.dtype(0), context.node.text("accumulator")))
    return context.fail(3, "sums of {} cannot be kept in `{}`",
                        dtypeName(context.dtype(0)),
                        context.node.text("accumulator"));
  return Types{result};
}

Result<Types> inferExtreme(const InferContext &context) {
  // reduce_max.1 reduce_min.1: numbers or bool
  if (!isNumeric(context.dtype(0)) && context.dtype(0) != DType::Bool)
    return context.fail(1, "needs numbers or bool, got {}",
                        context.type(0).str());
  return Types{RUNE_TRY(inferReduced(context, 2, 3))};
}

} // namespace rune::graph
