// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "import/onnx/node.h"

namespace rune::import {

/// An operator on two tensors: Add, Sub, Mul, Div.
///
/// inputs  A, B of one element type
/// result  since 7 numpy's broadcasting; before, A's shape: without `broadcast`
///         B has it too, with it B's dimensions are those of A from `axis` on,
///         by default the last ones
/// errors  versions 1 and 6: shapes that differ without `broadcast` · a B that
///         does not lie within A · `axis` outside of A
Imported importElementwise(OnnxNode &node, Op op);

struct ElementwiseOperands {
  ValueId a, b;
};
/// The two inputs of such an operator, B aligned; the same errors.
Result<ElementwiseOperands> elementwiseOperands(OnnxNode &node);

} // namespace rune::import
