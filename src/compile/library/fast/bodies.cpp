// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One element of each operator that may stand in a fused expression. They have
// no branches, so that LLVM makes vectors of the loop they are put into.
//
// A body takes its operator's inputs in order (0 where an optional one is
// missing, which `present` tells, bit by bit), then the attributes.
//
// source  docs/ops.md: each operator's own section
#include "compile/library/fast/math_f32.h"

#pragma clang fp contract(on)

using namespace rune::library;

#define RUNE_BODY(Name, in, out)                                               \
  extern "C" out##_t rune_body_##Name##_##in##_##out

using f32_t = float;
using f64_t = double;
using i8_t = int8_t;
using u8_t = uint8_t;
using i16_t = int16_t;
using u16_t = uint16_t;
using i32_t = int32_t;
using u32_t = uint32_t;
using i64_t = int64_t;
using u64_t = uint64_t;
using bool_t = uint8_t;

#define RUNE_UNARY(Name, T, expression)                                        \
  RUNE_BODY(Name, T, T)(T##_t x, const Attribute *a, int32_t) {                \
    (void)a;                                                                   \
    return static_cast<T##_t>(expression);                                     \
  }
#define RUNE_BINARY(Name, in, out, expression)                                 \
  RUNE_BODY(Name, in, out)(in##_t x, in##_t y, const Attribute *a, int32_t) {  \
    (void)a;                                                                   \
    return static_cast<out##_t>(expression);                                   \
  }
#define RUNE_ARITHMETIC(T)                                                     \
  RUNE_BINARY(Add, T, T, addWrapping(x, y))                                    \
  RUNE_BINARY(Sub, T, T, subWrapping(x, y))                                    \
  RUNE_BINARY(Mul, T, T, mulWrapping(x, y))                                    \
  RUNE_BINARY(Minimum, T, T, isNan(x) || (!isNan(y) && !(y < x)) ? x : y)      \
  RUNE_BINARY(Maximum, T, T, isNan(x) || (!isNan(y) && !(y > x)) ? x : y)      \
  RUNE_BINARY(Equal, T, bool, x == y)                                          \
  RUNE_BINARY(Less, T, bool, x < y)                                            \
  RUNE_BINARY(LessEqual, T, bool, x <= y)                                      \
  RUNE_BODY(Clamp, T, T)(T##_t x, T##_t low, T##_t high, const Attribute *,    \
                         int32_t present) {                                    \
    x = (present & 2) && x < low ? low : x;                                    \
    return (present & 4) && x > high ? high : x;                               \
  }
#define RUNE_SIGNED(T)                                                         \
  RUNE_UNARY(Relu, T, x > 0 || isNan(x) ? x : 0)                               \
  RUNE_UNARY(Abs, T, magnitude(x))                                             \
  RUNE_UNARY(Neg, T, negative(x))

namespace {
template <class T> T negative(T x) {
  if constexpr (std::is_integral_v<T>)
    return subWrapping(T(0), x);
  else
    return -x;
}
} // namespace

RUNE_ARITHMETIC(f32)
RUNE_ARITHMETIC(i8)
RUNE_ARITHMETIC(u8)
RUNE_ARITHMETIC(i16)
RUNE_ARITHMETIC(i32)
RUNE_ARITHMETIC(i64)
RUNE_SIGNED(f32)
RUNE_SIGNED(i8)
RUNE_SIGNED(i16)
RUNE_SIGNED(i32)
RUNE_SIGNED(i64)

RUNE_BINARY(Div, f32, f32, x / y)
RUNE_UNARY(Sqrt, f32, __builtin_sqrtf(x))
RUNE_UNARY(Exp, f32, f32::exp(x))
RUNE_UNARY(Sigmoid, f32, f32::sigmoid(x))
RUNE_UNARY(Tanh, f32, f32::tanh(x))
RUNE_UNARY(Erf, f32, f32::erf(x))
RUNE_UNARY(Gelu, f32, isText(a[0], "tanh") ? f32::geluTanh(x) : f32::gelu(x))
RUNE_UNARY(Elu, f32, f32::elu(x, a[0].number, a[1].number, a[2].number))
RUNE_UNARY(Identity, f32, x)

RUNE_BODY(Where, bool, f32)(bool_t c, float x, float y, const Attribute *,
                            int32_t) {
  return c ? x : y;
}

