// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/wide_integers.h"

#include <gtest/gtest.h>
#include <llvm/Analysis/ConstantFolding.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/LLVMContext.h>

#include <random>

namespace rune::compile {
namespace {

using Wide = unsigned __int128;
using Code = llvm::Instruction::BinaryOps;

/// What the expanded code gives, worked out instruction by instruction.
class WideIntegers : public testing::Test {
protected:
  llvm::Constant *constant(Wide value) {
    uint64_t words[] = {static_cast<uint64_t>(value),
                        static_cast<uint64_t>(value >> 64)};
    return llvm::ConstantInt::get(context, llvm::APInt(128, words));
  }

  Wide valueOf(Code code, Wide a, Wide b) {
    llvm::Module module("test", context);
    module.setTargetTriple(llvm::Triple("wasm32-unknown-unknown"));
    auto *type = llvm::Type::getInt128Ty(context);
    auto *function = llvm::Function::Create(
        llvm::FunctionType::get(type, {type, type}, false),
        llvm::GlobalValue::ExternalLinkage, "test", module);
    auto *block = llvm::BasicBlock::Create(context, "", function);
    auto *operation = llvm::BinaryOperator::Create(
        code, function->getArg(0), function->getArg(1), "", block);
    llvm::ReturnInst::Create(context, operation, block);
    expandWideIntegers(module);
    function->getArg(0)->replaceAllUsesWith(constant(a));
    function->getArg(1)->replaceAllUsesWith(constant(b));
    auto *result = block->getTerminator();
    for (auto &instruction : llvm::make_early_inc_range(*block)) {
      EXPECT_FALSE(instruction.getOpcode() == llvm::Instruction::Mul &&
                   instruction.getType()->isIntegerTy(128));
      if (&instruction == result)
        continue;
      auto *known =
          llvm::ConstantFoldInstruction(&instruction, module.getDataLayout());
      EXPECT_NE(known, nullptr);
      if (known)
        instruction.replaceAllUsesWith(known);
    }
    auto *number = llvm::dyn_cast<llvm::ConstantInt>(result->getOperand(0));
    EXPECT_NE(number, nullptr);
    if (!number)
      return 0;
    const uint64_t *words = number->getValue().getRawData();
    return Wide{words[1]} << 64 | words[0];
  }

  Wide random() {
    Wide value = Wide{engine()} << 64 | engine();
    return value >> engine() % 128; // of all lengths
  }

  llvm::LLVMContext context;
  std::mt19937_64 engine{1};
};

TEST_F(WideIntegers, ProductsAreThoseOfTheProcessor) {
  for (int i = 0; i < 300; ++i) {
    Wide a = random(), b = i % 2 ? random() : -random();
    EXPECT_TRUE(valueOf(Code::Mul, a, b) == a * b);
  }
}

TEST_F(WideIntegers, ShiftsAreRightForEveryCount) {
  for (int count = 0; count < 128; ++count) {
    Wide a = random(), negative = ~random();
    auto by = static_cast<Wide>(count);
    EXPECT_TRUE(valueOf(Code::Shl, negative, by) == negative << count) << count;
    EXPECT_TRUE(valueOf(Code::LShr, negative, by) == negative >> count)
        << count;
    for (Wide value : {a, negative})
      EXPECT_TRUE(valueOf(Code::AShr, value, by) ==
                  static_cast<Wide>(static_cast<__int128>(value) >> count))
          << count;
  }
}

} // namespace
} // namespace rune::compile
