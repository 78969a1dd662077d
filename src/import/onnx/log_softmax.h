// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "import/onnx/compose.h"

namespace rune::import {

/// x - m - log Σ e^(x - m) over `axes`, m the largest element; floats of 16
/// bits come out as f32.
Result<ValueId> logSoftmax(Composer &make, ValueId x, const Integers &axes);

} // namespace rune::import
