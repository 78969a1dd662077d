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

Result<> eachPiece(Budget &budget, int64_t count,
                   FunctionRef<void(int64_t from, int64_t to)> body) {
  constexpr int64_t piece = 1 << 14;
  for (int64_t from = 0; from < count; from += piece) {
    int64_t to = std::min(count, from + piece);
    if (!budget.spend(static_cast<uint64_t>(to - from)))
      return budget.expired();
    body(from, to);
  }
  return {};
}

template <class N>
Result<Tensors>
evaluateRuns(const EvalContext &context,
             std::type_identity_t<FunctionRef<void(N *, int64_t)>> compute) {
  Tensor result = RUNE_TRY(context.allocate());
  Numbers<N> in(context.input(0));
  NumberSink<N> out(result);
  RunBuffer<N> numbers;
  RUNE_TRY(eachPiece(context.budget, static_cast<int64_t>(result.count()),
                     [&](int64_t from, int64_t to) {
                       for (int64_t at = from; at < to; at += runLength) {
                         ElementRun run{at, 1, std::min(to - at, runLength)};
                         in.read(run, numbers.data());
                         compute(numbers.data(), run.count);
                         out.write(numbers.data(), run);
                       }
                     }));
  return single(std::move(result));
}

template Result<Tensors>
evaluateRuns<float>(const EvalContext &, FunctionRef<void(float *, int64_t)>);
template Result<Tensors>
evaluateRuns<double>(const EvalContext &, FunctionRef<void(double *, int64_t)>);
template Result<Tensors>
evaluateRuns<int64_t>(const EvalContext &,
                      FunctionRef<void(int64_t *, int64_t)>);

} // namespace rune::graph
