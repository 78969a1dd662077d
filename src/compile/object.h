// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From IR to an object file: the passes, and code generation.
#pragma once

#include "compile/compile.h"
#include "machine/llvm/target_machine.h"

namespace rune::compile {

/// Optimises the module; `makeObject` does so itself.
///
/// errors  as `makeObject`
Result<> optimise(llvm::Module &module, llvm::TargetMachine &machine,
                  const Options &options);

/// Optimises the module and makes its object file (or its assembly). No library
/// function is known to the passes: the code has nothing outside to call.
///
/// errors  `compile.stopped` · `compile.internal`
Result<machine::ObjectBytes>
makeObject(llvm::Module &module, llvm::TargetMachine &machine,
           const Options &options,
           llvm::CodeGenFileType type = llvm::CodeGenFileType::ObjectFile);

} // namespace rune::compile
