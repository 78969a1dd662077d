// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The library's bitcode is made for x86-64. What it says by the names of that
// processor's instructions is said in plain IR for the others.
#pragma once

#include <llvm/IR/Module.h>

namespace rune::compile {

/// Does nothing to a module for x86.
void retarget(llvm::Module &module);

} // namespace rune::compile
