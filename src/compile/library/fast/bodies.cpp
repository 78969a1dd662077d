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
