// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/arg.h"

namespace rune::graph {

Result<Types> inferArg(const InferContext &context) {
  const TensorType &x = context.type(0);
  // arg_max.1 arg_min.1: numbers
  if (!isNumeric(x.dtype))
    return context.fail(1, "needs numbers, got {}", x.str());
  int64_t axis = context.node.integer("axis");
  // arg_max.2 arg_min.2: a dimension of x
  if (axis < 0 || axis >= static_cast<int64_t>(x.dims.size()))
    return context.fail(2, "axis {} is no dimension of {}", axis, x.str());
  int64_t keep = context.node.integer("keep_dims");
  int64_t last = context.node.integer("last");
  // arg_max.3 arg_min.3: flags are 0 or 1
  if ((keep | last) >> 1 != 0)
    return context.fail(3, "`keep_dims` is {}, `last` is {}; they are 0 or 1",
                        keep, last);
  TensorType result{DType::I64, x.dims};
  if (keep)
    result.dims[axis] = 1;
  else
    result.dims.erase(result.dims.begin() + axis);
  return Types{result};
}

void completeArg(const InferContext &context,
                 std::vector<Attribute> &attributes) {
  completeAxis(context, attributes, "axis");
}

std::vector<AttributeSpec> argSpecs() {
  return {{"axis", AttributeKind::Integer, std::nullopt, {}},
          flagSpec("keep_dims", 1),
          flagSpec("last")};
}

} // namespace rune::graph
