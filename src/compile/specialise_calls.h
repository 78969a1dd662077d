// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel of the library is written for all element types: a dispatcher and a
// function for each case. A call knows its types, so of MatMulInteger's 32
// cases one is needed. The dispatcher is inlined first and simplified, then the
// cases that are left, until none is: the optimiser never sees the others,
// which is most of the time that compiling took when it did.
#pragma once

#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include <atomic>

namespace rune::compile {

/// Inlines kernels (`rune_kernel_…`) and their cases into the functions that
/// call them, and drops what nobody calls. Those functions get the passes that
/// plain loops profit from, a third of O2's time, and are `optnone` until
/// `releaseCalls`: the passes of the module leave them alone.
///
/// in  `machine`: what vector passes ask
///     `stop`: asked between functions; may be null
void specialiseCalls(llvm::Module &module, llvm::TargetMachine &machine,
                     const std::atomic<bool> *stop = nullptr);
void releaseCalls(llvm::Module &module);

} // namespace rune::compile
