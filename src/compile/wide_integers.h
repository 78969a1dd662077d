// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <llvm/IR/Module.h>

namespace rune::compile {

/// Writes products and shifts of 128 bits in pieces of 64: where a processor
/// has no instructions for them, LLVM would call a library. Does nothing for
/// processors that have them.
void expandWideIntegers(llvm::Module &module);

} // namespace rune::compile
