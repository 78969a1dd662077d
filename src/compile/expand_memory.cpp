// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/expand_memory.h"

#include <llvm/Analysis/TargetTransformInfo.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/Transforms/Utils/LowerMemIntrinsics.h>

namespace rune::compile {

namespace {

/// What the target stores without a call: eight of its widest stores.
uint64_t mostInline(const llvm::TargetMachine &machine) {
  return machine.getTargetTriple().isRISCV() ? 64 : 128;
}

bool isSmall(const llvm::MemIntrinsic &intrinsic, uint64_t most) {
  auto *size = llvm::dyn_cast<llvm::ConstantInt>(intrinsic.getLength());
  return size && size->getValue().ule(most);
}

} // namespace

void expandMemory(llvm::Module &module, llvm::TargetMachine &machine) {
  uint64_t most = mostInline(machine);
  for (llvm::Function &function : module) {
    std::vector<llvm::MemIntrinsic *> large;
    for (llvm::BasicBlock &block : function)
      for (llvm::Instruction &instruction : block)
        if (auto *intrinsic = llvm::dyn_cast<llvm::MemIntrinsic>(&instruction);
            intrinsic && !isSmall(*intrinsic, most))
          large.push_back(intrinsic);
    if (large.empty())
      continue;
    llvm::TargetTransformInfo target = machine.getTargetTransformInfo(function);
    for (llvm::MemIntrinsic *intrinsic : large) {
      if (auto *copy = llvm::dyn_cast<llvm::MemCpyInst>(intrinsic))
        llvm::expandMemCpyAsLoop(copy, target);
      else if (auto *move = llvm::dyn_cast<llvm::MemMoveInst>(intrinsic))
        llvm::expandMemMoveAsLoop(move, target);
      else if (auto *fill = llvm::dyn_cast<llvm::MemSetInst>(intrinsic))
        llvm::expandMemSetAsLoop(fill);
      else
        continue;
      intrinsic->eraseFromParent();
    }
  }
}

} // namespace rune::compile
