// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constant folding while a graph is built: what follows from constants, or from
// fixed sizes, is computed once. Only small results of cheap operators, so that
// weights stay as the file has them and a hostile file costs no time.
#pragma once

#include "graph/known_elements.h"

namespace rune::graph {

/// Elements of all inputs, and of all results, of a node that is folded.
constexpr uint64_t maxFoldedElements = 4096;

/// What becomes of a node that refuses its constants: an error of the build, or
/// of the run if it gets there, as in a branch that may never be taken.
enum class Refused : uint8_t { Error, Kept };

class Folder {
public:
  explicit Folder(Refused refused = Refused::Error) : refused_(refused) {}

  /// The results of the node as constants; nothing where it has to stay.
  ///
  /// in      `context` with the elements of the inputs, the types of the
  ///         results
  /// errors  `graph.invalid`: the operator refuses its values, by number,
  /// unless that is Kept
  Result<std::optional<Tensors>> fold(const InferContext &context,
                                      const Types &types);

private:
  bool mayFold(const InferContext &context, const Types &types);

  /// Elements folded so far: one model folds no more than this often.
  static constexpr uint64_t maxWork = 1 << 24;
  Refused refused_;
  uint64_t work_ = 0;
};

} // namespace rune::graph
