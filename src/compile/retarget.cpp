// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/retarget.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>

namespace rune::compile {

namespace {

/// pmaddwd: sums of two products of 16 bits each.
bool isPairSum(const llvm::Function &function) {
  llvm::StringRef name = function.getName();
  return name.starts_with("llvm.x86.") && name.contains("pmadd") &&
         name.contains(".w");
}

llvm::Value *pairSum(llvm::IRBuilder<> &ir, llvm::CallInst &call) {
  auto *sums = llvm::cast<llvm::FixedVectorType>(call.getType());
  auto products = [&](int first) {
    std::vector<int> every;
    for (unsigned i = 0; i < sums->getNumElements(); ++i)
      every.push_back(first + static_cast<int>(2 * i));
    auto wide = [&](unsigned operand) {
      return ir.CreateSExt(
          ir.CreateShuffleVector(call.getArgOperand(operand), every), sums);
    };
    return ir.CreateMul(wide(0), wide(1));
  };
  return ir.CreateAdd(products(0), products(1));
}

} // namespace

void retarget(llvm::Module &module) {
  if (module.getTargetTriple().isX86())
    return;
  for (llvm::Function &function : llvm::make_early_inc_range(module)) {
    if (!isPairSum(function))
      continue;
    for (llvm::User *user : llvm::make_early_inc_range(function.users())) {
      auto *call = llvm::cast<llvm::CallInst>(user);
      llvm::IRBuilder<> ir(call);
      call->replaceAllUsesWith(pairSum(ir, *call));
      call->eraseFromParent();
    }
    function.eraseFromParent();
  }
}

} // namespace rune::compile
