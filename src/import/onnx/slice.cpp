// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Slice-1, 10, 11, 13
#include "import/onnx/shape_values.h"

namespace rune::import {

/// inputs  data; starts, ends, axes?, since 10 steps?: before 10 attributes
/// result  every step-th element from start to before end along each axis
/// errors  no starts or ends; axes outside [-r, r), or twice; a step of 0
Imported importSlice(OnnxNode &node) {
  constexpr std::string_view names[] = {"starts", "ends", "axes", "steps"};
  std::vector<ValueId> inputs{RUNE_TRY(node.input(0, "data"))};
  size_t lists = node.opset() < 10 ? 3 : 4;
  for (size_t i = 0; i < lists; ++i)
    inputs.push_back(RUNE_TRY(listOf(node, names[i], i + 1, 10)));
  for (size_t i = 0; i < 2; ++i)
    if (inputs[i + 1] == noValue)
      return node.fail("`{}` is missing", names[i]);
  return std::vector{RUNE_TRY(node.one(Op::Slice, std::move(inputs)))};
}

} // namespace rune::import