namespace {

/// Bits of `present` beyond the operands' (compile/hints.h): all shifts of
/// the node are negative; its scale is a power of two; its integers are below
/// 2^24.
constexpr int32_t onlyRightShifts = 1 << 8, exactInverse = 1 << 9,
                  fitsF32 = 1 << 10;

/// x · multiplier · 2^(shift - 31), to nearest by the rule that the attribute
/// names. The product is exact in 63 bits; with 2^62 added it is not negative,
/// and shifts as what it is, which costs less than a shift of signed numbers.
[[gnu::always_inline]] inline int64_t
requantized(int64_t x, int32_t m, int32_t shift, const Attribute &rounding) {
  constexpr int64_t offset = int64_t{1} << 62;
  int64_t multiplier = m, drop = 31 - shift;
  if (isText(rounding, "tflite-16x8")) {
    multiplier = m < 0x7fff0000 ? (multiplier + (1 << 15)) >> 16 : 0x7fff;
    drop = 15 - shift;
  }
  int64_t product = x * multiplier, half = int64_t{1} << (drop - 1);
  if (isText(rounding, "onnx-even")) {
    int64_t down = product >> drop, rest = product - (down << drop);
    return down + ((rest > half) | ((rest == half) & (down & 1)));
  }
  if (isText(rounding, "tflite-double")) {
    // +2^30, for negative products -2^30
    int64_t twice = drop > 31 ? int64_t{1} << 31 : 0;
    half += twice >> 1;
    product -=
        static_cast<int64_t>(static_cast<uint64_t>(product) >> 32) & twice;
  }
  auto shifted = static_cast<uint64_t>(product + (half + offset)) >> drop;
  return static_cast<int64_t>(shifted) - (offset >> drop);
}

/// The same for "tflite-double" where no shift is positive: after the product
/// all is done in 32 bits, and nothing leaves them.
[[gnu::always_inline]] inline int32_t requantizedTwice(int32_t x, int32_t m,
                                                       int32_t shift) {
  int64_t product = static_cast<int64_t>(x) * m + (int64_t{1} << 30);
  auto once = static_cast<int32_t>(product >> 31);
  auto rest = static_cast<int32_t>((uint32_t{1} << -shift) - 1);
  // ties away from zero
  int32_t most = (rest >> 1) + (once < 0);
  return (once >> -shift) + ((once & rest) > most);
}

template <class In, class Out>
[[gnu::always_inline]] inline Out
requantize(In x, int32_t m, int32_t shift, Out zero, In xZero,
           const Attribute *a, int32_t present) {
  enum { axis, dtype, high, leftShift, low, rounding };
  int64_t wide = (static_cast<int64_t>(x) - ((present & 16) ? xZero : 0))
                 << a[leftShift].integer;
  int64_t offset = (present & 8) ? zero : 0;
  int64_t least = a[low].integer, most = a[high].integer;
  if (sizeof(Out) < 4 && (present & onlyRightShifts)) {
    // half of what 32 bits hold, as no more than half of x is left
    auto y = static_cast<int32_t>(
        isText(a[rounding], "tflite-double")
            ? requantizedTwice(static_cast<int32_t>(wide), m, shift)
            : requantized(wide, m, shift, a[rounding]));
    y += static_cast<int32_t>(offset);
    auto low32 = static_cast<int32_t>(least),
         high32 = static_cast<int32_t>(most);
    y = y > low32 ? y : low32;
    return static_cast<Out>(y < high32 ? y : high32);
  }
  int64_t y = requantized(wide, m, shift, a[rounding]) + offset;
  return static_cast<Out>(y < least ? least : y > most ? most : y);
}

/// To nearest, ties to even or away from zero; |x| < 2^22.
[[gnu::always_inline]] inline int32_t nearest(float x, bool away) {
  constexpr float magic = 0x1.8p23f;
  float shifted = x + magic;
  int32_t even = static_cast<int32_t>(bitsOf(shifted) - bitsOf(magic));
  float rest = x - (shifted - magic);
  int32_t up = (rest == 0.5f) & (x > 0), down = (rest == -0.5f) & (x < 0);
  return away ? even + up - down : even;
}

template <class Out>
[[gnu::always_inline]] inline Out
quantize(float x, float scale, Out zero, const Attribute *a, int32_t present) {
  enum { axis, block, dtype, rounding, saturate };
  float quotient = (present & exactInverse) ? x * (1 / scale) : x / scale;
  float limited = quotient < -200000.0f  ? -200000.0f
                  : quotient > 200000.0f ? 200000.0f
                                         : quotient;
  int32_t offset = (present & 4) ? zero : 0;
  int32_t y =
      nearest(isNan(limited) ? 0.0f : limited, isText(a[rounding], "away")) +
      offset;
  constexpr int32_t least = std::numeric_limits<Out>::min(),
                    most = std::numeric_limits<Out>::max();
  return static_cast<Out>(y < least ? least : y > most ? most : y);
}

} // namespace

