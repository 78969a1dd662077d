// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions in 32-bit fixed point, bit by bit as TensorFlow Lite Micro's
// reference kernels compute them for 8-bit numbers. They fill tables, so speed
// does not matter here.
//
// source  gemmlowp, fixedpoint.h; Jacob et al. 2018, arXiv:1712.05877
#pragma once

#include "import/tflite/requantize.h"

namespace rune::import {

/// x · fixed with two roundings, as `requantize` does it.
int32_t multiplied(int64_t x, FixedPoint fixed);

/// 1 / √x as a factor of 31 bits and a power of two: multiplier · 2^(shift -
/// 31). 0 counts as 1.
///
/// in      x ≥ 0
FixedPoint inverseRoot(int32_t x);

/// 1 / (1 + e^-x) and tanh x, for x with 27 bits behind the point; the result
/// has 31.
int32_t fixedLogistic(int32_t x);
int32_t fixedTanh(int32_t x);

/// a / 2^bits to nearest, ties away from zero.
int32_t dividedByPowerOfTwo(int32_t a, int bits);

} // namespace rune::import
