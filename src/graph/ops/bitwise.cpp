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
/// one by one until nothing is left. `bits` are those of an element.
template <class N> N shifted(N x, N amount, int bits, bool left) {
  bool isFar = std::cmp_less(amount, 0) || std::cmp_greater_equal(amount, bits);
  if (isFar)
    return !left && std::cmp_less(x, 0) ? static_cast<N>(-1) : N(0);
  if (!left)
    return static_cast<N>(x >> amount);
  return static_cast<N>(static_cast<uint64_t>(x) << amount);
}

Result<Tensors> evaluateShift(const EvalContext &context) {
  bool left = context.node.text("direction") == "left";
  auto bits = static_cast<int>(dtypeBits(context.dtype(0)));
  return evaluateIntegers(context, [&]<class N>(N x, N amount) {
    return shifted(x, amount, bits, left);
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
