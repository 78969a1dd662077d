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

/// Operators whose kernels look at the width of elements only.
bool onlyMoves(graph::Op op) {
  using graph::Op;
  switch (op) {
  case Op::Identity:
  case Op::Flatten:
  case Op::Reshape:
  case Op::Squeeze:
  case Op::Unsqueeze:
  case Op::Transpose:
  case Op::Expand:
  case Op::Concat:
  case Op::Split:
  case Op::Slice:
  case Op::Tile:
  case Op::Gather:
  case Op::GatherNd:
  case Op::GatherElements:
  case Op::ReverseSequence:
  case Op::TensorScatter:
  case Op::MaxUnpool:
  case Op::BitCast:
    return true;
  default:
    return false;
  }
}

bool isKnown(const graph::Value &value, bool onlyMoved) {
  const graph::ValueType &type = value.type;
  bool isSmall = isStorage(type.dtype);
  return type.isTensor() && type.dtype != DType::Utf8 &&
         (!isSmall || (onlyMoved && dtypeBits(type.dtype) == 8)) &&
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
  bool onlyMoved = onlyMoves(node.op);
  auto known = [&](graph::ValueId id) {
    return id == graph::noValue || isKnown(graph.values[id], onlyMoved);
  };
  // three operands and more are contracted one by one: not all at once
  if (node.op == graph::Op::Einsum && node.inputs.size() > 2)
    return false;
  // the same bits everywhere: by the logarithm of one place only
  if (node.op == graph::Op::Random && node.text("distribution") == "normal")
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
