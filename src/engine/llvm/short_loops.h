// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loops that are over before anybody could miss the deadline need not look at
// the clock. LLVM proves of many inner loops how often they run at most; where
// that is little, they lose their poll, which is a load, a comparison and a
// branch in perhaps ten instructions.
#pragma once

#include <llvm/IR/Instructions.h>
#include <llvm/IR/PassManager.h>

namespace rune::engine::llvm_tier {

/// Marks the load of a poll.
void markPoll(llvm::LoadInst *load);

/// Takes polls out of loops that call nothing and, all that have none between
/// two polls together, run at most `shortWork` instructions.
class ShortLoopsPass : public llvm::PassInfoMixin<ShortLoopsPass> {
public:
  llvm::PreservedAnalyses run(llvm::Function &function,
                              llvm::FunctionAnalysisManager &analyses);

  /// Some 0.05 ms, and some 5 ms where every access misses all caches.
  static constexpr uint64_t shortWork = 1 << 16;
};

} // namespace rune::engine::llvm_tier
