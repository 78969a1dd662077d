// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Windows over the two spatial dimensions of [batch, height, width, channels]:
// convolutions and pools.
#pragma once

#include "import/tflite/node.h"

namespace rune::import {

/// Height first, then width.
struct TfliteWindow {
  Integers kernel;
  Integers strides;
  Integers dilations = {1, 1};
  /// Begins, then ends.
  Integers pads = {0, 0, 0, 0};
};

/// Fills the pads. `padding` 0: ⌈size/stride⌉ places, the odd element at the
/// end; 1: none.
///
/// errors  `import.malformed`: no four dimensions, strides, dilations or
///         kernels below 1, an unknown padding · `import.unsupported`: padding
///         with a stride over a size that is not known
Result<> place(const TfliteNode &node, ValueId x, int8_t padding,
               TfliteWindow &window);

/// `value` if it is 1 or more and below 2^31.
Result<int64_t> positive(const TfliteNode &node, std::string_view what,
                         int64_t value);

} // namespace rune::import
