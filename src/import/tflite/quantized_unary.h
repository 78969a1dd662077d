// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of one quantised number that no requantisation expresses: they
// become tables of what TensorFlow Lite Micro's reference kernels compute.
#pragma once

#include "import/tflite/node.h"

namespace rune::import {

/// x · min(max(x + 3, 0), 6) / 6 of i8 or u8.
///
/// errors  `import.malformed`: a result of a finer scale than the argument's by
///         128 or more
/// source  TensorFlow Lite, reference/hard_swish.h
Result<ValueId> quantizedHardSwish(const TfliteNode &node, ValueId x);

/// x where it is not negative, else e^x - 1, of i8.
Result<ValueId> quantizedElu(const TfliteNode &node, ValueId x);

/// |x| and 1 / √x of i8 and i16. A negative argument of the root, which the
/// kernels refuse in the run, gives what 0 gives.
Result<ValueId> quantizedAbs(const TfliteNode &node, ValueId x);
Result<ValueId> quantizedRsqrt(const TfliteNode &node, ValueId x);

/// √x of i8 and i16, cut off; what a negative argument gives is not said, the
/// kernels refuse it in the run.
///
/// source  TensorFlow Lite, elementwise.cc
Result<ValueId> quantizedSqrt(const TfliteNode &node, ValueId x);

/// e^x and ln x of i8 and i16, x · Φ(x) of i8 and u8; in f32, 16 bits as lines
/// between 513 samples. ln of 0 and less is the smallest number.
///
/// source  TensorFlow Lite, LUTPopulate
Result<ValueId> quantizedExp(const TfliteNode &node, ValueId x);
Result<ValueId> quantizedLog(const TfliteNode &node, ValueId x);
Result<ValueId> quantizedGelu(const TfliteNode &node, ValueId x,
                              bool approximate);

/// 1 / (1 + e^-x) and tanh x of i16.
///
/// errors  `import.malformed`: zero points, a result whose scale is not 2^-15
Result<ValueId> wordLogistic(const TfliteNode &node, ValueId x);
Result<ValueId> wordTanh(const TfliteNode &node, ValueId x);

} // namespace rune::import
