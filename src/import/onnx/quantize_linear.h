// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Quantising and its inverse, as the versions and domains have it.
#pragma once

#include "import/onnx/node.h"

namespace rune::import {

/// Which attributes a version of QuantizeLinear or DequantizeLinear has.
struct QuantizedForm {
  bool hasAxis = false;
  bool saturates = false;
  bool hasBlocks = false;
  bool hasResultType = false;
  bool hasPrecision = false;
};
Imported quantizeLinear(OnnxNode &node, QuantizedForm form);
Imported dequantizeLinear(OnnxNode &node, QuantizedForm form);

struct DynamicallyQuantized {
  ValueId y, scale, zero;
};
/// `x` as u8 with a scale and a zero point that hold its range and 0.
///
/// errors  an `x` that is not float32
Result<DynamicallyQuantized> dynamicallyQuantized(OnnxNode &node, ValueId x);

/// True if the tensor is known to have one element.
bool isOne(const OnnxNode &node, ValueId value);

} // namespace rune::import
