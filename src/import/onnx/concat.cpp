// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Concat-1, 4, 11, 13
#include "import/onnx/node.h"

namespace rune::import {

/// inputs  one or more, rank r, equal in every dimension but `axis`
/// result  same rank; result[axis] = Σ inputs[axis]
/// errors  `axis` missing (in version 1 it is 1) · outside [0, r); since 11
///         outside [-r, r)
Imported importConcat(OnnxNode &node) {
  std::vector<ValueId> inputs;
  for (size_t i = 0; i < node.inputs(); ++i)
    inputs.push_back(RUNE_TRY(node.input(i, "inputs")));
  if (inputs.empty())
    return node.fail("no inputs");
  auto axis = RUNE_TRY(node.integer("axis"));
  if (!axis && node.opset() >= 4)
    return node.fail("attribute `axis` is missing");
  int64_t rank = node.rank(inputs.front());
  int64_t place =
      RUNE_TRY(node.axis(axis.value_or(1), rank, rank, node.opset() >= 11));
  return std::vector{
      RUNE_TRY(node.one(Op::Concat, std::move(inputs), {{"axis", place}}))};
}

} // namespace rune::import
