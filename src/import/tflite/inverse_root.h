// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// 1 / √x of whole numbers that are known in the run only, as `inverseRoot`
// computes it for one that is known now: TensorFlow Lite's five Newton steps in
// fixed point, node by node, since a rounded root would not be its bits.
#pragma once

#include "import/tflite/node.h"

namespace rune::import {

/// i32, as `requantize` takes them.
struct RootFactors {
  ValueId multiplier;
  ValueId shift;
};

/// in      x i64[n] of 0 to 2^31 - 1; 0 counts as 1
/// source  TensorFlow Lite, GetInvSqrtQuantizedMultiplierExp
Result<RootFactors> inverseRoots(const TfliteNode &node, ValueId x);

} // namespace rune::import
