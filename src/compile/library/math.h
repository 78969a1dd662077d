// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The elementary functions, in double: f32 and f16 take them and round once,
// which leaves them within half a unit in the last place and a little; f64 is
// within two. They need nothing but the four operations and the square root, so
// that they are the same on every processor.
//
// source  W. J. Cody and W. Waite 1980, "Software Manual for the Elementary
//         Functions"; M. H. Payne and R. N. Hanek 1983 (arguments of any size);
//         T. J. Dekker 1971 (two doubles as one number); constants computed
//         from their series with 2600 bits
#pragma once

#include "compile/library/numbers.h"

namespace rune::library::math {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();
constexpr double ln2 = 0x1.62e42fefa39efp-1;
constexpr double ln2High = 0x1.62e42fee00000p-1, ln2Low = 0x1.a39ef35793c76p-33;
constexpr double halfPi = 0x1.921fb54442d18p+0,
                 halfPiLow = 0x1.1a62633145c07p-54;

inline double sqrt(double x) { return __builtin_sqrt(x); }

/// Towards zero; what is 2^52 or more is whole already.
inline double truncate(double x) {
  if (!(magnitude(x) < 0x1p52))
    return x;
  return withSign(static_cast<double>(static_cast<int64_t>(x)), x);
}
inline double floor(double x) {
  double whole = truncate(x);
  return whole > x ? whole - 1 : whole;
}
inline double ceil(double x) {
  double whole = truncate(x);
  return withSign(whole < x ? whole + 1 : whole, x);
}
/// To nearest, ties to even.
inline double roundEven(double x) {
  if (!(magnitude(x) < 0x1p52))
    return x;
  volatile double shifted = magnitude(x) + 0x1p52; // rounds; not to be folded
  return withSign(shifted - 0x1p52, x);
}
/// To nearest, ties away from zero.
inline double roundAway(double x) {
  double whole = truncate(x);
  return magnitude(x - whole) >= 0.5 ? whole + withSign(1.0, x) : whole;
}

/// x · 2^n, rounded once; n within ±2100.
inline double scale(double x, int n) {
  while (n > 1000) {
    x *= 0x1p1000;
    n -= 1000;
  }
  if (n < -1000) { // in one rounding: the last step alone may be subnormal
    x *= 0x1p-960;
    n += 960;
  }
  if (n < -1000)
    return x * 0x1p-1000 *
           doubleOf(static_cast<uint64_t>(1023 + n + 1000) << 52);
  return x * doubleOf(static_cast<uint64_t>(1023 + n) << 52);
}

[[gnu::noinline]] inline double exp(double x) {
  if (isNan(x))
    return x;
  if (x > 709.79)
    return infinity;
  if (x < -745.2)
    return 0;
  auto n = static_cast<int>(x * (1 / ln2) + (x < 0 ? -0.5 : 0.5));
  double r = (x - n * ln2High) - n * ln2Low, sum = 1;
  for (int k = 14; k > 0; --k)
    sum = 1 + sum * r / k;
  return scale(sum, n);
}

[[gnu::noinline]] inline double expm1(double x) {
  if (isNan(x))
    return x;
  if (magnitude(x) > 0.7)
    return exp(x) - 1;
  double sum = 1;
  for (int k = 18; k > 1; --k)
    sum = 1 + sum * x / k;
  return x * sum;
}

/// Of a finite number above 0: x = m · 2^n, m in [√½, √2).
struct Split {
  double m;
  int n;
};
[[gnu::noinline]] inline Split split(double x) {
  int n = 0;
  if (x < 0x1p-1022) {
    x *= 0x1p54;
    n = -54;
  }
  uint64_t bits = bitsOf(x);
  n += static_cast<int>(bits >> 52) - 1023;
  double m =
      doubleOf((bits & ((uint64_t{1} << 52) - 1)) | uint64_t{1023} << 52);
  if (m > 0x1.6a09e667f3bcdp+0)
    return {m / 2, n + 1};
  return {m, n};
}

[[gnu::noinline]] inline double log(double x) {
  if (isNan(x) || x < 0)
    return notANumber;
  if (x == 0)
    return -infinity;
  if (x == infinity)
    return x;
  auto [m, n] = split(x);
  double f = m - 1, s = f / (2 + f), z = s * s, rest = 0;
  for (int k = 23; k > 1; k -= 2)
    rest = z * (2.0 / k + rest);
  double half = f * f / 2;
  return n * ln2High - ((half - (s * (half + rest) + n * ln2Low)) - f);
}

[[gnu::noinline]] inline double log1p(double x) {
  double u = 1 + x;
  if (u == 1 || u == infinity)
    return x;
  return log(u) * (x / (u - 1));
}

/// The first bits of 2/π behind the point.
constexpr uint64_t twoOverPi[] = {
    0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041,
    0xfe5163abdebbc561, 0xb7246e3a424dd2e0, 0x06492eea09d1921c,
    0xfe1deb1cb129a73e, 0xe88235f52ebb4484, 0xe99c7026b45f7e41,
    0x3991d639835339f4, 0x9c845f8bbdf9283b, 0x1ff897ffde05980f,
    0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d,
    0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08,
    0x56033046fc7b6bab, 0xf0cfbc209af4361d};

/// x = (4k + quarter) · π/2 + angle, |angle| ≤ π/4 and a little.
struct Angle {
  int quarter;
  double high, low;
};

/// 64 bits of 2/π from bit `at` on.
inline uint64_t bitsOfTwoOverPi(int at) {
  if (at <= -64)
    return 0;
  if (at < 0)
    return twoOverPi[0] >> -at;
  int word = at / 64, shift = at % 64;
  uint64_t next = shift ? twoOverPi[word + 1] >> (64 - shift) : 0;
  return twoOverPi[word] << shift | next;
}

/// Of a number that is large: the product with 2/π, as far as it matters.
[[gnu::noinline]] inline Angle reduceLarge(double x) {
  uint64_t bits = bitsOf(x);
  int exponent = static_cast<int>(bits >> 52 & 0x7ff) - 1075;
  uint64_t m = (bits & ((uint64_t{1} << 52) - 1)) | uint64_t{1} << 52;
  // x = m · 2^exponent. Of 2/π the bits before `first` give multiples of 4.
  int first = exponent - 2;
  uint64_t words[3] = {bitsOfTwoOverPi(first), bitsOfTwoOverPi(first + 64),
                       bitsOfTwoOverPi(first + 128)};
  using Wide = unsigned __int128;
  Wide low = Wide(m) * words[2], middle = Wide(m) * words[1] + (low >> 64);
  uint64_t top = m * words[0] + static_cast<uint64_t>(middle >> 64);
  auto second = static_cast<uint64_t>(middle),
       third = static_cast<uint64_t>(low);
  int quarter = static_cast<int>(top >> 62);
  uint64_t high = top << 2 | second >> 62, next = second << 2 | third >> 62;
  bool negative = high >> 63;
  if (negative) { // the nearer multiple is the next
    ++quarter;
    high = ~high;
    next = ~next;
  }
  // the fraction, its leading zeros gone, as two doubles
  double size = 0, rest = 0;
  if (high | next) {
    int zeros = high ? __builtin_clzll(high) : 64 + __builtin_clzll(next);
    Wide all = (Wide(high) << 64 | next) << zeros;
    auto head = static_cast<uint64_t>(all >> 75),
         tail = static_cast<uint64_t>(all >> 22);
    size = scale(static_cast<double>(head), -53 - zeros);
    rest = scale(static_cast<double>(tail & ((uint64_t{1} << 53) - 1)),
                 -106 - zeros);
  }
  double angle = size * halfPi;
  // the product's own error: halves of 26 bits
  auto upper = [](double v) {
    return doubleOf(bitsOf(v) & ~uint64_t{0x7ffffff});
  };
  double a = upper(size), b = size - a, c = upper(halfPi), d = halfPi - c;
  double error = ((a * c - angle) + a * d + b * c) + b * d;
  error += size * halfPiLow + rest * halfPi;
  if (negative) {
    angle = -angle;
    error = -error;
  }
  return {quarter & 3, angle, error};
}

[[gnu::noinline]] inline Angle reduceAngle(double x) {
  double size = magnitude(x);
  Angle angle;
  if (size <= halfPi / 2)
    return {0, x, 0};
  if (size < 0x1p19) {
    constexpr double one = 0x1.921fb54400000p+0, two = 0x1.0b4611a600000p-34,
                     three = 0x1.3198a2e037073p-69;
    double n = roundEven(size * (1 / halfPi));
    double r = size - n * one; // exact, as are both products
    double high = r - n * two;
    double low = (r - high) - n * two - n * three;
    double sum = high + low;
    angle = {static_cast<int>(n) & 3, sum, (high - sum) + low};
  } else {
    angle = reduceLarge(size);
  }
  if (isNegative(x))
    return {(4 - angle.quarter) & 3, -angle.high, -angle.low};
  return angle;
}

/// Of an angle of at most π/4, and a little.
inline double sinOf(double x, double low) {
  double z = x * x, sum = 0;
  for (int k = 19; k > 3; k -= 2)
    sum = (1 + sum) * -z / (k * (k - 1));
  // sin(x + low) = x + x·s(z) + low · cos x
  return x + (x * ((1 + sum) * -z / 6) + low * (1 - z / 2));
}
inline double cosOf(double x, double low) {
  double z = x * x, sum = 0;
  for (int k = 18; k > 2; k -= 2)
    sum = (1 + sum) * -z / (k * (k - 1));
  double half = z / 2, w = 1 - half;
  return w + (((1 - w) - half) - (half * sum + x * low));
}

inline double sin(double x) {
  if (!(magnitude(x) < infinity))
    return notANumber;
  if (magnitude(x) < 0x1p-27)
    return x;
  Angle a = reduceAngle(x);
  double y = a.quarter & 1 ? cosOf(a.high, a.low) : sinOf(a.high, a.low);
  return a.quarter & 2 ? -y : y;
}
inline double cos(double x) {
  if (!(magnitude(x) < infinity))
    return notANumber;
  Angle a = reduceAngle(x);
  double y = a.quarter & 1 ? sinOf(a.high, a.low) : cosOf(a.high, a.low);
  return a.quarter == 1 || a.quarter == 2 ? -y : y;
}
inline double tan(double x) {
  if (!(magnitude(x) < infinity))
    return notANumber;
  if (magnitude(x) < 0x1p-27)
    return x;
  Angle a = reduceAngle(x);
  double s = sinOf(a.high, a.low), c = cosOf(a.high, a.low);
  return a.quarter & 1 ? -c / s : s / c;
}

[[gnu::noinline]] inline double atan(double x) {
  struct Point {
    double high, low;
  };
  constexpr Point points[] = {// atan(k / 8)
                              {0, 0},
                              {0x1.fd5ba9aac2f6ep-4, -0x1.cd37686760c17p-59},
                              {0x1.f5b75f92c80ddp-3, 0x1.8ab6e3cf7afbdp-57},
                              {0x1.6f61941e4def1p-2, -0x1.c63aae6f6e918p-56},
                              {0x1.dac670561bb4fp-2, 0x1.a2b7f222f65e2p-56},
                              {0x1.1e00babdefeb4p-1, -0x1.928df287a668fp-58},
                              {0x1.4978fa3269ee1p-1, 0x1.2419a87f2a458p-56},
                              {0x1.700a7c5784634p-1, -0x1.8c34d25aadef6p-56},
                              {0x1.921fb54442d18p-1, 0x1.1a62633145c07p-55}};
  if (isNan(x))
    return x;
  double size = magnitude(x);
  if (size > 0x1p60)
    return withSign(halfPi, x);
  bool inverse = size > 1;
  double v = inverse ? 1 / size : size;
  auto k = static_cast<int>(v * 8 + 0.5);
  double c = k / 8.0, t = (v - c) / (1 + v * c), z = t * t, sum = 0;
  for (int i = 19; i > 1; i -= 2)
    sum = -z * (1.0 / i + sum);
  double y = points[k].high + (t + (t * sum + points[k].low));
  if (inverse)
    y = halfPi - (y - halfPiLow);
  return withSign(y, x);
}
inline double asin(double x) {
  double size = magnitude(x);
  if (!(size <= 1))
    return notANumber;
  if (size <= 0.5)
    return atan(x / sqrt((1 - x) * (1 + x)));
  double s = sqrt((1 - size) / 2);
  double y = halfPi - (2 * atan(s / sqrt((1 - s) * (1 + s))) - halfPiLow);
  return withSign(y, x);
}
inline double acos(double x) {
  if (!(magnitude(x) <= 1))
    return notANumber;
  if (magnitude(x) <= 0.5)
    return halfPi - (asin(x) - halfPiLow);
  double s = sqrt((1 - magnitude(x)) / 2);
  double y = 2 * atan(s / sqrt((1 - s) * (1 + s)));
  return x > 0 ? y : 2 * halfPi - (y - 2 * halfPiLow);
}

inline double sinh(double x) {
  double size = magnitude(x);
  if (size > 22) {
    double half = exp(size / 2);
    return withSign(half / 2 * half, x);
  }
  double e = expm1(size);
  return withSign((e + e / (e + 1)) / 2, x);
}
inline double cosh(double x) {
  double size = magnitude(x);
  if (size > 22) {
    double half = exp(size / 2);
    return half / 2 * half;
  }
  double e = exp(size);
  return e / 2 + 0.5 / e;
}
inline double tanh(double x) {
  if (isNan(x))
    return x;
  double size = magnitude(x);
  if (size > 22)
    return withSign(1.0, x);
  double e = expm1(2 * size);
  return withSign(e / (e + 2), x);
}
inline double asinh(double x) {
  double size = magnitude(x);
  if (!(size < infinity))
    return x;
  double y = size > 0x1p28
                 ? log(size) + ln2
                 : log1p(size + size * size / (1 + sqrt(size * size + 1)));
  return withSign(y, x);
}
inline double acosh(double x) {
  if (!(x >= 1))
    return notANumber;
  if (x > 0x1p28)
    return log(x) + ln2;
  double t = x - 1;
  return log1p(t + sqrt(2 * t + t * t));
}
inline double atanh(double x) {
  double size = magnitude(x);
  if (!(size <= 1))
    return notANumber;
  return withSign(log1p(2 * size / (1 - size)) / 2, x);
}

/// e^-x² for x ≥ 0, to the last digits.
[[gnu::noinline]] inline double expOfSquare(double x) {
  double high = doubleOf(bitsOf(x) & ~uint64_t{0x7ffffff});
  return exp(-high * high) * exp(-(x - high) * (x + high));
}
constexpr double twoOverRootPi = 0x1.20dd750429b6dp+0;

/// For x in [0, 3): Kummer's series, whose terms are all positive.
[[gnu::noinline]] inline double erfSeries(double x) {
  double z = x * x, term = x, sum = x;
  for (int n = 1; n < 100 && term > sum * 0x1p-56; ++n) {
    term *= 2 * z / (2 * n + 1);
    sum += term;
  }
  return twoOverRootPi * expOfSquare(x) * sum;
}
/// For x ≥ 1: Laplace's continued fraction.
[[gnu::noinline]] inline double erfcFraction(double x) {
  if (x > 28)
    return 0;
  double below = x;
  for (int k = x < 2 ? 240 : 80; k > 0; --k)
    below = x + k / 2.0 / below;
  return twoOverRootPi / 2 * expOfSquare(x) / below;
}
inline double erf(double x) {
  if (isNan(x))
    return x;
  double size = magnitude(x);
  return withSign(size < 2 ? erfSeries(size) : 1 - erfcFraction(size), x);
}
inline double erfc(double x) {
  if (isNan(x))
    return x;
  if (x < 1)
    return x < 0 ? 1 + erf(-x) : 1 - erfSeries(x);
  return erfcFraction(x);
}

/// The rest of a / b, with the sign of a; exact.
[[gnu::noinline]] inline double fmod(double a, double b) {
  double x = magnitude(a), y = magnitude(b);
  if (isNan(a) || isNan(b) || x == infinity || y == 0)
    return notANumber;
  if (x < y)
    return a;
  auto [first, e] = split(x);
  auto [second, f] = split(y);
  // both as whole numbers of 54 bits
  auto m = static_cast<uint64_t>(first * 0x1p53);
  auto n = static_cast<uint64_t>(second * 0x1p53);
  for (int shift = e - f; shift >= 0; --shift) {
    if (m >= n)
      m -= n;
    if (shift > 0)
      m <<= 1;
  }
  return withSign(scale(static_cast<double>(m), f - 53), a);
}

/// Two doubles that stand for their sum.
struct Pair {
  double high, low;
};
inline Pair sum(double a, double b) {
  double s = a + b, t = s - a;
  return {s, (a - (s - t)) + (b - t)};
}
inline Pair product(double a, double b) {
  auto upper = [](double x) {
    return doubleOf(bitsOf(x) & ~uint64_t{0x7ffffff});
  };
  double p = a * b, ah = upper(a), al = a - ah, bh = upper(b), bl = b - bh;
  return {p, ((ah * bh - p) + ah * bl + al * bh) + al * bl};
}
inline Pair sum(Pair a, Pair b) {
  Pair s = sum(a.high, b.high);
  return sum(s.high, s.low + a.low + b.low);
}
inline Pair product(Pair a, Pair b) {
  Pair p = product(a.high, b.high);
  return sum(p.high, p.low + (a.high * b.low + a.low * b.high));
}
inline Pair quotient(Pair a, double b) {
  double q = a.high / b;
  Pair p = product(q, b);
  return sum(q, ((a.high - p.high) - p.low + a.low) / b);
}

/// ln x to about 100 bits, of a finite number above 0.
[[gnu::noinline]] inline Pair logPair(double x) {
  auto [m, n] = split(x);
  // s = (m - 1) / (m + 1); both are exact in a pair
  Pair above = sum(m, -1.0), under = sum(m, 1.0);
  double q = above.high / under.high;
  Pair back = product(under, Pair{q, 0});
  Pair s = sum(q, ((above.high - back.high) - back.low) / under.high);
  Pair z = product(s, s), series{0, 0};
  for (int k = 39; k > 1; k -= 2)
    series = product(z, sum(series, quotient({1, 0}, k)));
  Pair y = product(Pair{2 * s.high, 2 * s.low}, sum(series, Pair{1, 0}));
  Pair whole = product(static_cast<double>(n), ln2);
  return sum(sum(whole, Pair{n * 0x1.abc9e3b39803fp-56, 0}), y);
}

inline bool isWhole(double x) { return truncate(x) == x; }
inline bool isOdd(double x) {
  return magnitude(x) < 0x1p53 && isWhole(x) && !isWhole(x / 2);
}

/// As C's pow (C17 F.10.4.4).
[[gnu::noinline]] inline double pow(double a, double b) {
  if (b == 0 || a == 1)
    return 1;
  if (isNan(a) || isNan(b))
    return notANumber;
  double size = magnitude(a);
  if (magnitude(b) == infinity) {
    if (size == 1)
      return 1;
    return (size > 1) == (b > 0) ? infinity : 0;
  }
  double sign = isNegative(a) && isOdd(b) ? -1 : 1;
  if (size == 0)
    return b < 0 ? sign * infinity : sign * 0.0;
  if (size == infinity)
    return b < 0 ? sign * 0.0 : sign * infinity;
  if (a < 0 && !isWhole(b))
    return notANumber;
  if (magnitude(b) > 0x1p70)
    return size == 1 ? 1 : (size > 1) == (b > 0) ? infinity : 0;
  Pair power = product(logPair(size), Pair{b, 0});
  if (power.high > 710)
    return sign * infinity;
  if (power.high < -746)
    return sign * 0.0;
  double y = exp(power.high);
  // y is infinite or 0 only beyond the range, where the rest does not matter
  y = y < infinity ? y + y * power.low : y;
  // whole numbers have whole powers, which casts to integers rely on
  if (b > 0 && y < 0x1p48 && isWhole(a) && isWhole(b))
    y = roundEven(y);
  return sign * y;
}

/// A function of double on elements of any float type.
#define RUNE_LIBRARY_FUNCTION(name)                                            \
  inline float name(float x) {                                                 \
    return static_cast<float>(name(static_cast<double>(x)));                   \
  }
RUNE_LIBRARY_FUNCTION(exp)
RUNE_LIBRARY_FUNCTION(expm1)
RUNE_LIBRARY_FUNCTION(log)
RUNE_LIBRARY_FUNCTION(log1p)
RUNE_LIBRARY_FUNCTION(sin)
RUNE_LIBRARY_FUNCTION(cos)
RUNE_LIBRARY_FUNCTION(tan)
RUNE_LIBRARY_FUNCTION(asin)
RUNE_LIBRARY_FUNCTION(acos)
RUNE_LIBRARY_FUNCTION(atan)
RUNE_LIBRARY_FUNCTION(sinh)
RUNE_LIBRARY_FUNCTION(cosh)
RUNE_LIBRARY_FUNCTION(tanh)
RUNE_LIBRARY_FUNCTION(asinh)
RUNE_LIBRARY_FUNCTION(acosh)
RUNE_LIBRARY_FUNCTION(atanh)
RUNE_LIBRARY_FUNCTION(erf)
RUNE_LIBRARY_FUNCTION(erfc)
RUNE_LIBRARY_FUNCTION(floor)
RUNE_LIBRARY_FUNCTION(ceil)
RUNE_LIBRARY_FUNCTION(truncate)
RUNE_LIBRARY_FUNCTION(roundEven)
RUNE_LIBRARY_FUNCTION(roundAway)
#undef RUNE_LIBRARY_FUNCTION
inline float sqrt(float x) { return __builtin_sqrtf(x); }
inline float pow(float a, float b) {
  return static_cast<float>(
      pow(static_cast<double>(a), static_cast<double>(b)));
}
inline float fmod(float a, float b) {
  return static_cast<float>(
      fmod(static_cast<double>(a), static_cast<double>(b)));
}

} // namespace rune::library::math
