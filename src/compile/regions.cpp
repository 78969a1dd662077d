// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/regions.h"

#include "graph/ops.h"

#include <algorithm>

namespace rune::compile {

namespace {

/// The enumerators of graph/ops.def, whose names the kernels carry.
constexpr std::string_view enumerators[] = {
#define RUNE_OP(enumerator, ...) #enumerator,
#include "graph/ops.def"
#undef RUNE_OP
};

bool isKnown(const graph::Value &value) {
  const graph::ValueType &type = value.type;
  return type.isTensor() && type.dtype != DType::Utf8 &&
         !isStorage(type.dtype) &&
         std::ranges::all_of(type.dims,
                             [](const Dim &dim) { return dim.isFixed(); });
}

} // namespace

std::string_view enumeratorName(graph::Op op) {
  return enumerators[static_cast<size_t>(op)];
}

std::string kernelName(graph::Op op) {
  return "rune_kernel_" + std::string(enumeratorName(op));
}

bool isCompiled(const graph::Graph &graph, const graph::Node &node,
                const std::set<std::string> &kernels) {
  auto known = [&](graph::ValueId id) {
    return id == graph::noValue || isKnown(graph.values[id]);
  };
  // three operands and more are contracted one by one: not all at once
  if (node.op == graph::Op::Einsum && node.inputs.size() > 2)
    return false;
  return node.bodies.empty() && kernels.contains(kernelName(node.op)) &&
         std::ranges::all_of(node.inputs, known) &&
         std::ranges::all_of(node.outputs, known);
}

uint64_t valueBytes(const graph::Value &value) {
  uint64_t count = dtypeBytes(value.type.dtype);
  for (const Dim &dim : value.type.dims)
    count *= static_cast<uint64_t>(dim.size());
  return count;
}

} // namespace rune::compile
