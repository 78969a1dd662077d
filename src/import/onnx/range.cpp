// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Range-11
#include "import/onnx/node.h"

namespace rune::import {

/// inputs  start, limit, delta: numbers of one type
/// result  start, start + delta, … while below limit (above, if delta < 0)
/// errors  in the run, a delta of 0
Imported importRange(OnnxNode &node) {
  std::vector<ValueId> inputs;
  constexpr std::string_view names[] = {"start", "limit", "delta"};
  for (size_t i = 0; i < 3; ++i)
    inputs.push_back(
        RUNE_TRY(node.asScalar(RUNE_TRY(node.input(i, names[i])), names[i])));
  return std::vector{RUNE_TRY(node.one(Op::Range, std::move(inputs)))};
}

} // namespace rune::import
