// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values that lie inside others, so that nobody moves their elements: what a
// concatenation joins is made where it belongs in the result, what a reshape, a
// slice or a split gives is read where it stands.
//
// A value is a matrix of its last dimension by all others. Its rows lie side by
// side (it is dense), or further apart if it has some of the columns of another
// value. Everybody reads and makes dense values; rows apart are read and made
// by moves and by the elementwise part of groups (compile/expression.h).
#pragma once

#include "compile/groups.h"

namespace rune::compile {

struct Part {
  /// The value whose memory it is; itself, mostly.
  graph::ValueId whole = graph::noValue;
  /// Of its first element, and from one row to the next, in elements.
  int64_t offset = 0;
  int64_t rowStep = 0;
};

class Parts {
public:
  /// Every value by itself.
  explicit Parts(const graph::Graph &graph);

  const Part &of(graph::ValueId id) const { return all_[id]; }
  bool isInside(graph::ValueId id) const { return all_[id].whole != id; }
  bool isDense(graph::ValueId id) const;
  /// Elements from one index to the next, of each dimension.
  std::vector<int64_t> stepsOf(graph::ValueId id) const;

  void put(graph::ValueId id, Part part) { all_[id] = part; }

  /// True for nodes that are moves (compile/movement.h), not calls.
  bool isMoved(uint32_t node) const { return isMoved_[node]; }
  void setMoved(uint32_t node) { isMoved_[node] = true; }

private:
  const graph::Graph &graph_;
  std::vector<Part> all_;
  std::vector<bool> isMoved_;
};

/// The rows of sizes that are stepped through like this; nothing if they are no
/// matrix.
std::optional<int64_t> rowStepOf(const std::vector<int64_t> &sizes,
                                 const std::vector<int64_t> &steps);

/// in      `library`: names of the functions there are
Parts findParts(const graph::Graph &graph, const Groups &groups,
                const std::set<std::string> &library);

} // namespace rune::compile
