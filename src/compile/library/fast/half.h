// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Floats of 16 bits to f32 and back without branches, for loops that become
// vectors: the bits of widen() and narrow() in numbers.h, NaN included, with
// integers of 32 bits only.
//
// source  docs/ops.md, "Rounding"; IEEE 754-2019 §3.6, §4.3.1
#pragma once

#include "compile/library/numbers.h"

namespace rune::library {

inline float fromF16(uint16_t half) {
  constexpr uint32_t rebase = uint32_t{127 - 15} << 23;
  uint32_t bits = half, sign = (bits & 0x8000) << 16;
  uint32_t size = bits & 0x7fff;
  uint32_t usual = (size << 13) + rebase + (size >= 0x7c00 ? rebase : 0);
  // below the smallest exponent: a multiple of 2^-24, which is exact
  float small = static_cast<float>(static_cast<int32_t>(size)) * 0x1p-24f;
  return floatOf(sign | (size < 0x400 ? bitsOf(small) : usual));
}

inline float fromBF16(uint16_t half) {
  return floatOf(static_cast<uint32_t>(half) << 16);
}

inline uint16_t toF16(float x) {
  constexpr uint32_t rebase = (uint32_t{127 - 15} << 10), infinity = 0x7c00;
  uint32_t bits = bitsOf(x), sign = bits >> 16 & 0x8000;
  uint32_t size = bits & 0x7fffffff;
  uint32_t rounded = ((size + 0xfff + (size >> 13 & 1)) >> 13) - rebase;
  uint32_t limited = rounded < infinity ? rounded : infinity;
  // a sum whose last bit counts the steps of the smallest exponent
  uint32_t small = bitsOf(floatOf(size) + 0.5f) - bitsOf(0.5f);
  uint32_t number = size < 0x38800000 ? small : limited;
  uint32_t nan = infinity | 0x200 | (size >> 13 & 0x3ff);
  return static_cast<uint16_t>(sign | (size > 0x7f800000 ? nan : number));
}

inline uint16_t toBF16(float x) {
  uint32_t bits = bitsOf(x);
  uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  bool isNumber = (bits & 0x7fffffff) <= 0x7f800000;
  return static_cast<uint16_t>(isNumber ? rounded : bits >> 16 | 0x40);
}

} // namespace rune::library
