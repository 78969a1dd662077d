// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The library's bitcode is made for x86-64. What it says by the names of
// instructions (library/fast/dot.h) is said otherwise for processors that lack
// them: by their own names, or in plain IR.
#pragma once

#include "machine/target.h"

#include <llvm/IR/Module.h>

namespace rune::compile {

/// Changes nothing that `target` has as it is.
void retarget(llvm::Module &module, machine::Target target);

} // namespace rune::compile
