// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a unit's IR to an object file: the passes, and code generation.
#pragma once

#include "engine/llvm/unit.h"

#include <llvm/ADT/SmallVector.h>
#include <llvm/Target/TargetMachine.h>

namespace rune::engine::llvm_tier {

/// A target machine for position-independent code of `target`.
///
/// errors  `engine.compile-target`
Result<std::unique_ptr<llvm::TargetMachine>>
makeTargetMachine(native::Target target);

using ObjectBytes = llvm::SmallVector<char, 0>;

/// Optimises the unit and makes its object file (ELF). Once the job must end,
/// the passes that may be skipped are.
///
/// errors  `engine.compile-deadline`, `engine.compile-stopped`
Result<ObjectBytes> makeObject(Unit &unit, llvm::TargetMachine &machine);

} // namespace rune::engine::llvm_tier
