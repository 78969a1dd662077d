// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LLVM's code generator for a target of ours.
#pragma once

#include "machine/target.h"

#include <llvm/ADT/SmallVector.h>
#include <llvm/Target/TargetMachine.h>

#include <memory>

namespace rune::machine {

/// An object file (ELF, or of WebAssembly).
using ObjectBytes = llvm::SmallVector<char, 0>;

/// A target machine for position-independent code of `target`.
///
/// errors  `machine.unknown-target`
Result<std::unique_ptr<llvm::TargetMachine>>
makeTargetMachine(Target target, llvm::CodeGenOptLevel level);

} // namespace rune::machine
