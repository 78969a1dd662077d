// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "import/onnx/node.h"

namespace rune::import {

/// The newest version of the standard operators whose changes are known here.
constexpr int64_t newestOpset = 28;

struct OnnxOperator {
  std::string_view name;
  size_t outputs;
  /// Versions in which its definition changed, from the first.
  std::span<const int64_t> since;
  Imported (*import)(OnnxNode &);
};

/// All of operators.def, by name.
std::span<const OnnxOperator> onnxOperators();
/// Null if Rune does not import it.
const OnnxOperator *findOperator(std::string_view name);

} // namespace rune::import
