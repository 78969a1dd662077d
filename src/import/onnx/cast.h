// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Converting elements, for the importers that need it.
#pragma once

#include "import/onnx/node.h"

namespace rune::import {

/// What ONNX leaves to attributes, where the result is a small float.
struct CastRules {
  bool saturate = true;
  /// To powers of two: up, down or nearest.
  std::string powers = "up";
};

/// `x` as elements of type `to`; neither is text. With a `part` name `x` itself
/// where nothing is to be done.
Result<ValueId> castValue(OnnxNode &node, ValueId x, DType to,
                          std::string_view part, const CastRules &rules = {});

} // namespace rune::import
