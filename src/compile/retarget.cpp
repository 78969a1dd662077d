// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/retarget.h"

#include "compile/groups.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicsAArch64.h>

namespace rune::compile {

namespace {

using Builder = llvm::IRBuilder<>;

llvm::FixedVectorType *typeOf(const llvm::CallInst &call) {
  return llvm::cast<llvm::FixedVectorType>(call.getType());
}

/// pmaddwd: sums of two products of 16 bits each.
llvm::Value *pairSum(Builder &ir, llvm::CallInst &call, machine::Target) {
  llvm::FixedVectorType *sums = typeOf(call);
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

/// vpdpbusd, vpdpbssd: four products of 8 bits each, added to a sum.
llvm::Value *plainQuadSum(Builder &ir, llvm::CallInst &call, bool isSigned) {
  llvm::FixedVectorType *sums = typeOf(call);
  auto part = [&](unsigned operand, uint64_t number, bool extendsSign) {
    llvm::Value *whole = ir.CreateBitCast(call.getArgOperand(operand), sums);
    llvm::Value *top = ir.CreateShl(whole, 24 - 8 * number);
    return extendsSign ? ir.CreateAShr(top, 24) : ir.CreateLShr(top, 24);
  };
  llvm::Value *sum = call.getArgOperand(0);
  for (uint64_t number = 0; number < 4; ++number)
    sum = ir.CreateAdd(
        sum, ir.CreateMul(part(1, number, isSigned), part(2, number, true)));
  return sum;
}
llvm::Value *unsignedQuadSum(Builder &ir, llvm::CallInst &call,
                             machine::Target) {
  return plainQuadSum(ir, call, false);
}
llvm::Value *signedQuadSum(Builder &ir, llvm::CallInst &call,
                           machine::Target target) {
  if (target.family != machine::Family::AArch64 || !target.hasDots())
    return plainQuadSum(ir, call, true);
  return ir.CreateIntrinsic(
      llvm::Intrinsic::aarch64_neon_sdot,
      {call.getType(), call.getArgOperand(1)->getType()},
      {call.getArgOperand(0), call.getArgOperand(1), call.getArgOperand(2)});
}

/// An instruction by its name in IR, what has it, what to say instead.
struct Instruction {
  llvm::StringRef name;
  bool isDot;
  llvm::Value *(*otherwise)(Builder &, llvm::CallInst &, machine::Target);
};
const Instruction instructions[] = {
    {"llvm.x86.sse2.pmadd.wd", false, pairSum},
    {"llvm.x86.avx2.pmadd.wd", false, pairSum},
    {"llvm.x86.avx512.pmaddw.d.512", false, pairSum},
    {"llvm.x86.avx512.vpdpbusd.256", true, unsignedQuadSum},
    {"llvm.x86.avx512.vpdpbusd.512", true, unsignedQuadSum},
    // AVX-VNNI-INT8, of which no target of ours knows
    {"llvm.x86.avx2.vpdpbssd.128", true, signedQuadSum},
};

bool isThere(const Instruction &instruction, const llvm::Function &function,
             machine::Target target) {
  if (target.family != machine::Family::X86_64 ||
      (instruction.isDot && !target.hasDots()) ||
      instruction.otherwise == signedQuadSum)
    return false;
  auto *sums = llvm::cast<llvm::FixedVectorType>(function.getReturnType());
  return static_cast<int>(4 * sums->getNumElements()) <= vectorBytes(target);
}

void replace(llvm::Function &function, const Instruction &instruction,
             machine::Target target) {
  for (llvm::User *user : llvm::make_early_inc_range(function.users())) {
    auto *call = llvm::cast<llvm::CallInst>(user);
    Builder ir(call);
    call->replaceAllUsesWith(instruction.otherwise(ir, *call, target));
    call->eraseFromParent();
  }
  function.eraseFromParent();
}

} // namespace

void retarget(llvm::Module &module, machine::Target target) {
  for (const Instruction &instruction : instructions)
    if (llvm::Function *function = module.getFunction(instruction.name))
      if (!isThere(instruction, *function, target))
        replace(*function, instruction, target);
}

} // namespace rune::compile
