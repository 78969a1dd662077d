// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From IR to an object file: the passes, and code generation.
#pragma once

#include "compile/compile.h"
#include "machine/llvm/target_machine.h"

#include <atomic>

namespace rune::compile {

/// Tells that a function of the library had its passes when Rune was built, and
/// is the same in all models: it is neither optimised again nor inlined.
void markFinished(llvm::Function &function);
bool isFinished(const llvm::Function &function);

/// Optimises the module; `makeObject` does so itself.
///
/// errors  as `makeObject`
Result<> optimise(llvm::Module &module, llvm::TargetMachine &machine,
                  const Options &options);

/// Optimises the module and makes its object file (or its assembly). No library
/// function is known to the passes: the code has nothing outside to call.
///
/// in      `instructions`: of a program in pieces, what all of them had so far;
///         may be null
/// errors  `compile.stopped` · `compile.internal` · `compile.too-large`
Result<machine::ObjectBytes>
makeObject(llvm::Module &module, llvm::TargetMachine &machine,
           const Options &options,
           llvm::CodeGenFileType type = llvm::CodeGenFileType::ObjectFile,
           std::atomic<size_t> *instructions = nullptr);

} // namespace rune::compile
