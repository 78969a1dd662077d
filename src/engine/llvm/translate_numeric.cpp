// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arithmetic and comparisons (core 2.0, section 4.3). LLVM's integer division
// is undefined where wasm traps, so each has its branches. LLVM may also pass a
// signalling NaN through where it simplifies `x * 1` to `x`, which wasm forbids
// (4.3.3): constants that invite it are hidden.
#include "engine/llvm/function_translator.h"

#include <llvm/IR/Intrinsics.h>

namespace rune::engine::llvm_tier {

using llvm::CmpInst;
using llvm::Intrinsic::ID;
using wasm::Opcode;

/// Both opcodes of an instruction that exists for two types.
#define BOTH(first, second, name)                                              \
  case Opcode::first##name:                                                    \
  case Opcode::second##name

bool FunctionTranslator::translateNumeric() {
  auto compare = [&](CmpInst::Predicate predicate) {
    llvm::Value *b = pop(), *a = pop();
    push(b_.CreateZExt(b_.CreateCmp(predicate, a, b), unit_.i32));
    return true;
  };
  auto binary = [&](llvm::Instruction::BinaryOps operation) {
    llvm::Value *b = pop(), *a = pop();
    push(b_.CreateBinOp(operation, a, b));
    return true;
  };
  auto shift = [&](llvm::Instruction::BinaryOps operation) {
    llvm::Value *b = pop(), *a = pop();
    uint64_t most = a->getType()->getIntegerBitWidth() - 1;
    push(b_.CreateBinOp(
        operation, a,
        b_.CreateAnd(b, llvm::ConstantInt::get(a->getType(), most))));
    return true;
  };
  auto rotate = [&](ID intrinsic) {
    llvm::Value *b = pop(), *a = pop();
    push(b_.CreateIntrinsic(a->getType(), intrinsic, {a, a, b}));
    return true;
  };
  auto arithmetic = [&](llvm::Instruction::BinaryOps operation) {
    llvm::Value *b = pop(), *a = pop();
    push(this->arithmetic(operation, a, b));
    return true;
  };
  auto extreme = [&](bool least) {
    llvm::Value *b = pop(), *a = pop();
    push(this->extreme(a, b, least));
    return true;
  };
  auto unary = [&](ID intrinsic) {
    push(b_.CreateUnaryIntrinsic(intrinsic, pop()));
    return true;
  };
  auto count = [&](ID intrinsic) {
    llvm::Value *a = pop();
    push(b_.CreateIntrinsic(a->getType(), intrinsic, {a, b_.getFalse()}));
    return true;
  };
  auto isZero = [&] {
    llvm::Value *a = pop();
    llvm::Value *zero = llvm::Constant::getNullValue(a->getType());
    push(b_.CreateZExt(b_.CreateICmpEQ(a, zero), unit_.i32));
    return true;
  };
  auto extend = [&](llvm::Type *from) {
    llvm::Value *a = pop();
    push(b_.CreateSExt(b_.CreateTrunc(a, from), a->getType()));
    return true;
  };

  switch (now_.opcode) {
  case Opcode::I32Const:
    push(b_.getInt32(static_cast<uint32_t>(now_.bits)));
    return true;
  case Opcode::I64Const:
    push(b_.getInt64(now_.bits));
    return true;
    BOTH(F32, F64, Const) : push(floatConstant());
    return true;
    BOTH(I32, I64, Eqz) : return isZero();
    BOTH(I32, I64, Eq) : return compare(CmpInst::ICMP_EQ);
    BOTH(I32, I64, Ne) : return compare(CmpInst::ICMP_NE);
    BOTH(I32, I64, LtS) : return compare(CmpInst::ICMP_SLT);
    BOTH(I32, I64, LtU) : return compare(CmpInst::ICMP_ULT);
    BOTH(I32, I64, GtS) : return compare(CmpInst::ICMP_SGT);
    BOTH(I32, I64, GtU) : return compare(CmpInst::ICMP_UGT);
    BOTH(I32, I64, LeS) : return compare(CmpInst::ICMP_SLE);
    BOTH(I32, I64, LeU) : return compare(CmpInst::ICMP_ULE);
    BOTH(I32, I64, GeS) : return compare(CmpInst::ICMP_SGE);
    BOTH(I32, I64, GeU) : return compare(CmpInst::ICMP_UGE);
    BOTH(F32, F64, Eq) : return compare(CmpInst::FCMP_OEQ);
    BOTH(F32, F64, Ne) : return compare(CmpInst::FCMP_UNE);
    BOTH(F32, F64, Lt) : return compare(CmpInst::FCMP_OLT);
    BOTH(F32, F64, Gt) : return compare(CmpInst::FCMP_OGT);
    BOTH(F32, F64, Le) : return compare(CmpInst::FCMP_OLE);
    BOTH(F32, F64, Ge) : return compare(CmpInst::FCMP_OGE);
    BOTH(I32, I64, Clz) : return count(llvm::Intrinsic::ctlz);
    BOTH(I32, I64, Ctz) : return count(llvm::Intrinsic::cttz);
    BOTH(I32, I64, Popcnt) : return unary(llvm::Intrinsic::ctpop);
    BOTH(I32, I64, Add) : return binary(llvm::Instruction::Add);
    BOTH(I32, I64, Sub) : return binary(llvm::Instruction::Sub);
    BOTH(I32, I64, Mul) : return binary(llvm::Instruction::Mul);
    BOTH(I32, I64, DivS) : push(divide(true, false));
    return true;
    BOTH(I32, I64, DivU) : push(divide(false, false));
    return true;
    BOTH(I32, I64, RemS) : push(divide(true, true));
    return true;
    BOTH(I32, I64, RemU) : push(divide(false, true));
    return true;
    BOTH(I32, I64, And) : return binary(llvm::Instruction::And);
    BOTH(I32, I64, Or) : return binary(llvm::Instruction::Or);
    BOTH(I32, I64, Xor) : return binary(llvm::Instruction::Xor);
    BOTH(I32, I64, Shl) : return shift(llvm::Instruction::Shl);
    BOTH(I32, I64, ShrS) : return shift(llvm::Instruction::AShr);
    BOTH(I32, I64, ShrU) : return shift(llvm::Instruction::LShr);
    BOTH(I32, I64, Rotl) : return rotate(llvm::Intrinsic::fshl);
    BOTH(I32, I64, Rotr) : return rotate(llvm::Intrinsic::fshr);
    BOTH(I32, I64, Extend8S) : return extend(unit_.i8);
    BOTH(I32, I64, Extend16S) : return extend(unit_.i16);
  case Opcode::I64Extend32S:
    return extend(unit_.i32);
    BOTH(F32, F64, Abs) : return unary(llvm::Intrinsic::fabs);
    BOTH(F32, F64, Neg) : push(b_.CreateFNeg(pop()));
    return true;
    BOTH(F32, F64, Ceil) : return unary(llvm::Intrinsic::ceil);
    BOTH(F32, F64, Floor) : return unary(llvm::Intrinsic::floor);
    BOTH(F32, F64, Trunc) : return unary(llvm::Intrinsic::trunc);
    BOTH(F32, F64, Nearest) : return unary(llvm::Intrinsic::roundeven);
    BOTH(F32, F64, Sqrt) : return unary(llvm::Intrinsic::sqrt);
    BOTH(F32, F64, Add) : return arithmetic(llvm::Instruction::FAdd);
    BOTH(F32, F64, Sub) : return arithmetic(llvm::Instruction::FSub);
    BOTH(F32, F64, Mul) : return arithmetic(llvm::Instruction::FMul);
    BOTH(F32, F64, Div) : return arithmetic(llvm::Instruction::FDiv);
    BOTH(F32, F64, Min) : return extreme(true);
    BOTH(F32, F64, Max) : return extreme(false);
    BOTH(F32, F64, Copysign) : {
      llvm::Value *b = pop(), *a = pop();
      push(b_.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, a, b));
      return true;
    }
  default:
    return false;
  }
}

