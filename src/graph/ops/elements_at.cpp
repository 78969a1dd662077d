// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/elements_at.h"

namespace rune::graph {

Result<> checkElementsAt(const InferContext &context) {
  const ValueType &x = context.type(0), &indices = context.type(1);
  // gather_elements.1 scatter_elements.1: indices are i32 or i64
  if (!isIndex(indices.dtype))
    return context.fail(1, "indices are {}, must be i32 or i64", indices.str());
  int64_t axis = context.node.integer("axis");
  // gather_elements.2 scatter_elements.2: a dimension of x
  if (axis < 0 || axis >= static_cast<int64_t>(x.dims.size()))
    return context.fail(2, "axis {} is no dimension of {}", axis, x.str());
  bool fits = x.dims.size() == indices.dims.size();
  for (size_t i = 0; fits && i < x.dims.size(); ++i)
    fits = static_cast<int64_t>(i) == axis || !x.dims[i].isFixed() ||
           !indices.dims[i].isFixed() ||
           indices.dims[i].size() <= x.dims[i].size();
  // gather_elements.3 scatter_elements.3: the other dimensions lie within x
  if (!fits)
    return context.fail(3, "indices {} do not lie within {} (axis {})",
                        indices.str(), x.str(), axis);
  return {};
}

} // namespace rune::graph
