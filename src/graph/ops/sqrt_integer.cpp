// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// sqrt_integer(x): the nearest whole number to √x, of no more than half the
// bits of x; x below 2^32 counts as one of 32 bits.
//
// source  TensorFlow Lite Micro, SignalFilterBankSquareRoot
#include "graph/ops/unary.h"

#include <bit>

namespace rune::graph {

namespace {

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0);
  // sqrt_integer.1: wide and without sign
  if (x.dtype != DType::U32 && x.dtype != DType::U64)
    return context.fail(1, "needs u32 or u64, got {}", x.str());
  return Types{{DType::U32, x.dims}};
}

/// ⌊√x⌋, bit by bit.
uint64_t rootOf(uint64_t x) {
  uint64_t root = 0;
  for (int bit = (std::bit_width(x) - 1) / 2; bit >= 0; --bit) {
    uint64_t tried = root | uint64_t{1} << bit;
    if (tried * tried <= x)
      root = tried;
  }
  return root;
}

/// x is no square of a half: it is nearer to root + 1 if x > root² + root.
uint32_t nearestRoot(uint64_t x) {
  uint64_t root = rootOf(x);
  uint64_t most = x >> 32 == 0 ? 0xffff : 0xffffffff;
  bool up = x - root * root > root && root != most;
  return static_cast<uint32_t>(root + (up ? 1 : 0));
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  auto *out = elementsOf<uint32_t>(result);
  auto run = [&]<class T>(Type<T>) {
    Elements<T> x(context.input(0).data);
    return eachPiece(context.budget, static_cast<int64_t>(result.count()),
                     [&](int64_t from, int64_t to) {
                       for (int64_t i = from; i < to; ++i)
                         out[i] = nearestRoot(x[i]);
                     });
  };
  RUNE_TRY(context.dtype(0) == DType::U32 ? run(Type<uint32_t>{})
                                          : run(Type<uint64_t>{}));
  return single(std::move(result));
}

} // namespace

OpDefinition defineSqrtInteger() {
  return {{1, 1}, {1, 1}, {}, infer, evaluate};
}

} // namespace rune::graph
