// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// softmax_fixed(x): softmax of 8-bit integers over the last dimension in 32-bit
// fixed point. A number with n integer bits is a raw 32-bit integer of which
// 2^(31
// - n) stands for 1. e^d is a polynomial around -1/8 for the part of d below
// 1/4, times a constant for each further bit; one over the sum is three steps
// of Newton's method.
//
// source  TensorFlow Lite's SOFTMAX for int8 and uint8; gemmlowp, fixedpoint.h
#include "graph/ops/common.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace rune::graph {

namespace {

constexpr int64_t mostElements = 4095;
constexpr int32_t one = INT32_MAX;

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0);
  // softmax_fixed.1: 8 bits
  if (x.dtype != DType::I8 && x.dtype != DType::U8)
    return context.fail(1, "needs i8 or u8, got {}", x.str());
  // softmax_fixed.2: a last dimension whose sum fits
  if (x.dims.empty() ||
      (x.dims.back().isFixed() &&
       (x.dims.back().size() < 1 || x.dims.back().size() > mostElements)))
    return context.fail(2, "the last dimension of {} must be 1 to {}", x.str(),
                        mostElements);
  int64_t multiplier = context.node.integer("multiplier");
  int64_t shift = context.node.integer("left_shift");
  int64_t least = context.node.integer("diff_min");
  // softmax_fixed.3: a scale that does not overflow
  if (multiplier < 0 || multiplier > INT32_MAX || shift < 0 || shift > 31 ||
      least > 0 || least < INT32_MIN ||
      (std::min<int64_t>(-least, 255) << shift) > int64_t{INT32_MAX})
    return context.fail(3, "`multiplier` {}, `left_shift` {}, `diff_min` {}",
                        multiplier, shift, least);
  return Types{{dtypeOf(context.node), x.dims}};
}

/// The upper half of the doubled product, rounded; -1 · -1 saturates.
int32_t times(int32_t a, int32_t b) {
  if (a == INT32_MIN && b == INT32_MIN)
    return INT32_MAX;
  return static_cast<int32_t>((int64_t{a} * b + (int64_t{1} << 30)) >> 31);
}

/// x / 2^n to nearest, ties away from zero.
int32_t divided(int32_t x, int n) {
  if (n == 0)
    return x;
  int64_t half = int64_t{1} << (n - 1);
  return static_cast<int32_t>((x + half - (x < 0 ? 1 : 0)) >> n);
}

/// x · 2^n, saturating.
int32_t multiplied(int32_t x, int n) {
  return static_cast<int32_t>(std::clamp<int64_t>(
      int64_t{x} * (int64_t{1} << n), INT32_MIN, INT32_MAX));
}

int32_t plus(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) +
                              static_cast<uint32_t>(b));
}
int32_t minus(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) -
                              static_cast<uint32_t>(b));
}

/// e^a for a in [-1/4, 0), no integer bits: Taylor's polynomial around -1/8.
int32_t expNear(int32_t a) {
  constexpr int32_t expOfMinusEighth = 1895147668, third = 715827883;
  int32_t x = plus(a, 1 << 28);
  int32_t x2 = times(x, x), x3 = times(x2, x), x4 = times(x2, x2);
  int32_t higher = divided(plus(times(plus(divided(x4, 2), x3), third), x2), 1);
  return plus(expOfMinusEighth, times(expOfMinusEighth, plus(x, higher)));
}

/// e^a for a ≤ 0 with 5 integer bits; the result has none.
int32_t expOf(int32_t a) {
  if (a == 0)
    return one;
  constexpr int32_t quarter = 1 << 24;
  int32_t near = (a & (quarter - 1)) - quarter;
  int32_t result = expNear(multiplied(near, 5));
  // e^-(1/4), e^-(1/2), e^-1 … e^-16
  constexpr int32_t factors[] = {1672461947, 1302514674, 790015084, 290630308,
                                 39332535,   720401,     242};
  int32_t rest = minus(near, a);
  for (int i = 0; i < 7; ++i)
    if ((rest >> (24 + i)) & 1)
      result = times(result, factors[i]);
  return result;
}

