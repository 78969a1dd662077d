// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which nodes are compiled, and what one call of a kernel is made of.
#pragma once

#include "graph/graph.h"

#include <set>

namespace rune::compile {

/// The operator's name in graph/ops.def, "MatMul".
std::string_view enumeratorName(graph::Op op);
/// The name of an operator's kernel, `rune_kernel_Conv`.
std::string kernelName(graph::Op op);

/// True if the node's operator has a kernel in `kernels`, its sizes are all
/// known, and its element types are those that kernels compute in.
bool isCompiled(const graph::Graph &graph, const graph::Node &node,
                const std::set<std::string> &kernels);

/// Bytes of scratch that the kernel of a node takes.
uint64_t kernelScratch(const graph::Graph &graph, const graph::Node &node);

/// Bytes of a value whose sizes are known.
uint64_t valueBytes(const graph::Value &value);

} // namespace rune::compile
