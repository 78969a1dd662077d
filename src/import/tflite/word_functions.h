// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Logistic and tanh of 16-bit numbers, bit by bit as TensorFlow Lite's
// reference kernels compute them: both from one table of the logistic function,
// between whose 256 samples lines are drawn. They fill tables of their own
// here.
//
// source  TensorFlow Lite, integer_ops/logistic.h and tanh.h
#pragma once

#include <cstdint>

namespace rune::import {

/// How a 16-bit number becomes a place in the table: x · multiplier / 2^shift,
/// 12 bits behind the point, of three times the real argument.
struct WordArgument {
  int32_t multiplier = 3;
  int shift = 0;

  /// in      the scale of the argument, above 0; as a power of two from 2^-12
  /// to
  ///         2^(-12 + exact) it needs no rescaling
  static WordArgument of(float scale, int exact);
};

/// in      x of 16 bits; the result has 15 bits behind the point
int32_t wordLogistic(int32_t x, WordArgument how);
int32_t wordTanh(int32_t x, WordArgument how);

} // namespace rune::import
