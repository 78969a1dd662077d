// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that compute each element from one element of each operand.
// Floats of 16 bits are computed in float and rounded once.
//
// source  docs/ops.md: each operator's own section
#include "compile/library/math.h"
#include "compile/library/walk.h"

using namespace rune::library;

namespace {

template <class T, class F> int32_t mapAs(const Call &call, F compute) {
  const T *in = elements<T>(call.in[0]);
  T *out = elements<T>(call.out[0]);
  return eachPiece(call, countOf(call.out[0]), [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i)
      out[i] = narrow<T>(compute(widen(in[i])));
  });
}

template <class F> int32_t mapFloats(const Call &call, F compute) {
  return withFloat(call.in[0].type,
                   [&]<class T>(Tag<T>) { return mapAs<T>(call, compute); });
}

/// The same in double, rounded once at the end.
template <class F> int32_t mapReals(const Call &call, F compute) {
  return eachPiece(call, countOf(call.out[0]), [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i)
      storeFloat(call.out[0], i, compute(loadFloat(call.in[0], i)));
  });
}

/// Floats and signed integers.
template <class F> int32_t mapSigned(const Call &call, F compute) {
  return withNumeric(call.in[0].type, [&]<class T>(Tag<T>) -> int32_t {
    if constexpr (std::is_unsigned_v<T>)
      return 0;
    else
      return mapAs<T>(call, compute);
  });
}

/// `compute(a, b, status)` on pairs of wide `T`, as `R`.
template <class T, class R, class F>
int32_t pairsAs(const Call &call, F compute) {
  const View &y = call.out[0];
  const Strides strides[] = {stretched(call.in[0], y), stretched(call.in[1], y),
                             rowMajor(y)};
  const T *a = elements<T>(call.in[0]), *b = elements<T>(call.in[1]);
  R *out = elements<R>(y);
  int32_t status = 0;
  int32_t ended =
      eachRow<3>(call, y.sizes, y.rank, strides,
                 [&](const int64_t *at, const int64_t *step, int64_t count) {
                   for (int64_t i = 0; i < count; ++i)
                     out[at[2] + i] = narrow<R>(
                         compute(widen(a[at[0] + i * step[0]]),
                                 widen(b[at[1] + i * step[1]]), status));
                   return status;
                 });
  return ended;
}

template <class F> int32_t pairs(const Call &call, F compute) {
  return withNumeric(call.in[0].type, [&]<class T>(Tag<T>) {
    return pairsAs<T, T>(call, compute);
  });
}

template <class F> int32_t compare(const Call &call, F compute) {
  auto test = [&](auto a, auto b, int32_t &) { return compute(a, b); };
  if (call.in[0].type == Type::Bool)
    return pairsAs<uint8_t, uint8_t>(call,
                                     [&](uint8_t a, uint8_t b, int32_t &) {
                                       return compute(a != 0, b != 0);
                                     });
  return withNumeric(call.in[0].type, [&]<class T>(Tag<T>) {
    return pairsAs<T, uint8_t>(call, test);
  });
}

} // namespace

RUNE_KERNEL(Abs) {
  return mapSigned(call, [](auto x) { return magnitude(x); });
}
RUNE_KERNEL(Neg) {
  return mapSigned(call, []<class W>(W x) {
    if constexpr (std::is_integral_v<W>)
      return subWrapping(W(0), x);
    else
      return -x;
  });
}
RUNE_KERNEL(Sign) {
  return mapSigned(call, []<class W>(W x) -> W {
    return isNan(x) ? x : static_cast<W>((x > 0) - (x < 0));
  });
}
RUNE_KERNEL(Relu) {
  return mapSigned(call,
                   []<class W>(W x) { return x > 0 || isNan(x) ? x : W(0); });
}

#define RUNE_FUNCTION(Name, function)                                          \
  RUNE_KERNEL(Name) {                                                          \
    return mapReals(call, [](double x) { return math::function(x); });         \
  }
RUNE_FUNCTION(Exp, exp)
RUNE_FUNCTION(Log, log)
RUNE_FUNCTION(Sqrt, sqrt)
RUNE_FUNCTION(Sin, sin)
RUNE_FUNCTION(Cos, cos)
RUNE_FUNCTION(Tan, tan)
RUNE_FUNCTION(Asin, asin)
RUNE_FUNCTION(Acos, acos)
RUNE_FUNCTION(Atan, atan)
RUNE_FUNCTION(Sinh, sinh)
RUNE_FUNCTION(Cosh, cosh)
RUNE_FUNCTION(Tanh, tanh)
RUNE_FUNCTION(Asinh, asinh)
RUNE_FUNCTION(Acosh, acosh)
RUNE_FUNCTION(Atanh, atanh)
RUNE_FUNCTION(Erf, erf)
RUNE_FUNCTION(Floor, floor)
RUNE_FUNCTION(Ceil, ceil)
#undef RUNE_FUNCTION

RUNE_KERNEL(Sigmoid) {
  return mapFloats(
      call, []<class W>(W x) -> W { return W(1) / (W(1) + math::exp(-x)); });
}

