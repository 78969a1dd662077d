// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Comparisons, logic, bits, and the choice between two operands.
//
// source  docs/ops.md: equal, less, less_equal, logical_*, bitwise_*, where
#include "compile/library/elements.h"

using namespace rune::library;

RUNE_KERNEL(LogicalNot) {
  const uint8_t *in = elements<uint8_t>(call.in[0]);
  uint8_t *out = elements<uint8_t>(call.out[0]);
  return eachPiece(call, countOf(call.out[0]), [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i)
      out[i] = in[i] == 0;
  });
}

RUNE_KERNEL(Equal) {
  return compare(call, [](auto a, auto b) { return a == b; });
}
RUNE_KERNEL(Less) {
  return compare(call, [](auto a, auto b) { return a < b; });
}
RUNE_KERNEL(LessEqual) {
  return compare(call, [](auto a, auto b) { return a <= b; });
}
RUNE_KERNEL(LogicalAnd) {
  return compare(call, [](auto a, auto b) { return a && b; });
}
RUNE_KERNEL(LogicalOr) {
  return compare(call, [](auto a, auto b) { return a || b; });
}

RUNE_KERNEL(BitwiseAnd) {
  return integerPairs(call,
                      []<class W>(W a, W b, int32_t &) -> W { return a & b; });
}
RUNE_KERNEL(BitwiseOr) {
  return integerPairs(call,
                      []<class W>(W a, W b, int32_t &) -> W { return a | b; });
}
RUNE_KERNEL(BitwiseXor) {
  return integerPairs(call,
                      []<class W>(W a, W b, int32_t &) -> W { return a ^ b; });
}

RUNE_KERNEL(BitShift) {
  enum { direction };
  bool left = isText(call.attributes[direction], "left");
  return integerPairs(call, [=]<class W>(W x, W amount, int32_t &) -> W {
    // by as many bits as there are, or more, or a negative number
    if (amount < 0 || static_cast<uint64_t>(amount) >= 8 * sizeof(W))
      return !left && x < 0 ? static_cast<W>(-1) : W(0);
    return static_cast<W>(left ? static_cast<uint64_t>(x) << amount
                               : static_cast<uint64_t>(x >> amount));
  });
}

RUNE_KERNEL(Where) {
  const View &y = call.out[0];
  const Strides strides[] = {stretched(call.in[0], y), stretched(call.in[1], y),
                             stretched(call.in[2], y), rowMajor(y)};
  return withWidth(y.type, [&]<class T>(Tag<T>) {
    const uint8_t *condition = elements<uint8_t>(call.in[0]);
    const T *a = elements<T>(call.in[1]), *b = elements<T>(call.in[2]);
    T *out = elements<T>(y);
    return eachRow<4>(
        call, y.sizes, y.rank, strides,
        [&](const int64_t *at, const int64_t *step, int64_t count) {
          for (int64_t i = 0; i < count; ++i)
            out[at[3] + i] = condition[at[0] + i * step[0]]
                                 ? a[at[1] + i * step[1]]
                                 : b[at[2] + i * step[2]];
          return 0;
        });
  });
}
