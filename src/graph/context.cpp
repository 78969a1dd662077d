// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/context.h"

#include <algorithm>

namespace rune::graph {

InferContext contextOf(const Graph &graph, const Node &node) {
  InferContext context{node, {}, {}};
  for (ValueId id : node.inputs) {
    context.types.push_back(id == noValue ? nullptr : &graph.values[id].type);
    auto &known = context.values.emplace_back();
    if (id != noValue && graph.values[id].constant)
      known = graph.constants[*graph.values[id].constant].view();
  }
  for (uint32_t body : node.bodies)
    context.bodies.push_back(&graph.bodies[body]);
  return context;
}

bool hasOpen(const InferContext &context) {
  auto isOpen = [](const ValueType *type) { return type && !type->ranked; };
  return std::ranges::any_of(context.types, isOpen);
}

Node completed(const InferContext &context) {
  Node node = context.node;
  if (auto *complete = definitionOf(node.op).complete)
    complete(context, node.attributes);
  return node;
}

InferContext withNode(const InferContext &context, const Node &node) {
  return {node,         context.types,    context.values,
          context.code, context.elements, context.bodies};
}

Result<> checkType(const TensorType &type, std::string_view name) {
  std::vector<int64_t> fixed;
  for (const Dim &dim : type.dims)
    if (dim.isFixed())
      fixed.push_back(dim.size());
  bool fits = dtypeBits(type.dtype) == 0 ? elementCount(fixed).ok()
                                         : tensorBytes(type.dtype, fixed).ok();
  if (type.dims.size() > maxRank || !fits)
    return error("graph.invalid",
                 "`{}` of type {} has more than {} dimensions or 2^63 bytes "
                 "(graph.1)",
                 name, type.str(), maxRank);
  return {};
}

Result<> checkConstant(const Constant &constant, std::string_view name) {
  RUNE_TRY(checkType(constant.view().type(), name));
  if (auto fits = checkData(constant.view()); !fits)
    return error("graph.invalid", "constant `{}`: {} (graph.2)", name,
                 fits.error().message);
  return {};
}

} // namespace rune::graph
