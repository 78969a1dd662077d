// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Code generation turns large copies and fills into calls of the C library,
// which the code has not: they become loops before that.
#pragma once

#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

namespace rune::compile {

void expandMemory(llvm::Module &module, llvm::TargetMachine &machine);

} // namespace rune::compile
