// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The arithmetic of shapes: what is known, before the run, of the elements of
// small integer tensors. A model asks for the sizes of a tensor, takes some of
// them apart, multiplies, puts them together, and reshapes by the result; where
// a size is a name, the name travels with it.
#pragma once

#include "graph/op.h"

#include <unordered_map>

namespace rune::graph {

/// Elements of a tensor that is followed; shapes are small.
constexpr int64_t maxKnownElements = 64;

/// Per value of a graph: its elements in row-major order, each a number, a name
/// or unknown. Negative numbers, which no size is, count as unknown.
///
/// Builder and verifier follow the nodes in the same order, so that both come
/// to the same types.
class KnownElements {
public:
  /// Fills `context.elements`; the context is that of a node of the graph.
  void addTo(const Node &node, InferContext &context) const;
  /// Notes what follows for the result of a node.
  ///
  /// in  its inputs with their elements, and the types of its results
  void note(const InferContext &context, const Types &types);
  /// Null where nothing is known. Not for constants.
  const Dims *of(ValueId value) const;

private:
  std::unordered_map<ValueId, Dims> known_;
};

/// The elements of an input of i32, i64 or bool, from its constant or from what
/// follows; nothing where it has more than maxKnownElements.
std::optional<Dims> knownElements(const InferContext &context, size_t input);

/// The same where all are numbers; constants of any length, also negative.
std::optional<std::vector<int64_t>> knownIntegers(const InferContext &context,
                                                  size_t input);

/// `compute(a, b)` of two inputs of which one may be a single element; for
/// the `elements` of operators on pairs.
std::optional<Dims> pairElements(const InferContext &context,
                                 Dim (*compute)(const Dim &, const Dim &));

/// The elements of input 0; for operators that only arrange a tensor anew.
std::optional<Dims> sameElements(const InferContext &context);

} // namespace rune::graph
