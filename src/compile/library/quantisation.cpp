// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Between floats and integers of a scale, and between scales; softmax of 8-bit
// integers.
//
// source  docs/ops.md: requantize, quantize, dequantize, cast, softmax_fixed
#include "compile/library/math.h"
#include "compile/library/walk.h"

using namespace rune::library;

namespace {

/// Calls `body(parameter, element)` for each element of x, whose parameters are
/// one for all, one for each index of `axis`, or one for `block` of them.
template <class F>
int32_t eachParameter(const Call &call, const View &parameters, int64_t axis,
                      int64_t block, F body) {
  const View &x = call.in[0];
  int64_t count = countOf(x), several = countOf(parameters), inner = 1,
          along = 1;
  if (several > 1 || block > 0) {
    inner = rowMajor(x).of[axis];
    along = x.sizes[axis];
  }
  int64_t blocks = block > 0 ? parameters.sizes[axis] : 0;
  return eachPiece(call, count, [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i) {
      int64_t parameter = 0;
      if (block > 0)
        parameter =
            (i / inner / along * blocks + i / inner % along / block) * inner +
            i % inner;
      else if (several > 1)
        parameter = i / inner % along;
      body(parameter, i);
    }
  });
}

/// A zero point; 0 where there is none.
int64_t zeroAt(const Call &call, int32_t input, int64_t at) {
  return has(call, input) ? loadInteger(call.in[input], at) : 0;
}

struct Limits {
  int64_t low, high;
};
/// Of integers of up to 32 bits.
Limits limitsOf(Type type) {
  int64_t range = int64_t{1} << (8 * bytesOf(type));
  return isSigned(type) ? Limits{-range / 2, range / 2 - 1}
                        : Limits{0, range - 1};
}

/// Towards zero, saturating; NaN gives 0.
template <class To> To truncated(double x) {
  constexpr double low = static_cast<double>(std::numeric_limits<To>::min());
  constexpr double high =
      static_cast<double>(uint64_t{1}
                          << (std::numeric_limits<To>::digits - 1)) *
      2;
  if (isNan(x))
    return 0;
  if (x <= low)
    return std::numeric_limits<To>::min();
  return x >= high ? std::numeric_limits<To>::max() : static_cast<To>(x);
}

} // namespace

RUNE_KERNEL(Quantize) {
  enum { axis, block, dtype, rounding, saturate };
  const Attribute *a = call.attributes;
  bool away = isText(a[rounding], "away");
  Limits limits = limitsOf(call.out[0].type);
  auto low = static_cast<double>(limits.low);
  auto high = static_cast<double>(limits.high);
  return withFloat(call.in[0].type, [&]<class From>(Tag<From>) {
    const From *in = elements<From>(call.in[0]);
    const From *scales = elements<From>(call.in[1]);
    return eachParameter(
        call, call.in[1], a[axis].integer, a[block].integer,
        [&](int64_t parameter, int64_t i) {
          auto quotient = static_cast<double>(
              widen(narrow<From>(widen(in[i]) / widen(scales[parameter]))));
          auto zero = static_cast<double>(zeroAt(call, 2, parameter));
          double y =
              (away ? math::roundAway(quotient) : math::roundEven(quotient)) +
              zero;
          if (isNan(y))
            y = zero;
          storeInteger(call.out[0], i,
                       static_cast<int64_t>(y < low    ? low
                                            : y > high ? high
                                                       : y));
        });
  });
}

RUNE_KERNEL(Dequantize) {
  enum { axis, block };
  const Attribute *a = call.attributes;
  return eachParameter(
      call, call.in[1], a[axis].integer, a[block].integer,
      [&](int64_t parameter, int64_t i) {
        double x = static_cast<double>(loadInteger(call.in[0], i)) -
                   static_cast<double>(zeroAt(call, 2, parameter));
        storeFloat(call.out[0], i, x * loadFloat(call.in[1], parameter));
      });
}

