// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Vectors of integers, and of bits (core 2.0, section 4.3.3). Where a processor
// has an instruction that LLVM would not find, it is named.
#include "engine/llvm/function_translator.h"

#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/IntrinsicsX86.h>

namespace rune::engine::llvm_tier {

using llvm::CmpInst;
using llvm::Instruction;
using llvm::Intrinsic::ID;
using wasm::Opcode;

/// One case for each shape that has the instruction.
#define SHAPES2(name, ...)                                                     \
  case Opcode::I8x16##name:                                                    \
    return __VA_ARGS__(unit_.i8);                                              \
  case Opcode::I16x8##name:                                                    \
    return __VA_ARGS__(unit_.i16);
#define SHAPES3(name, ...)                                                     \
  SHAPES2(name, __VA_ARGS__)                                                   \
  case Opcode::I32x4##name:                                                    \
    return __VA_ARGS__(unit_.i32);
#define SHAPES4(name, ...)                                                     \
  SHAPES3(name, __VA_ARGS__)                                                   \
  case Opcode::I64x2##name:                                                    \
    return __VA_ARGS__(unit_.i64);
/// From lanes of half the width.
#define FROM_HALVES(name, ...)                                                 \
  case Opcode::I16x8##name##I8x16S:                                            \
    return __VA_ARGS__(unit_.i8, true);                                        \
  case Opcode::I16x8##name##I8x16U:                                            \
    return __VA_ARGS__(unit_.i8, false);                                       \
  case Opcode::I32x4##name##I16x8S:                                            \
    return __VA_ARGS__(unit_.i16, true);                                       \
  case Opcode::I32x4##name##I16x8U:                                            \
    return __VA_ARGS__(unit_.i16, false);
#define FROM_HALVES64(name, ...)                                               \
  FROM_HALVES(name, __VA_ARGS__)                                               \
  case Opcode::I64x2##name##I32x4S:                                            \
    return __VA_ARGS__(unit_.i32, true);                                       \
  case Opcode::I64x2##name##I32x4U:                                            \
    return __VA_ARGS__(unit_.i32, false);

bool FunctionTranslator::translateVectorInteger() {
  auto compare = [&](CmpInst::Predicate predicate) {
    return [this, predicate](llvm::Type *lane) {
      llvm::Value *b = popAs(lanes(lane)), *a = popAs(lanes(lane));
      pushVector(b_.CreateSExt(b_.CreateICmp(predicate, a, b), lanes(lane)));
      return true;
    };
  };
  auto binary = [&](Instruction::BinaryOps operation) {
    return [this, operation](llvm::Type *lane) {
      llvm::Value *b = popAs(lanes(lane)), *a = popAs(lanes(lane));
      pushVector(b_.CreateBinOp(operation, a, b));
      return true;
    };
  };
  auto intrinsic = [&](ID id) {
    return [this, id](llvm::Type *lane) {
      llvm::Value *b = popAs(lanes(lane)), *a = popAs(lanes(lane));
      pushVector(b_.CreateBinaryIntrinsic(id, a, b));
      return true;
    };
  };
  auto shift = [&](Instruction::BinaryOps operation) {
    return [this, operation](llvm::Type *lane) {
      unsigned bits = lane->getIntegerBitWidth();
      llvm::Value *count = b_.CreateAnd(pop(), b_.getInt32(bits - 1));
      count =
          b_.CreateVectorSplat(128 / bits, b_.CreateZExtOrTrunc(count, lane));
      pushVector(b_.CreateBinOp(operation, popAs(lanes(lane)), count));
      return true;
    };
  };
  auto absolute = [&](llvm::Type *lane) {
    pushVector(b_.CreateIntrinsic(llvm::Intrinsic::abs, {lanes(lane)},
                                  {popAs(lanes(lane)), b_.getFalse()}));
    return true;
  };
  auto negate = [&](llvm::Type *lane) {
    pushVector(b_.CreateNeg(popAs(lanes(lane))));
    return true;
  };
  /// A bit for each lane.
  auto bits = [&](CmpInst::Predicate predicate, llvm::Type *lane) {
    llvm::Value *zero = llvm::Constant::getNullValue(lanes(lane));
    llvm::Value *flags = b_.CreateICmp(predicate, popAs(lanes(lane)), zero);
    unsigned count = 128 / lane->getIntegerBitWidth();
    return b_.CreateBitCast(flags, b_.getIntNTy(count));
  };
  auto allTrue = [&](llvm::Type *lane) {
    llvm::Value *zeros = bits(CmpInst::ICMP_EQ, lane);
    push(b_.CreateZExt(
        b_.CreateICmpEQ(zeros, llvm::Constant::getNullValue(zeros->getType())),
        unit_.i32));
    return true;
  };
  auto bitmask = [&](llvm::Type *lane) {
    push(b_.CreateZExt(bits(CmpInst::ICMP_SLT, lane), unit_.i32));
    return true;
  };
  auto average = [&](llvm::Type *lane) {
    llvm::Value *b = widened(popAs(lanes(lane)), false),
                *a = widened(popAs(lanes(lane)), false);
    llvm::Value *one = llvm::ConstantInt::get(a->getType(), 1);
    llvm::Value *sum = b_.CreateAdd(b_.CreateAdd(a, b), one);
    pushVector(b_.CreateTrunc(b_.CreateLShr(sum, one), lanes(lane)));
    return true;
  };
  auto extend = [&](bool high) {
    return [this, high](llvm::Type *lane, bool isSigned) {
      pushVector(widened(half(popAs(lanes(lane)), high), isSigned));
      return true;
    };
  };
  auto multiply = [&](bool high) {
    return [this, high](llvm::Type *lane, bool isSigned) {
      llvm::Value *b = widened(half(popAs(lanes(lane)), high), isSigned),
                  *a = widened(half(popAs(lanes(lane)), high), isSigned);
      pushVector(b_.CreateMul(a, b));
      return true;
    };
  };
  auto addPairs = [&](llvm::Type *lane, bool isSigned) {
    llvm::Value *a = popAs(lanes(lane));
    pushVector(b_.CreateAdd(widened(alternate(a, 0), isSigned),
                            widened(alternate(a, 1), isSigned)));
    return true;
  };

  switch (now_.opcode) {
    SHAPES4(Eq, compare(CmpInst::ICMP_EQ))
    SHAPES4(Ne, compare(CmpInst::ICMP_NE))
    SHAPES4(LtS, compare(CmpInst::ICMP_SLT))
    SHAPES4(GtS, compare(CmpInst::ICMP_SGT))
    SHAPES4(LeS, compare(CmpInst::ICMP_SLE))
    SHAPES4(GeS, compare(CmpInst::ICMP_SGE))
    SHAPES3(LtU, compare(CmpInst::ICMP_ULT))
    SHAPES3(GtU, compare(CmpInst::ICMP_UGT))
    SHAPES3(LeU, compare(CmpInst::ICMP_ULE))
    SHAPES3(GeU, compare(CmpInst::ICMP_UGE))
    SHAPES4(Abs, absolute)
    SHAPES4(Neg, negate)
    SHAPES4(AllTrue, allTrue)
    SHAPES4(Bitmask, bitmask)
    SHAPES4(Shl, shift(Instruction::Shl))
    SHAPES4(ShrS, shift(Instruction::AShr))
    SHAPES4(ShrU, shift(Instruction::LShr))
    SHAPES4(Add, binary(Instruction::Add))
    SHAPES4(Sub, binary(Instruction::Sub))
    SHAPES2(AddSatS, intrinsic(llvm::Intrinsic::sadd_sat))
    SHAPES2(AddSatU, intrinsic(llvm::Intrinsic::uadd_sat))
    SHAPES2(SubSatS, intrinsic(llvm::Intrinsic::ssub_sat))
    SHAPES2(SubSatU, intrinsic(llvm::Intrinsic::usub_sat))
    SHAPES3(MinS, intrinsic(llvm::Intrinsic::smin))
    SHAPES3(MinU, intrinsic(llvm::Intrinsic::umin))
    SHAPES3(MaxS, intrinsic(llvm::Intrinsic::smax))
    SHAPES3(MaxU, intrinsic(llvm::Intrinsic::umax))
    SHAPES2(AvgrU, average)
    FROM_HALVES64(ExtendLow, extend(false))
    FROM_HALVES64(ExtendHigh, extend(true))
    FROM_HALVES64(ExtmulLow, multiply(false))
    FROM_HALVES64(ExtmulHigh, multiply(true))
    FROM_HALVES(ExtaddPairwise, addPairs)
  case Opcode::I16x8Mul:
    return binary(Instruction::Mul)(unit_.i16);
  case Opcode::I32x4Mul:
    return binary(Instruction::Mul)(unit_.i32);
  case Opcode::I64x2Mul:
    return binary(Instruction::Mul)(unit_.i64);
  case Opcode::I8x16Popcnt:
    pushVector(b_.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop,
                                       popAs(lanes(unit_.i8))));
    return true;
  case Opcode::I8x16NarrowI16x8S:
    pushVector(narrow(unit_.i16, true));
    return true;
  case Opcode::I8x16NarrowI16x8U:
    pushVector(narrow(unit_.i16, false));
    return true;
  case Opcode::I16x8NarrowI32x4S:
    pushVector(narrow(unit_.i32, true));
    return true;
  case Opcode::I16x8NarrowI32x4U:
    pushVector(narrow(unit_.i32, false));
    return true;
  case Opcode::I16x8Q15mulrSatS: {
    llvm::Value *b = popAs(lanes(unit_.i16)), *a = popAs(lanes(unit_.i16));
    pushVector(multiplyQ15(a, b));
    return true;
  }
  case Opcode::I32x4DotI16x8S: {
    llvm::Value *b = popAs(lanes(unit_.i16)), *a = popAs(lanes(unit_.i16));
    if (unit_.job.options.target.family == machine::Family::X86_64) {
      pushVector(
          b_.CreateIntrinsic(llvm::Intrinsic::x86_sse2_pmadd_wd, {}, {a, b}));
      return true;
    }
    auto products = [&](unsigned first) {
      return b_.CreateMul(widened(alternate(a, first), true),
                          widened(alternate(b, first), true));
    };
    pushVector(b_.CreateAdd(products(0), products(1)));
    return true;
  }
  case Opcode::V128Not:
    push(b_.CreateNot(pop()));
    return true;
  case Opcode::V128And:
    return binary(Instruction::And)(unit_.i32);
  case Opcode::V128Or:
    return binary(Instruction::Or)(unit_.i32);
  case Opcode::V128Xor:
    return binary(Instruction::Xor)(unit_.i32);
  case Opcode::V128Andnot: {
    llvm::Value *b = pop(), *a = pop();
    push(b_.CreateAnd(a, b_.CreateNot(b)));
    return true;
  }
  case Opcode::V128Bitselect: {
    llvm::Value *mask = pop(), *b = pop(), *a = pop();
    push(b_.CreateOr(b_.CreateAnd(a, mask),
                     b_.CreateAnd(b, b_.CreateNot(mask))));
    return true;
  }
  case Opcode::V128AnyTrue: {
    llvm::Type *whole = b_.getIntNTy(128);
    push(b_.CreateZExt(b_.CreateICmpNE(b_.CreateBitCast(pop(), whole),
                                       llvm::ConstantInt::get(whole, 0)),
                       unit_.i32));
    return true;
  }
  default:
    return false;
  }
}

