// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators on the bits of integers.
//
// source  ONNX BitwiseAnd-18, BitwiseOr-18, BitwiseXor-18, BitShift-11
#include "graph/ops/arithmetic.h"

namespace rune::graph {

namespace {

Result<Types> inferIntegers(const InferContext &context) {
  // bitwise_and.1 bitwise_or.1 bitwise_xor.1 bit_shift.1: integers of one type
  if (!isInteger(context.dtype(0)))
    return context.fail(1, "needs integers, got {}", context.type(0).str());
  // bitwise_and.2 bitwise_or.2 bitwise_xor.2 bit_shift.2: shapes that stretch
  // to one
  return inferBroadcast(context);
}

template <class Compute>
Result<Tensors> evaluateIntegers(const EvalContext &context,
                                 Compute &&compute) {
  Tensor result = RUNE_TRY(context.allocate());
  RUNE_TRY(withInteger(result.dtype(), [&]<class T>(Type<T>) {
    return eachPair<T, T>(context, result, compute);
  }));
  return single(std::move(result));
}

Result<Tensors> evaluateAnd(const EvalContext &context) {
  return evaluateIntegers(
      context, []<class T>(T a, T b) { return static_cast<T>(a & b); });
}
Result<Tensors> evaluateOr(const EvalContext &context) {
  return evaluateIntegers(
      context, []<class T>(T a, T b) { return static_cast<T>(a | b); });
}
Result<Tensors> evaluateXor(const EvalContext &context) {
  return evaluateIntegers(
      context, []<class T>(T a, T b) { return static_cast<T>(a ^ b); });
}

/// By as many bits as there are, or more, or a negative number: as if shifted
/// one by one until nothing is left.
template <class T> T shifted(T x, T amount, bool left) {
  bool isFar =
      std::cmp_less(amount, 0) || std::cmp_greater_equal(amount, sizeof(T) * 8);
  if (isFar)
    return !left && std::cmp_less(x, 0) ? static_cast<T>(-1) : T(0);
  if (!left)
    return static_cast<T>(x >> amount);
  return static_cast<T>(static_cast<uint64_t>(x) << amount);
}

Result<Tensors> evaluateShift(const EvalContext &context) {
  bool left = context.node.text("direction") == "left";
  return evaluateIntegers(context, [&]<class T>(T x, T amount) {
    return shifted(x, amount, left);
  });
}

} // namespace

OpDefinition defineBitwiseAnd() {
  return {{2, 2}, {1, 1}, {}, inferIntegers, evaluateAnd};
}
OpDefinition defineBitwiseOr() {
  return {{2, 2}, {1, 1}, {}, inferIntegers, evaluateOr};
}
OpDefinition defineBitwiseXor() {
  return {{2, 2}, {1, 1}, {}, inferIntegers, evaluateXor};
}
OpDefinition defineBitShift() {
  return {{2, 2},
          {1, 1},
          {{"direction", AttributeKind::Text, std::nullopt, {"left", "right"}}},
          inferIntegers,
          evaluateShift};
}

} // namespace rune::graph
