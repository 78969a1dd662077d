// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/wide_integers.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>

namespace rune::compile {

namespace {

constexpr uint64_t word = 64;

class Expander {
public:
  explicit Expander(llvm::BinaryOperator &at)
      : ir_(&at), wide_(at.getType()), at_(at) {}

  llvm::Value *expand() {
    Halves a = halvesOf(at_.getOperand(0));
    switch (at_.getOpcode()) {
    case llvm::Instruction::Mul:
      return whole(product(a, halvesOf(at_.getOperand(1))));
    case llvm::Instruction::Shl:
      return whole(left(a));
    case llvm::Instruction::LShr:
      return whole(right(a, ir_.getInt64(0)));
    default:
      return whole(right(a, ir_.CreateAShr(a.high, word - 1)));
    }
  }

private:
  struct Halves {
    llvm::Value *low, *high;
  };

  Halves halvesOf(llvm::Value *value) {
    llvm::Type *half = ir_.getInt64Ty();
    return {ir_.CreateTrunc(value, half),
            ir_.CreateTrunc(ir_.CreateLShr(value, word), half)};
  }
  llvm::Value *whole(Halves halves) {
    return ir_.CreateOr(
        ir_.CreateZExt(halves.low, wide_),
        ir_.CreateShl(ir_.CreateZExt(halves.high, wide_), word));
  }

  /// By halves of 32 bits, as on paper.
  Halves product(Halves a, Halves b) {
    auto low = [&](llvm::Value *x) { return ir_.CreateAnd(x, UINT32_MAX); };
    auto high = [&](llvm::Value *x) { return ir_.CreateLShr(x, word / 2); };
    auto times = [&](llvm::Value *x, llvm::Value *y) {
      return ir_.CreateMul(x, y);
    };
    auto plus = [&](llvm::Value *x, llvm::Value *y) {
      return ir_.CreateAdd(x, y);
    };
    llvm::Value *first = times(low(a.low), low(b.low));
    llvm::Value *second = plus(times(high(a.low), low(b.low)), high(first));
    llvm::Value *third = plus(times(low(a.low), high(b.low)), low(second));
    llvm::Value *fourth =
        plus(times(high(a.low), high(b.low)), plus(high(second), high(third)));
    llvm::Value *crossed = plus(times(a.high, b.low), times(a.low, b.high));
    return {ir_.CreateOr(ir_.CreateShl(third, word / 2), low(first)),
            plus(fourth, crossed)};
  }

  /// By how much within a word, and whether by a word more.
  void readCount() {
    llvm::Value *count = halvesOf(at_.getOperand(1)).low;
    count_ = ir_.CreateAnd(count, word - 1);
    isFar_ = ir_.CreateICmpNE(ir_.CreateAnd(count, word), ir_.getInt64(0));
  }
  llvm::Value *choose(llvm::Value *far, llvm::Value *near) {
    return ir_.CreateSelect(isFar_, far, near);
  }
  Halves left(Halves a) {
    readCount();
    llvm::Value *moved = ir_.CreateShl(a.low, count_);
    llvm::Value *across = ir_.CreateIntrinsic(
        llvm::Intrinsic::fshl, {ir_.getInt64Ty()}, {a.high, a.low, count_});
    return {choose(ir_.getInt64(0), moved), choose(moved, across)};
  }
  Halves right(Halves a, llvm::Value *sign) {
    readCount();
    llvm::Value *moved = ir_.CreateBinOp(at_.getOpcode(), a.high, count_);
    llvm::Value *across = ir_.CreateIntrinsic(
        llvm::Intrinsic::fshr, {ir_.getInt64Ty()}, {a.high, a.low, count_});
    return {choose(moved, across), choose(sign, moved)};
  }

  llvm::IRBuilder<> ir_;
  llvm::Type *wide_;
  llvm::BinaryOperator &at_;
  llvm::Value *count_ = nullptr, *isFar_ = nullptr;
};

bool isWide(const llvm::BinaryOperator &operation) {
  if (!operation.getType()->isIntegerTy(2 * word))
    return false;
  bool isShift = operation.isShift() &&
                 !llvm::isa<llvm::ConstantInt>(operation.getOperand(1));
  return isShift || operation.getOpcode() == llvm::Instruction::Mul;
}

} // namespace

void expandWideIntegers(llvm::Module &module) {
  if (!module.getTargetTriple().isWasm())
    return;
  for (llvm::Function &function : module)
    for (llvm::BasicBlock &block : function)
      for (llvm::Instruction &instruction : llvm::make_early_inc_range(block))
        if (auto *operation =
                llvm::dyn_cast<llvm::BinaryOperator>(&instruction);
            operation && isWide(*operation)) {
          operation->replaceAllUsesWith(Expander(*operation).expand());
          operation->eraseFromParent();
        }
}

} // namespace rune::compile
