// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Optional-15, OptionalHasElement-15, 18,
//         OptionalGetElement-15, 18
#include "import/onnx/node.h"

namespace rune::import {

static bool isOptional(graph::Form form) {
  return form == graph::Form::Optional || form == graph::Form::OptionalSequence;
}

/// inputs  a tensor or a sequence?
/// result  an optional value that holds it; without it an empty one of `type`
Imported importOptional(OnnxNode &node) {
  ValueId x = node.optionalInput(0);
  auto type = RUNE_TRY(node.valueType("type"));
  if (x != noValue)
    return std::vector{RUNE_TRY(node.one(Op::Optional, {x}))};
  if (!type)
    return node.fail("neither an input nor the attribute `type`");
  bool sequence = type->form == graph::Form::Sequence ||
                  type->form == graph::Form::OptionalSequence;
  return std::vector{
      RUNE_TRY(node.one(Op::Optional, {},
                        {{"dtype", std::string(dtypeName(type->dtype))},
                         {"sequence", int64_t{sequence}}}))};
}

/// inputs  an optional value; since 18 also anything else, or nothing
/// result  whether there is something, a bool scalar
Imported importOptionalHasElement(OnnxNode &node) {
  ValueId x = node.optionalInput(0);
  if (node.opset() < 18 &&
      (x == noValue || !isOptional(node.graph().type(x).form)))
    return node.fail("the input must be an optional value in this version");
  std::vector<ValueId> inputs;
  if (x != noValue)
    inputs.push_back(x);
  return std::vector{
      RUNE_TRY(node.one(Op::OptionalHasElement, std::move(inputs)))};
}

/// inputs  an optional value that holds something; since 18 also anything else
/// result  what it holds
Imported importOptionalGetElement(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  if (node.opset() < 18 && !isOptional(node.graph().type(x).form))
    return node.fail("the input must be an optional value in this version");
  return std::vector{RUNE_TRY(node.one(Op::OptionalGetElement, {x}))};
}

} // namespace rune::import
