// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/arithmetic.h"
#include "graph/ops.h"

namespace rune::graph {

static Result<Types> inferPair(const InferContext &context, bool numbers,
                               bool booleans) {
  const TensorType &a = context.type(0), &b = context.type(1);
  // add.1 sub.1 mul.1 div.1 minimum.1 maximum.1 pow.1 mod.1 less.1
  // less_equal.1: numbers of one element type. equal.1: or bool. logical_and.1
  // logical_or.1: bool
  bool allowed =
      (numbers && isNumeric(a.dtype)) || (booleans && a.dtype == DType::Bool);
  if (!allowed || a.dtype != b.dtype)
    return context.fail(1, "needs two operands of one {} type, got {} and {}",
                        !numbers   ? "boolean"
                        : booleans ? "numeric or boolean"
                                   : "numeric",
                        a.str(), b.str());
  // add.2 sub.2 mul.2 div.2 minimum.2 maximum.2 pow.2 mod.2 equal.2
  // less.2 less_equal.2 logical_and.2 logical_or.2: shapes that stretch to one
  auto dims = broadcast(a.dims, b.dims);
  if (!dims)
    return context.fail(2, "{} and {} do not broadcast", a.str(), b.str());
  return Types{{a.dtype, *dims}};
}

Result<Types> inferBroadcast(const InferContext &context) {
  return inferPair(context, true, false);
}

Result<Types> inferComparison(const InferContext &context) {
  Types types =
      RUNE_TRY(inferPair(context, true, context.node.op == Op::Equal));
  types[0].dtype = DType::Bool;
  return types;
}

Result<Types> inferLogical(const InferContext &context) {
  return inferPair(context, false, true);
}

} // namespace rune::graph
