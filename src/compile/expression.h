// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The elementwise part of a group as one function, library/fast/fused.h's
// `Finish`: for each element of a piece of the result it takes the sum that the
// anchor left in a tile, loads what other operands have at that place, computes
// all operators one after the other in registers, and stores.
//
// One element of an operator is a function of the library (`rune_body_…`); the
// loop around them is ours, and says that its iterations are independent, so
// that LLVM can make vectors of it.
#pragma once

#include "compile/parts.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

namespace rune::compile {

struct Expression {
  llvm::Function *function = nullptr;
  /// What `Finish` wants pointers to: the result, then what is read.
  std::vector<graph::ValueId> operands;
  /// Then to these places among the packed weights.
  std::vector<uint64_t> tables = {};
  /// The result as a matrix.
  int64_t rows = 0;
  int64_t columns = 0;
};

/// The function of a group, added to the module.
///
/// in      `rowStep`: of the result, in elements, where it is not what `parts`
///         says
Expression makeExpression(const graph::Graph &graph, const Parts &parts,
                          const Group &group, machine::Target target,
                          llvm::Module &module,
                          std::optional<int64_t> rowStep = {});

} // namespace rune::compile
