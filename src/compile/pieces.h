// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A model's code is made in pieces, side by side on several threads. A piece is
// a module of its own with a part of the functions: kernels of the library that
// share code stay together, whatever else calls them does so across pieces.
//
// How a module is cut follows from the module alone, so that the code is the
// same for any number of threads. Between pieces compiling can be stopped.
#pragma once

#include "compile/module.h"
#include "machine/llvm/target_machine.h"

#include <set>

namespace rune::compile {

struct Piece {
  /// The functions that are written in it.
  std::set<std::string> functions;
  /// How long making code of it takes, in instructions of a kernel.
  uint64_t weight = 0;
};

/// What calls across pieces becomes visible in the module.
///
/// result  the heaviest first; one at least
std::vector<Piece> cutIntoPieces(llvm::Module &module);

/// Optimises the module and makes its object files, in the order of the pieces.
///
/// errors  as makeObject
Result<std::vector<machine::ObjectBytes>> makeObjects(ProgramModule &made,
                                                      const Options &options);

} // namespace rune::compile
