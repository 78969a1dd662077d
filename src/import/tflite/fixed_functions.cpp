// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/tflite/fixed_functions.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

namespace rune::import {
namespace {

constexpr int32_t most = std::numeric_limits<int32_t>::max();
constexpr int32_t least = std::numeric_limits<int32_t>::min();

/// The upper half of 2·a·b, rounded.
int32_t product(int32_t a, int32_t b) {
  if (a == least && b == least)
    return most;
  int64_t ab = int64_t{a} * b;
  int64_t nudge = ab >= 0 ? int64_t{1} << 30 : 1 - (int64_t{1} << 30);
  return static_cast<int32_t>((ab + nudge) / (int64_t{1} << 31));
}

int32_t wrapped(int64_t value) { return static_cast<int32_t>(value); }

int32_t saturated(int64_t value) {
  return static_cast<int32_t>(std::clamp<int64_t>(value, least, int64_t{most}));
}

/// (a + b) / 2, ties away from zero.
int32_t halfSum(int32_t a, int32_t b) {
  int64_t sum = int64_t{a} + b;
  return static_cast<int32_t>((sum + (sum >= 0 ? 1 : -1)) / 2);
}

/// e^a for a in [-1/4, 0), 31 bits behind the point on both sides: four terms
/// around -1/8.
int32_t expOfQuarter(int32_t a) {
  constexpr int32_t atEighth = 1895147668; // e^(-1/8)
  constexpr int32_t third = 715827883;     // 1/3
  int32_t x = wrapped(int64_t{a} + (int64_t{1} << 28));
  int32_t x2 = product(x, x), x3 = product(x2, x), x4 = product(x2, x2);
  int32_t x4Quarter = dividedByPowerOfTwo(x4, 2);
  int32_t rest = dividedByPowerOfTwo(
      wrapped(int64_t{product(wrapped(int64_t{x4Quarter} + x3), third)} + x2),
      1);
  return wrapped(int64_t{atEighth} +
                 product(atEighth, wrapped(int64_t{x} + rest)));
}

/// e^a for a ≤ 0 with `bits` bits behind the point; the result has 31. The part
/// in [-1/4, 0) by its series, then a factor e^-(2^i) for each bit above.
int32_t expOfNegative(int32_t a, int bits) {
  constexpr std::array<int32_t, 7> factors = {
      1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
  int32_t quarter = int32_t{1} << (bits - 2);
  int32_t low = wrapped(int64_t{a & (quarter - 1)} - quarter);
  int32_t result =
      expOfQuarter(saturated(int64_t{low} * (int64_t{1} << (31 - bits))));
  int32_t above = wrapped(int64_t{low} - a);
  for (size_t i = 0; i < factors.size(); ++i) {
    int place = bits - 2 + static_cast<int>(i);
    if (place < 31 && (above & (int32_t{1} << place)))
      result = product(result, factors[i]);
  }
  return a == 0 ? most : result;
}

/// 1/(1 + a) or (1 - a)/(1 + a) for a in [0, 1], 31 bits on both sides: three
/// Newton steps for the reciprocal of (1 + a)/2, which have 29.
int32_t reciprocalOfHalf(int32_t a) {
  int32_t half = halfSum(a, most);
  constexpr int32_t start = 1515870810;  // 48/17
  constexpr int32_t slope = -1010580540; // -32/17
  auto toWide = [](int64_t value) {
    return saturated(value * 4); // 2 integer bits from the product's 4
  };
  int32_t x = wrapped(int64_t{start} + product(half, slope));
  for (int i = 0; i < 3; ++i) {
    int32_t rest =
        wrapped((int64_t{1} << 29) - product(half, x)); // 1 - half · x
    x = wrapped(int64_t{x} + toWide(product(x, rest)));
  }
  return x;
}

/// From 2 integer bits to none, of a number below 1.
int32_t toFraction(int64_t value) { return saturated(value * 4); }

} // namespace

int32_t dividedByPowerOfTwo(int32_t a, int bits) {
  int64_t mask = (int64_t{1} << bits) - 1;
  int64_t rest = a & mask;
  int64_t threshold = (mask >> 1) + (a < 0 ? 1 : 0);
  return static_cast<int32_t>((a >> bits) + (rest > threshold ? 1 : 0));
}

int32_t multiplied(int64_t x, FixedPoint fixed) {
  int left = std::max(fixed.shift, 0), right = std::max(-fixed.shift, 0);
  return dividedByPowerOfTwo(
      product(wrapped(x * (int64_t{1} << left)), fixed.multiplier), right);
}

/// Five Newton steps from 1, for a number in [1/4, 1) with 3 integer bits; what
/// was shifted out is in the power of two, half of it as the root of 1/2.
FixedPoint inverseRoot(int32_t x) {
  if (x <= 1)
    return {most, 0};
  int right = 11;
  for (; x >= (1 << 29); ++right)
    x /= 4;
  int pairs = (std::countl_zero(static_cast<uint32_t>(x)) - 1) / 2 - 1;
  right -= pairs;
  x <<= 2 * pairs;
  constexpr int32_t one = 1 << 28, threeHalves = one + (one >> 1);
  constexpr int32_t halfRootOfTwo = 1518500250;
  int32_t half = dividedByPowerOfTwo(x >> 1, 1), y = one;
  for (int i = 0; i < 5; ++i) {
    int32_t cube = saturated(int64_t{product(product(y, y), y)} * 64);
    y = saturated(int64_t{wrapped(int64_t{product(threeHalves, y)} -
                                  product(half, cube))} *
                  8);
  }
  y = product(y, halfRootOfTwo);
  if (right < 0)
    return {wrapped(int64_t{y} * (int64_t{1} << -right)), 0};
  return {y, -right};
}

int32_t fixedLogistic(int32_t x) {
  if (x == 0)
    return most / 2 + 1;
  // 1 / (1 + e^-|x|), of which the half has two integer bits less
  int32_t exponential = expOfNegative(x > 0 ? wrapped(-int64_t{x}) : x, 27);
  int32_t positive =
      saturated(int64_t{reciprocalOfHalf(exponential)} * 2); // half of it · 4
  return x > 0 ? positive : wrapped(int64_t{most} - positive);
}

int32_t fixedTanh(int32_t x) {
  if (x == 0)
    return 0;
  int32_t negative = x > 0 ? wrapped(-int64_t{x}) : x;
  // (1 - e^-2|x|) / (1 + e^-2|x|); doubling means one bit less behind the point
  int32_t exponential = expOfNegative(negative, 26);
  int32_t reciprocal = reciprocalOfHalf(exponential);
  int32_t positive =
      toFraction(wrapped(int64_t{reciprocal} - (int64_t{1} << 29)));
  return x > 0 ? positive : wrapped(-int64_t{positive});
}

} // namespace rune::import
