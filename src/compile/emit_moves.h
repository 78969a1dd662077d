// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Moves as calls of the library's kernels (library/fast/move.h): dimensions of
// which one goes on where the other ends become one, what lies together in both
// tensors one larger element, and what is large is cut, so that threads share
// it.
#pragma once

#include "compile/library/fast/move.h"
#include "compile/movement.h"

#include <llvm/IR/Module.h>

namespace rune::compile {

/// A move in bytes, by the names of library::Move, and which kernel does it.
struct FlatMove {
  std::string kernel;
  std::vector<int64_t> sizes, fromSteps, toSteps;
  int64_t fromOffset = 0, toOffset = 0;
  int64_t bytes = 0;
  int64_t count = 1, fromStep = 0, toStep = 0;
  int64_t columns = 1, columnStep = 0;
};

/// in      `bytes`: of an element
/// result  one or several which together are the move
std::vector<FlatMove> flatten(const Move &move, size_t bytes);

/// `int32_t function(from, to, control)`, which does the move. The pointers are
/// those of the whole values.
llvm::Function *makeMove(llvm::Module &module, const FlatMove &move,
                         const std::string &name);

} // namespace rune::compile