/// Two vectors to one of lanes of half the width, clamped; operands are signed.
llvm::Value *FunctionTranslator::narrow(llvm::Type *from, bool isSigned) {
  llvm::Value *b = popAs(lanes(from)), *a = popAs(lanes(from));
  bool bytes = from == unit_.i16;
  if (unit_.job.options.target.family == machine::Family::X86_64) {
    ID id = bytes ? (isSigned ? llvm::Intrinsic::x86_sse2_packsswb_128
                              : llvm::Intrinsic::x86_sse2_packuswb_128)
                  : (isSigned ? llvm::Intrinsic::x86_sse2_packssdw_128
                              : llvm::Intrinsic::x86_sse41_packusdw);
    return b_.CreateIntrinsic(id, {}, {a, b});
  }
  unsigned bits = from->getIntegerBitWidth() / 2;
  std::vector<int> all(size_t{256} / from->getIntegerBitWidth());
  for (size_t i = 0; i < all.size(); ++i)
    all[i] = static_cast<int>(i);
  llvm::Value *both = b_.CreateShuffleVector(a, b, all);
  auto number = [&](const llvm::APInt &value) {
    return llvm::ConstantInt::get(both->getType(), value.sext(bits * 2));
  };
  auto unsignedNumber = [&](const llvm::APInt &value) {
    return llvm::ConstantInt::get(both->getType(), value.zext(bits * 2));
  };
  llvm::Value *least = isSigned ? number(llvm::APInt::getSignedMinValue(bits))
                                : llvm::Constant::getNullValue(both->getType());
  llvm::Value *most = isSigned ? number(llvm::APInt::getSignedMaxValue(bits))
                               : unsignedNumber(llvm::APInt::getMaxValue(bits));
  both = b_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, both, least);
  both = b_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, both, most);
  return b_.CreateTrunc(both, lanes(bytes ? unit_.i8 : unit_.i16));
}

/// (a · b + 2^14) >> 15; of all products only that of the two least ones does
/// not fit, and gives the greatest number.
llvm::Value *FunctionTranslator::multiplyQ15(llvm::Value *a, llvm::Value *b) {
  llvm::VectorType *type = lanes(unit_.i16);
  if (unit_.job.options.target.family == machine::Family::X86_64) {
    llvm::Value *product = b_.CreateIntrinsic(
        llvm::Intrinsic::x86_ssse3_pmul_hr_sw_128, {}, {a, b});
    llvm::Value *wrapped = b_.CreateICmpEQ(
        product, llvm::ConstantInt::get(type, llvm::APInt(16, 0x8000)));
    return b_.CreateXor(product, b_.CreateSExt(wrapped, type));
  }
  llvm::Value *product = b_.CreateMul(widened(a, true), widened(b, true));
  auto number = [&](int64_t value) {
    return llvm::ConstantInt::getSigned(product->getType(), value);
  };
  product = b_.CreateAShr(b_.CreateAdd(product, number(1 << 14)), number(15));
  product = b_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, product,
                                     number(INT16_MAX));
  return b_.CreateTrunc(product, type);
}

} // namespace rune::engine::llvm_tier
