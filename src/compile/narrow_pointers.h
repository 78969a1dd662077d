// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The library's bitcode and all that we emit around it is made for addresses of
// 8 bytes. Where an address has 4, memory keeps its order all the same: an
// address takes 8 bytes, the first 4 of which count. So one library serves
// both, and structures (compile/library/call.h) have one layout. What callers
// give (the lists of NAME_run) is as their language has it.
//
// To that end the places that depend on the size of an address are written as
// bytes: steps between elements, and the size of local variables.
#pragma once

#include "base/result.h"

#include <llvm/IR/Module.h>

namespace rune::compile {

/// Writes a module of 64 bits, whose data layout it has, for the layout of a
/// processor of 32.
///
/// errors  `compile.internal`: what the library does not have (constants that
///         are addresses, structures that are moved as a whole)
Result<> narrowPointers(llvm::Module &module, const llvm::DataLayout &layout);

} // namespace rune::compile
