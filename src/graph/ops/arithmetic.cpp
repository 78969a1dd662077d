// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/arithmetic.h"

namespace rune::graph {

Result<Types> inferBroadcast(const InferContext &context) {
  const TensorType &a = context.type(0), &b = context.type(1);
  // add.1 sub.1 mul.1 div.1: numbers of one element type
  if (!isNumeric(a.dtype) || a.dtype != b.dtype)
    return context.fail(1,
                        "needs two operands of one numeric type, got {} and {}",
                        a.str(), b.str());
  // add.2 sub.2 mul.2 div.2: shapes that stretch to one
  auto dims = broadcast(a.dims, b.dims);
  if (!dims)
    return context.fail(2, "{} and {} do not broadcast", a.str(), b.str());
  return Types{{a.dtype, *dims}};
}

} // namespace rune::graph
