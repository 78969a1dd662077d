// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/cumulative.h"

namespace rune::graph {

std::vector<AttributeSpec> cumulativeSpecs() {
  return {{"axis", AttributeKind::Integer, int64_t{0}, {}},
          flagSpec("exclusive"),
          flagSpec("reverse")};
}

void completeCumulative(const InferContext &context,
                        std::vector<Attribute> &attributes) {
  completeAxis(context, attributes, "axis");
}

std::optional<int64_t> cumulativeAxis(const InferContext &context) {
  if (!context.has(1))
    return context.node.integer("axis");
  auto given = context.integers(1);
  if (!given)
    return std::nullopt;
  return fromEnd((*given)[0], context.rank(0));
}

Result<Types> inferCumulative(const InferContext &context) {
  const TensorType &x = context.type(0);
  // cum_sum.1 cum_prod.1: numbers
  if (!isNumeric(x.dtype))
    return context.fail(1, "needs numbers, got {}", x.str());
  int64_t exclusive = context.node.integer("exclusive");
  int64_t reverse = context.node.integer("reverse");
  // cum_sum.2 cum_prod.2: flags are 0 or 1
  if ((exclusive | reverse) >> 1 != 0)
    return context.fail(2,
                        "`exclusive` is {}, `reverse` is {}; they are 0 or 1",
                        exclusive, reverse);
  // cum_sum.3 cum_prod.3: an input axis is one i64
  if (context.has(1) &&
      (context.dtype(1) != DType::I64 || !isSingle(context.type(1))))
    return context.fail(3, "the axis is {}, must be one i64",
                        context.type(1).str());
  auto axis = cumulativeAxis(context);
  // cum_sum.4 cum_prod.4: a dimension of x
  if (axis && (*axis < 0 || *axis >= static_cast<int64_t>(x.dims.size())))
    return context.fail(4, "axis {} is no dimension of {}", *axis, x.str());
  return Types{x};
}

} // namespace rune::graph