RUNE_KERNEL(Softplus) {
  return mapFloats(call, []<class W>(W x) -> W {
    if (isNan(x))
      return x;
    return (x > 0 ? x : W(0)) + math::log1p(math::exp(-magnitude(x)));
  });
}
RUNE_KERNEL(Elu) {
  enum { alpha, beta, gamma };
  double a = call.attributes[alpha].number, b = call.attributes[beta].number,
         g = call.attributes[gamma].number;
  return mapFloats(call, [=]<class W>(W x) -> W {
    return x > 0 ? static_cast<W>(g) * x
                 : static_cast<W>(g * a) * math::expm1(static_cast<W>(b) * x);
  });
}
RUNE_KERNEL(Gelu) {
  enum { approximate };
  if (isText(call.attributes[approximate], "tanh"))
    return mapFloats(call, []<class W>(W x) -> W {
      W inner = static_cast<W>(0.79788456080286535588) *
                (x + static_cast<W>(0.044715) * x * x * x);
      return W(0.5) * x * (W(1) + math::tanh(inner));
    });
  return mapFloats(call, []<class W>(W x) -> W {
    return W(0.5) * x * math::erfc(-x * static_cast<W>(0.70710678118654752440));
  });
}
RUNE_KERNEL(Round) {
  enum { ties };
  if (isText(call.attributes[ties], "away"))
    return mapReals(call, [](double x) { return math::roundAway(x); });
  return mapReals(call, [](double x) { return math::roundEven(x); });
}
RUNE_KERNEL(LogicalNot) {
  const uint8_t *in = elements<uint8_t>(call.in[0]);
  uint8_t *out = elements<uint8_t>(call.out[0]);
  return eachPiece(call, countOf(call.out[0]), [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i)
      out[i] = in[i] == 0;
  });
}

RUNE_KERNEL(Add) {
  return pairs(call,
               [](auto a, auto b, int32_t &) { return addWrapping(a, b); });
}
RUNE_KERNEL(Sub) {
  return pairs(call,
               [](auto a, auto b, int32_t &) { return subWrapping(a, b); });
}
RUNE_KERNEL(Mul) {
  return pairs(call,
               [](auto a, auto b, int32_t &) { return mulWrapping(a, b); });
}
RUNE_KERNEL(Div) {
  return pairs(call, []<class W>(W a, W b, int32_t &status) -> W {
    if constexpr (std::is_integral_v<W>) {
      if (b == 0) // div.3
        return status = 3, W(0);
      if constexpr (std::is_signed_v<W>)
        if (b == -1)
          return subWrapping(W(0), a);
    }
    return static_cast<W>(a / b);
  });
}
RUNE_KERNEL(Mod) {
  enum { sign };
  bool ofDivisor = isText(call.attributes[sign], "divisor");
  return pairs(call, [=]<class W>(W a, W b, int32_t &status) -> W {
    if constexpr (std::is_integral_v<W>) {
      if (b == 0) // mod.3
        return status = 3, W(0);
      if constexpr (std::is_signed_v<W>)
        if (b == -1)
          return 0;
      W rest = static_cast<W>(a % b);
      bool differs = rest != 0 && (rest < 0) != (b < 0);
      return ofDivisor && differs ? static_cast<W>(rest + b) : rest;
    } else {
      W rest = math::fmod(a, b);
      if (!ofDivisor || isNan(rest))
        return rest;
      if (rest == 0)
        return withSign(rest, b);
      return (rest < 0) != (b < 0) ? rest + b : rest;
    }
  });
}
RUNE_KERNEL(Pow) {
  return pairs(call, []<class W>(W a, W b, int32_t &status) -> W {
    if constexpr (std::is_integral_v<W>) {
      if constexpr (std::is_signed_v<W>)
        if (b < 0) {
          if (a == 0) // pow.3
            return status = 3, W(0);
          bool odd = (static_cast<uint64_t>(b) & 1) != 0;
          return a == 1 ? W(1) : a == -1 ? W(odd ? -1 : 1) : W(0);
        }
      W result = 1;
      for (auto left = static_cast<uint64_t>(b); left != 0; left >>= 1) {
        if (left & 1)
          result = mulWrapping(result, a);
        a = mulWrapping(a, a);
      }
      return result;
    } else {
      return math::pow(a, b);
    }
  });
}
RUNE_KERNEL(Minimum) {
  return pairs(call, [](auto a, auto b, int32_t &) {
    return isNan(a) || (!isNan(b) && !(b < a)) ? a : b;
  });
}
RUNE_KERNEL(Maximum) {
  return pairs(call, [](auto a, auto b, int32_t &) {
    return isNan(a) || (!isNan(b) && !(b > a)) ? a : b;
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

namespace {
template <class F> int32_t integerPairs(const Call &call, F compute) {
  return withInteger(call.in[0].type, [&]<class T>(Tag<T>) {
    return pairsAs<T, T>(call, compute);
  });
}
} // namespace

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

RUNE_KERNEL(Clamp) {
  return withNumeric(call.in[0].type, [&]<class T>(Tag<T>) {
    using W = Wide<T>;
    bool hasLow = has(call, 1), hasHigh = has(call, 2);
    W low = hasLow ? widen(elements<T>(call.in[1])[0]) : W(0);
    W high = hasHigh ? widen(elements<T>(call.in[2])[0]) : W(0);
    return mapAs<T>(call, [=](W x) {
      if (hasLow && x < low)
        x = low;
      if (hasHigh && x > high)
        x = high;
      return x;
    });
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
