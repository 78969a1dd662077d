// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Windows over the spatial dimensions of [batch, height, width, channels], or
// of [batch, depth, height, width, channels]: convolutions and pools.
#pragma once

#include "import/tflite/node.h"

namespace rune::import {

/// Depth where there is one, height, then width.
struct TfliteWindow {
  Integers kernel;
  Integers strides;
  Integers dilations = {1, 1};
  /// Begins, then ends.
  Integers pads = {};
};

/// Fills the pads. `padding` 0: ⌈size/stride⌉ places, the odd element at the
/// end; 1: none.
///
/// errors  `import.malformed`: not two dimensions more than the window has,
///         strides, dilations or kernels below 1, an unknown padding ·
///         `import.unsupported`: padding with a stride over a size that is not
///         known
Result<> place(const TfliteNode &node, ValueId x, int8_t padding,
               TfliteWindow &window);

/// `value` if it is 1 or more and below 2^31.
Result<int64_t> positive(const TfliteNode &node, std::string_view what,
                         int64_t value);

} // namespace rune::import
