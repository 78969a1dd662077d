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

Result<> eachElementAt(const EvalContext &context,
                       FunctionRef<void(int64_t place, int64_t index)> body) {
  std::span<const int64_t> x = context.input(0).sizes;
  std::span<const int64_t> sizes = context.input(1).sizes;
  auto axis = static_cast<size_t>(context.node.integer("axis"));
  Indices indices(context.input(1));
  Strides strides = rowMajorStrides(x);
  int64_t along = strides[axis];
  strides[axis] = 0;
  std::array both{strides, rowMajorStrides(sizes)};
  return eachRow<2>(
      context.budget, sizes, both, [&](const Row<2> &row) -> Result<> {
        for (int64_t i = 0; i < row.count; ++i) {
          int64_t at = row.start[1] + i * row.step[1];
          // gather_elements.4 scatter_elements.4: indices in [-d, d)
          auto place = indices.place(at, x[axis]);
          if (!place)
            return context.fail(4, "index {} of a dimension of {}", indices[at],
                                x[axis]);
          body(row.start[0] + i * row.step[0] + *place * along, at);
        }
        return {};
      });
}

} // namespace rune::graph
