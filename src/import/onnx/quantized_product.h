// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products of quantised tensors: sums in i32, then numbers of another scale.
#pragma once

#include "import/onnx/compose.h"

namespace rune::import {

/// numpy's product of two tensors of 8-bit integers as i32, without their zero
/// points: one, one for each row of `a` or column of `b`, or one for each row
/// or column of every matrix.
///
/// in  noValue for a zero point that is not there
Result<ValueId> integerProduct(Composer &c, ValueId a, ValueId b, ValueId aZero,
                               ValueId bZero, bool isLast);

/// What the sums of a product stand for: aScale · bScale, in steps of yScale.
struct ProductScales {
  ValueId a, b, y;
  ValueId yZero;
};

/// round(sums · a · b / y) + yZero, saturated, ties to even. Known scales
/// become multiplier and shift, exactly; others are computed in f64.
///
/// in  scales that stretch to the sums; where they are known, those of b may
///     be a vector along `axis`. `dtype` of the result, 8 bits
Imported requantized(Composer &c, ValueId sums, const ProductScales &scales,
                     const ProductScales &stretched, int64_t axis, DType dtype);

} // namespace rune::import
