// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/per_axis.h"

namespace rune::graph {

bool isAxis(int64_t axis, const TensorType &x) {
  auto rank = static_cast<int64_t>(x.dims.size());
  return axis >= 0 && axis < std::max<int64_t>(rank, 1);
}

bool fitsAxis(const TensorType &type, const TensorType &x, int64_t axis) {
  if (isSingle(type))
    return true;
  return type.dims.size() == 1 && axis < static_cast<int64_t>(x.dims.size()) &&
         unify(type.dims[0], x.dims[static_cast<size_t>(axis)]);
}

} // namespace rune::graph