namespace {

/// x · multiplier · 2^(shift - 31), by one of the rules of `rounding`.
template <class W> struct Scaler {
  int64_t multiplier;
  int drop;
  bool isDouble, isEven;

  Scaler(int32_t m, int32_t shift, const Attribute &rounding)
      : multiplier(m), drop(31 - shift),
        isDouble(isText(rounding, "tflite-double")),
        isEven(isText(rounding, "onnx-even")) {
    if (!isText(rounding, "tflite-16x8"))
      return;
    multiplier = m < 0x7fff0000 ? (multiplier + (1 << 15)) >> 16 : 0x7fff;
    drop = 15 - shift;
  }
  W operator()(W x) const {
    W product = x * multiplier, half = W(1) << (drop - 1);
    if (isEven) {
      W down = product >> drop, rest = product - (down << drop);
      return down + (rest > half || (rest == half && (down & 1) != 0) ? 1 : 0);
    }
    if (isDouble && drop > 31)
      half += product >= 0 ? W(1) << 30 : -(W(1) << 30);
    return (product + half) >> drop;
  }
};

} // namespace

RUNE_KERNEL(Requantize) {
  enum { axis, dtype, high, leftShift, low, rounding };
  const Attribute *a = call.attributes;
  const View &x = call.in[0], &multipliers = call.in[1], &shifts = call.in[2];
  bool severalMultipliers = countOf(multipliers) > 1;
  bool severalShifts = countOf(shifts) > 1;
  const View &parameters = severalMultipliers ? multipliers : shifts;
  int32_t most = isText(a[rounding], "tflite-16x8") ? 14 : 30;
  for (int64_t i = 0; i < countOf(shifts); ++i) // requantize.7
    if (int32_t shift = elements<int32_t>(shifts)[i];
        shift < -31 || shift > most)
      return 7;
  int64_t zero = zeroAt(call, 3, 0), xZero = zeroAt(call, 4, 0);
  int64_t left = a[leftShift].integer, least = a[low].integer;
  int64_t largest = a[high].integer;
  auto run = [&]<class W>(Tag<W>) {
    return eachParameter(
        call, parameters, a[axis].integer, 0,
        [&](int64_t parameter, int64_t i) {
          Scaler<W> scale(
              elements<int32_t>(
                  multipliers)[severalMultipliers ? parameter : 0],
              elements<int32_t>(shifts)[severalShifts ? parameter : 0],
              a[rounding]);
          W y = scale((W(loadInteger(x, i)) - W(xZero)) * (W(1) << left)) +
                W(zero);
          storeInteger(call.out[0], i,
                       static_cast<int64_t>(y < least     ? W(least)
                                            : y > largest ? W(largest)
                                                          : y));
        });
  };
  // what does not leave 2^62 with its product is computed in 64 bits
  bool narrowEnough = 8 * bytesOf(x.type) + left <= 31 ||
                      (bytesOf(x.type) == 4 && xZero == 0 && left == 0);
  return narrowEnough ? run(Tag<int64_t>{}) : run(Tag<__int128>{});
}

namespace {

/// An integer as a double that any narrower float rounds as the integer itself.
template <class From> double sticky(From x) {
  bool negative = x < 0;
  auto size = static_cast<uint64_t>(x);
  if (negative)
    size = 0 - size;
  if (size >> 53 == 0)
    return static_cast<double>(x);
  uint64_t rest = size & ((uint64_t{1} << 11) - 1);
  double value = static_cast<double>((size >> 11) | (rest != 0 ? 1 : 0)) * 2048;
  return negative ? -value : value;
}

/// From double, int64_t or uint64_t, in which every number is exact.
template <class To, class From> To converted(From x, bool saturate) {
  if constexpr (std::is_same_v<From, double>) {
    if constexpr (isFloat<To>)
      return narrow<To>(x);
    else
      return truncated<To>(x);
  } else if constexpr (isHalf<To>) {
    return narrow<To>(sticky(x));
  } else if constexpr (isFloat<To>) {
    return static_cast<To>(x);
  } else {
    if (!saturate)
      return static_cast<To>(x);
    __int128 wide = x, low = std::numeric_limits<To>::min(),
             high = std::numeric_limits<To>::max();
    return static_cast<To>(wide < low ? low : wide > high ? high : wide);
  }
}

/// Calls `convert(load)` with a function that gives element i.
template <class F> int32_t withNumbers(const View &x, F convert) {
  if (isFloatType(x.type))
    RUNE_CASE return convert([&](int64_t i) { return loadFloat(x, i); });
  if (x.type == Type::U64)
    RUNE_CASE return convert(
        [&](int64_t i) { return elements<uint64_t>(x)[i]; });
  if (x.type == Type::Bool)
    RUNE_CASE return convert(
        [&](int64_t i) { return int64_t{elements<uint8_t>(x)[i] != 0}; });
  RUNE_CASE return convert([&](int64_t i) { return loadInteger(x, i); });
}

} // namespace

