// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementary functions of f32 in f32, without branches, for loops that become
// vectors. Within 4 units in the last place (math_f32_test.cpp measures all of
// them); the last bit may differ between processors with and without fused
// multiply-add.
//
// source  W. J. Cody and W. Waite 1980 (reduction of the argument); the
//         polynomials are least-maximum fits made for these intervals, that of
//         tanh is S. Moshier's (Cephes)
#pragma once

#include "compile/library/numbers.h"

#pragma clang fp contract(on)

namespace rune::library::f32 {

inline float powerOfTwo(int32_t n) {
  return floatOf(static_cast<uint32_t>(n + 127) << 23);
}

/// x = n · ln 2 + r, with n whole and |r| ≤ ln 2 / 2.
struct Reduced {
  int32_t n;
  float r;
};
inline Reduced reduce(float x) {
  constexpr float magic = 0x1.8p23f; // its last bit counts ones
  float shifted = x * 0x1.715476p0f + magic;
  float n = shifted - magic;
  return {static_cast<int32_t>(bitsOf(shifted) - bitsOf(magic)),
          (x - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f};
}
/// y · 2^n in two steps, so that results may be subnormal or infinite.
inline float scaled(float y, int32_t n) {
  int32_t half = n >> 1;
  return y * powerOfTwo(half) * powerOfTwo(n - half);
}

inline float exp(float x) {
  float limited = x < -104.0f ? -104.0f : x > 89.0f ? 89.0f : x;
  auto [n, r] = reduce(limited);
  float p = 0x1.6de274p-10f;
  p = p * r + 0x1.1276a8p-7f;
  p = p * r + 0x1.555410p-5f;
  p = p * r + 0x1.5553f6p-3f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  return scaled(p, n);
}

/// exp(x) - 1.
inline float expm1(float x) {
  float limited = x < -104.0f ? -104.0f : x > 89.0f ? 89.0f : x;
  auto [n, r] = reduce(limited);
  float p = 0x1.a18508p-13f;
  p = p * r + 0x1.6d4914p-10f;
  p = p * r + 0x1.1110a8p-7f;
  p = p * r + 0x1.5554e4p-5f;
  p = p * r + 0x1.555556p-3f;
  p = p * r + 0.5f;
  float small = p * r * r + r;
  float power = scaled(1.0f, n < 0 ? (n < -30 ? -30 : n) : n);
  float result = small * power + (power - 1.0f);
  return n == 0 ? small : n > 127 ? exp(x) : result;
}

inline float sigmoid(float x) {
  float e = exp(-magnitude(x));
  return (x < 0 ? e : 1.0f) / (1.0f + e);
}

inline float tanh(float x) {
  float size = magnitude(x), square = x * x;
  float p = -5.70498872745e-3f;
  p = p * square + 2.06390887954e-2f;
  p = p * square - 5.37397155531e-2f;
  p = p * square + 1.33314422036e-1f;
  p = p * square - 3.33332819422e-1f;
  float small = p * square * x + x;
  float large = 1.0f - 2.0f / (exp(2.0f * size) + 1.0f);
  return size < 0.625f ? small : withSign(large, x);
}

/// -log(erfc(x)) for x from 0.95 to 4.
inline float logOfTail(float x) {
  float p = 0x1.68a4fep-16f;
  p = p * x - 0x1.cc6fa4p-12f;
  p = p * x + 0x1.12d518p-8f;
  p = p * x - 0x1.9c883cp-6f;
  p = p * x + 0x1.bbe4c6p-4f;
  p = p * x + 0x1.443b00p-1f;
  p = p * x + 0x1.212aa2p0f;
  return p * x - 0x1.80b59ap-13f;
}

inline float erf(float x) {
  float size = magnitude(x), square = x * x;
  float p = 0x1.4ae4c6p-14f;
  p = p * square - 0x1.a485e8p-11f;
  p = p * square + 0x1.5419f4p-8f;
  p = p * square - 0x1.b7fbb4p-6f;
  p = p * square + 0x1.ce2d20p-4f;
  p = p * square - 0x1.81273ep-2f;
  p = p * square + 0x1.20dd74p0f;
  float large = 1.0f - exp(-logOfTail(size > 4.0f ? 4.0f : size));
  large = size > 4.0f ? 1.0f : large;
  return size < 1.0f ? p * x : isNan(x) ? x : withSign(large, x);
}

/// x · (1 + erf(x / √2)) / 2.
inline float gelu(float x) {
  return 0.5f * x * (1.0f + erf(x * 0x1.6a09e6p-1f));
}
inline float geluTanh(float x) {
  float inner = 0x1.988454p-1f * (x + 0x1.6e4e26p-5f * x * x * x);
  return 0.5f * x * (1.0f + tanh(inner));
}
/// γ·x, and γ·α·(exp(β·x) - 1) for x ≤ 0.
inline float elu(float x, double alpha, double beta, double gamma) {
  float positive = static_cast<float>(gamma) * x;
  float negative =
      static_cast<float>(gamma * alpha) * expm1(static_cast<float>(beta) * x);
  return x > 0 ? positive : negative;
}

} // namespace rune::library::f32
