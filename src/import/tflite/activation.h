// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The function that many operators apply to their result.
#pragma once

#include "import/tflite/node.h"

namespace rune::import {

/// Their numbers in the file, up to Tanh.
enum class Activation : uint8_t {
  None,
  Relu,
  ReluN1To1,
  Relu6,
  Tanh,
  Relu0To1
};

/// errors  `import.malformed`: an unknown number · `import.unsupported`: the
///         sign bit
Result<Activation> activationOf(const TfliteNode &node, int8_t number);

/// `value` is a float or an integer that is no quantised number.
///
/// errors  `import.unsupported`: tanh of integers
Result<ValueId> activate(const TfliteNode &node, ValueId value,
                         Activation activation);

/// The numbers an activation may give, both ends included.
struct IntegerRange {
  int64_t low = 0;
  int64_t high = 0;
};
/// All numbers of an integer type.
IntegerRange rangeOf(DType dtype);

/// What an activation leaves of the numbers of a quantised result.
///
/// errors  `import.unsupported`: tanh, which is no range
/// source  TensorFlow Lite, "activation range": each end is rounded, ties away
///         from zero, in f32
Result<IntegerRange> rangeOf(const TfliteNode &node, Activation activation,
                             DType dtype, const Quantization &quantization);

} // namespace rune::import