#define RUNE_REQUANTIZE(in, out)                                               \
  RUNE_BODY(Requantize, in, out)(in##_t x, int32_t m, int32_t shift,           \
                                 out##_t zero, in##_t xZero,                   \
                                 const Attribute *a, int32_t present) {        \
    return requantize<in##_t, out##_t>(x, m, shift, zero, xZero, a, present);  \
  }
RUNE_REQUANTIZE(i32, i8)
RUNE_REQUANTIZE(i32, u8)
RUNE_REQUANTIZE(i32, i16)
RUNE_REQUANTIZE(i32, i32)
RUNE_REQUANTIZE(i16, i16)
RUNE_REQUANTIZE(i16, i8)
RUNE_REQUANTIZE(i16, i32)
RUNE_REQUANTIZE(i8, i8)
RUNE_REQUANTIZE(i8, u8)
RUNE_REQUANTIZE(i8, i16)
RUNE_REQUANTIZE(i8, i32)
RUNE_REQUANTIZE(u8, u8)
RUNE_REQUANTIZE(u8, i8)
RUNE_REQUANTIZE(u8, i32)

namespace {

/// x · factor + offset, rounded once or twice.
[[gnu::always_inline]] inline float scaled(int32_t x, float factor,
                                           float offset, bool once) {
  auto number = static_cast<float>(x);
  if (once)
    return __builtin_elementwise_fma(number, factor, offset);
  // one expression would be one rounding
  float product = number * factor;
  return product + offset;
}
template <class Out>
[[gnu::always_inline]] inline Out stepAt(float x, int32_t low, int32_t high) {
  constexpr float magic = 0x1.8p23f;
  auto y = static_cast<int32_t>(bitsOf(x + magic) - bitsOf(magic));
  y = y > low ? y : low;
  return static_cast<Out>(y < high ? y : high);
}

constexpr int32_t isFused = 1, hasBelow = 2, isSum = 2;

} // namespace

/// Requantisations whose bits were found right while compiling
/// (compile/float_steps.h, compile/byte_steps.h).
#define RUNE_STEPS(out)                                                        \
  RUNE_BODY(Steps, i32, out)(int32_t x, float factor, float above,             \
                             float below, int32_t low, int32_t high,           \
                             int32_t flags) {                                  \
    float offset = (flags & hasBelow) && x < 0 ? below : above;                \
    return stepAt<out##_t>(scaled(x, factor, offset, flags & isFused), low,    \
                           high);                                              \
  }                                                                            \
  RUNE_BODY(Bytes, i32, out)(int32_t a, int32_t b, float aFactor,              \
                             float bFactor, float offset, int32_t low,         \
                             int32_t high, int32_t flags) {                    \
    if (flags & isSum)                                                         \
      offset = scaled(b, bFactor, offset, flags & isFused);                    \
    return stepAt<out##_t>(scaled(a, aFactor, offset, flags & isFused), low,   \
                           high);                                              \
  }
RUNE_STEPS(i8)
RUNE_STEPS(u8)

#define RUNE_QUANTIZE(out)                                                     \
  RUNE_BODY(Quantize, f32, out)(float x, float scale, out##_t zero,            \
                                const Attribute *a, int32_t present) {         \
    return quantize<out##_t>(x, scale, zero, a, present);                      \
  }                                                                            \
  RUNE_BODY(Dequantize, out, f32)(out##_t x, float scale, out##_t zero,        \
                                  const Attribute *, int32_t present) {        \
    /* few bits by 24 bits: rounded once, as in f64 */                         \
    int32_t steps = static_cast<int32_t>(x) - ((present & 4) ? zero : 0);      \
    return static_cast<float>(steps) * scale;                                  \
  }
RUNE_QUANTIZE(i8)
RUNE_QUANTIZE(u8)
RUNE_QUANTIZE(i16)
RUNE_QUANTIZE(u16)

RUNE_BODY(Dequantize, i32, f32)(int32_t x, float scale, int32_t zero,
                                const Attribute *, int32_t present) {
  if (present & fitsF32)
    return static_cast<float>(x) * scale;
  double steps =
      static_cast<double>(x) - ((present & 4) ? static_cast<double>(zero) : 0);
  return static_cast<float>(steps * static_cast<double>(scale));
}
