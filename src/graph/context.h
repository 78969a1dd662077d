// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What builder, verifier and evaluator share: looking at one node of a graph.
#pragma once

#include "graph/op.h"

namespace rune::graph {

/// The types of a node's inputs and the constants among them; the node's ids
/// are in range.
InferContext contextOf(const Graph &graph, const Node &node);

/// True if an input may have any number of dimensions. The attributes of such
/// a node are as they were given; they are completed when the number is known.
bool hasOpen(const InferContext &context);

/// A copy of the node with its attributes completed for these input types.
Node completed(const InferContext &context);

/// The same context of another node.
InferContext withNode(const InferContext &context, const Node &node);

/// graph.1: at most maxRank dimensions, fewer than 2^63 bytes.
///
/// errors  `graph.invalid`
Result<> checkType(const TensorType &type, std::string_view name);

/// graph.2: a constant has exactly the bytes its type needs.
///
/// errors  `graph.invalid`
Result<> checkConstant(const Constant &constant, std::string_view name);

} // namespace rune::graph
