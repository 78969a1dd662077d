// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a unit's IR to an object file: the passes, and code generation.
#pragma once

#include "engine/llvm/unit.h"
#include "machine/llvm/target_machine.h"

namespace rune::engine::llvm_tier {

using machine::ObjectBytes;

/// Optimises the unit and makes its object file (ELF). Once the job must end,
/// the passes that may be skipped are.
///
/// errors  `engine.compile-deadline`, `engine.compile-stopped`
Result<ObjectBytes> makeObject(Unit &unit, llvm::TargetMachine &machine);

} // namespace rune::engine::llvm_tier
