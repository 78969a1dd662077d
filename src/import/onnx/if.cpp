// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, If-1, 11, 13, 16, 19, 21, 23, 24, 25
#include "import/onnx/bodies.h"
#include "import/onnx/node.h"

#include <onnx_facts.pb.h>

namespace rune::import {

/// inputs  the condition, one bool
/// result  the outputs of `then_branch` or `else_branch`, put in place where
///         the condition is known now
/// errors  branches of different numbers of outputs, forms or element types
Imported importIf(OnnxNode &node) {
  ValueId condition = RUNE_TRY(node.input(0, "cond"));
  const auto *yes = RUNE_TRY(node.subgraph("then_branch"));
  const auto *no = RUNE_TRY(node.subgraph("else_branch"));
  if (yes->output_size() != no->output_size())
    return node.fail("`then_branch` has {} outputs, `else_branch` {}",
                     yes->output_size(), no->output_size());
  if (node.dtype(condition) != DType::Bool)
    return node.fail("the condition is `{}`, needs to be a bool",
                     node.graph().type(condition).str());
  if (auto known = node.graph().constantOf(condition);
      known && known->data.size() == 1)
    return known->data[0] != 0 ? node.bodies().inlined(*yes, {}, "then_branch")
                               : node.bodies().inlined(*no, {}, "else_branch");
  // both are read, so that both say what is wrong
  auto first = node.bodies().body(*yes, {}, "then_branch");
  auto second = node.bodies().body(*no, {}, "else_branch");
  Body then = RUNE_TRY(std::move(first));
  Body other = RUNE_TRY(std::move(second));
  shareCaptures(then, other);
  std::vector<ValueId> inputs = {condition};
  inputs.insert(inputs.end(), then.captures.begin(), then.captures.end());
  std::vector<graph::Graph> bodies;
  size_t outputs = then.graph.outputs.size();
  bodies.push_back(std::move(then.graph));
  bodies.push_back(std::move(other.graph));
  return node.graph().node(Op::If, node.name(), std::move(inputs), {}, outputs,
                           std::move(bodies));
}

} // namespace rune::import
