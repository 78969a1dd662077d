// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Sub-1, 6, 7, 13, 14
#include "import/onnx/elementwise.h"
#include "import/onnx/node.h"

namespace rune::import {

/// See importElementwise.
Imported importSub(OnnxNode &node) { return importElementwise(node, Op::Sub); }

} // namespace rune::import