RUNE_KERNEL(Cast) {
  enum { dtype, roundMode, saturateAttribute };
  bool saturate = call.attributes[saturateAttribute].integer != 0;
  const View &y = call.out[0];
  return withNumbers(call.in[0], [&](auto load) {
    auto each = [&](auto convert) {
      return eachPiece(call, countOf(y), [&](int64_t from, int64_t to) {
        for (int64_t i = from; i < to; ++i)
          convert(i, load(i));
      });
    };
    if (y.type == Type::Bool)
      return each([&](int64_t i, auto x) { elements<uint8_t>(y)[i] = x != 0; });
    return withNumeric(y.type, [&]<class To>(Tag<To>) {
      return each([&](int64_t i, auto x) {
        elements<To>(y)[i] = converted<To>(x, saturate);
      });
    });
  });
}

namespace {

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
  int64_t y = int64_t{x} * (int64_t{1} << n);
  return static_cast<int32_t>(y < INT32_MIN   ? INT32_MIN
                              : y > INT32_MAX ? INT32_MAX
                                              : y);
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
    return INT32_MAX;
  constexpr int32_t quarter = 1 << 24;
  int32_t near = (a & (quarter - 1)) - quarter;
  int32_t result = expNear(multiplied(near, 5));
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
  constexpr int32_t start = 1515870810, slope = -1010580540, unit = 1 << 29;
  auto half = static_cast<int32_t>((int64_t{a} + INT32_MAX + 1) / 2);
  int32_t x = plus(start, times(half, slope));
  for (int i = 0; i < 3; ++i)
    x = plus(x, multiplied(times(x, minus(unit, times(half, x))), 2));
  return multiplied(x, 1);
}

} // namespace

RUNE_KERNEL(SoftmaxFixed) {
  enum { diffMin, dtype, leftShift, multiplierAttribute };
  const Attribute *a = call.attributes;
  auto least = static_cast<int32_t>(a[diffMin].integer);
  auto multiplier = static_cast<int32_t>(a[multiplierAttribute].integer);
  auto shift = static_cast<int>(a[leftShift].integer);
  const View &x = call.in[0];
  int64_t count = x.sizes[x.rank - 1];
  int64_t rows = count == 0 ? 0 : countOf(x) / count;
  auto exp = [&](int32_t difference) {
    return expOf(
        times(static_cast<int32_t>(int64_t{difference} * (int64_t{1} << shift)),
              multiplier));
  };
  return withSmallInteger(x.type, [&]<class In>(Tag<In>) {
    return withSmallInteger(
        call.out[0].type, [&]<class Out>(Tag<Out>) -> int32_t {
          for (int64_t row = 0; row < rows; ++row) {
            if (mustStop(call))
              return stopped;
            const In *in = elements<In>(x) + row * count;
            Out *out = elements<Out>(call.out[0]) + row * count;
            In largest = in[0];
            for (int64_t i = 1; i < count; ++i)
              largest = in[i] > largest ? in[i] : largest;
            int32_t sum = 0;
            for (int64_t i = 0; i < count; ++i)
              if (in[i] - largest >= least)
                sum += divided(exp(in[i] - largest), 12);
            int headroom =
                sum == 0 ? 32 : __builtin_clz(static_cast<uint32_t>(sum));
            auto mantissa = static_cast<int32_t>(
                (headroom == 32 ? 0 : static_cast<uint32_t>(sum) << headroom) -
                (uint32_t{1} << 31));
            int32_t factor = oneOver(mantissa);
            constexpr int bits = 8 * sizeof(Out);
            constexpr int64_t most = (int64_t{1} << bits) - 1;
            constexpr int64_t smallest = std::numeric_limits<Out>::min();
            for (int64_t i = 0; i < count; ++i) {
              int64_t y = 0;
              if (in[i] - largest >= least)
                y = divided(times(factor, exp(in[i] - largest)),
                            12 - headroom + 31 - bits);
              out[i] = static_cast<Out>((y > most ? most : y) + smallest);
            }
          }
          return 0;
        });
  });
}