llvm::Value *FunctionTranslator::floatConstant() {
  if (now_.opcode == Opcode::F32Const)
    return llvm::ConstantFP::get(
        unit_.context,
        llvm::APFloat(llvm::APFloat::IEEEsingle(), llvm::APInt(32, now_.bits)));
  return llvm::ConstantFP::get(
      unit_.context,
      llvm::APFloat(llvm::APFloat::IEEEdouble(), llvm::APInt(64, now_.bits)));
}

llvm::Value *FunctionTranslator::divide(bool isSigned, bool remainder) {
  llvm::Value *b = pop(), *a = pop();
  llvm::Type *type = a->getType();
  llvm::Value *zero = llvm::Constant::getNullValue(type);
  trapIf(b_.CreateICmpEQ(b, zero), TrapKind::IntegerDivideByZero);
  if (!isSigned)
    return remainder ? b_.CreateURem(a, b) : b_.CreateUDiv(a, b);
  llvm::Value *minusOne = llvm::Constant::getAllOnesValue(type);
  llvm::Value *isMinusOne = b_.CreateICmpEQ(b, minusOne);
  if (remainder) // a rem ±1 is 0, and least rem -1 would be undefined
    return b_.CreateSRem(
        a, b_.CreateSelect(isMinusOne, llvm::ConstantInt::get(type, 1), b));
  llvm::Value *least = llvm::ConstantInt::get(
      type, llvm::APInt::getSignedMinValue(type->getIntegerBitWidth()));
  trapIf(b_.CreateAnd(b_.CreateICmpEQ(a, least), isMinusOne),
         TrapKind::IntegerOverflow);
  return b_.CreateSDiv(a, b);
}

/// Whether LLVM turns arithmetic with this constant into the other operand or
/// its negation, which would let a signalling NaN through.
static bool invitesFolding(const llvm::Constant *constant) {
  if (auto *vector = llvm::dyn_cast<llvm::FixedVectorType>(constant->getType()))
    for (unsigned i = 0; i < vector->getNumElements(); ++i)
      if (const llvm::Constant *lane = constant->getAggregateElement(i);
          !lane || invitesFolding(lane))
        return true;
  auto *number = llvm::dyn_cast<llvm::ConstantFP>(constant);
  return number && (number->isZero() || number->isExactlyValue(1.0) ||
                    number->isExactlyValue(-1.0));
}

llvm::Value *
FunctionTranslator::arithmetic(llvm::Instruction::BinaryOps operation,
                               llvm::Value *a, llvm::Value *b) {
  auto safe = [&](llvm::Value *value) {
    auto *constant = llvm::dyn_cast<llvm::Constant>(value);
    return constant && invitesFolding(constant) ? hidden(value) : value;
  };
  return b_.CreateBinOp(operation, safe(a), safe(b));
}

/// A NaN if either is one, and a quiet one; -0 is below +0.
llvm::Value *FunctionTranslator::extreme(llvm::Value *a, llvm::Value *b,
                                         bool least) {
  auto id = least ? llvm::Intrinsic::minimum : llvm::Intrinsic::maximum;
  llvm::Value *ordered = b_.CreateBinaryIntrinsic(id, a, b);
  if (auto *call = llvm::dyn_cast<llvm::CallInst>(ordered))
    call->setHasNoNaNs(true); // for NaNs the other value is chosen
  return b_.CreateSelect(b_.CreateFCmpUNO(a, b), b_.CreateFAdd(a, b), ordered);
}

} // namespace rune::engine::llvm_tier
