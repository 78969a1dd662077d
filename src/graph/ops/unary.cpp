// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/unary.h"

namespace rune::graph {

Result<Types> inferFloats(const InferContext &context) {
  // exp.1 log.1 sqrt.1 sin.1 cos.1 tanh.1 sigmoid.1 floor.1 ceil.1 round.1
  // tan.1 asin.1 acos.1 atan.1 sinh.1 cosh.1 asinh.1 acosh.1 atanh.1 erf.1
  // elu.1 gelu.1 softplus.1: floats
  if (!isFloat(context.dtype(0)))
    return context.fail(1, "needs floats, got {}", context.type(0).str());
  return Types{context.type(0)};
}

Result<Types> inferSigned(const InferContext &context) {
  // abs.1 neg.1 sign.1: floats or signed integers
  if (!isFloat(context.dtype(0)) &&
      dtypeKind(context.dtype(0)) != DTypeKind::Signed)
    return context.fail(1, "needs floats or signed integers, got {}",
                        context.type(0).str());
  return Types{context.type(0)};
}

} // namespace rune::graph