/// 1 / (1 + a) for a in [0, 1), no integer bits.
int32_t oneOver(int32_t a) {
  // 48/17 and -32/17 with two integer bits start Newton's method
  constexpr int32_t start = 1515870810, slope = -1010580540, unit = 1 << 29;
  auto half = static_cast<int32_t>((int64_t{a} + one + 1) / 2);
  int32_t x = plus(start, times(half, slope));
  for (int i = 0; i < 3; ++i)
    x = plus(x, multiplied(times(x, minus(unit, times(half, x))), 2));
  return multiplied(x, 1);
}

struct Plan {
  int32_t multiplier, leftShift, least;

  /// e^(scaled x - max), or nothing where it is negligible.
  std::optional<int32_t> exp(int32_t difference) const {
    if (difference < least)
      return std::nullopt;
    auto shifted =
        static_cast<int32_t>(int64_t{difference} * (int64_t{1} << leftShift));
    return expOf(times(shifted, multiplier));
  }
};

template <class In, class Out>
void softmax(const Plan &plan, const In *x, Out *y, int64_t count) {
  In largest = *std::max_element(x, x + count);
  int32_t sum = 0;
  for (int64_t i = 0; i < count; ++i)
    if (auto e = plan.exp(x[i] - largest))
      sum += divided(*e, 12);
  int headroom = std::countl_zero(static_cast<uint32_t>(sum));
  auto mantissa = static_cast<int32_t>(
      (static_cast<uint32_t>(sum) << headroom) - (uint32_t{1} << 31));
  int32_t factor = oneOver(mantissa);
  constexpr int bits = 8 * sizeof(Out);
  constexpr int64_t largestOut = std::numeric_limits<Out>::max();
  constexpr int64_t smallestOut = std::numeric_limits<Out>::min();
  for (int64_t i = 0; i < count; ++i) {
    auto e = plan.exp(x[i] - largest);
    int64_t share =
        e ? divided(times(factor, *e), 12 - headroom + 31 - bits) : 0;
    y[i] = static_cast<Out>(
        std::clamp(share + smallestOut, smallestOut, largestOut));
  }
}

template <class In, class Out>
Result<> softmaxAll(const EvalContext &context, Tensor &result) {
  Plan plan{static_cast<int32_t>(context.node.integer("multiplier")),
            static_cast<int32_t>(context.node.integer("left_shift")),
            static_cast<int32_t>(context.node.integer("diff_min"))};
  // 8-bit elements stand anywhere
  const auto *in = reinterpret_cast<const In *>(context.input(0).data.data());
  Out *out = elementsOf<Out>(result);
  auto all = static_cast<int64_t>(result.count());
  int64_t count = result.sizes().back();
  for (int64_t at = 0; at < all; at += count) {
    if (!context.budget.spend(static_cast<uint64_t>(count)))
      return context.budget.expired();
    softmax(plan, in + at, out + at, count);
  }
  return {};
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  auto run = [&]<class In>(Type<In>) {
    switch (result.dtype()) {
    case DType::I8:
      return softmaxAll<In, int8_t>(context, result);
    case DType::U8:
      return softmaxAll<In, uint8_t>(context, result);
    default:
      return softmaxAll<In, int16_t>(context, result);
    }
  };
  RUNE_TRY(context.dtype(0) == DType::I8 ? run(Type<int8_t>{})
                                         : run(Type<uint8_t>{}));
  return single(std::move(result));
}

} // namespace

OpDefinition defineSoftmaxFixed() {
  return {{1, 1},
          {1, 1},
          {{"diff_min", AttributeKind::Integer, std::nullopt, {}},
           dtypeSpec({"i8", "u8", "i16"}),
           {"left_shift", AttributeKind::Integer, std::nullopt, {}},
           {"multiplier", AttributeKind::Integer, std::nullopt, {}}},
          infer,
          evaluate};
}

} // namespace rune::graph
