// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Vectors of floating-point numbers, conversions, and relaxed instructions
// (core 2.0, section 4.3.3; relaxed SIMD). A relaxed instruction gives what its
// strict one gives, so that a guest computes the same on every machine; only
// multiply-add is named apart, and rounds twice.
#include "engine/llvm/function_translator.h"

#include <llvm/IR/Intrinsics.h>

namespace rune::engine::llvm_tier {

using llvm::CmpInst;
using llvm::Instruction;
using llvm::Intrinsic::ID;
using wasm::Opcode;

#define FLOATS(name, ...)                                                      \
  case Opcode::F32x4##name:                                                    \
    return __VA_ARGS__(unit_.f32);                                             \
  case Opcode::F64x2##name:                                                    \
    return __VA_ARGS__(unit_.f64);

bool FunctionTranslator::translateVectorFloat() {
  auto compare = [&](CmpInst::Predicate predicate) {
    return [this, predicate](llvm::Type *lane) {
      llvm::Value *b = popAs(lanes(lane)), *a = popAs(lanes(lane));
      llvm::Type *flags = lanes(lane->isFloatTy() ? unit_.i32 : unit_.i64);
      pushVector(b_.CreateSExt(b_.CreateFCmp(predicate, a, b), flags));
      return true;
    };
  };
  auto binary = [&](Instruction::BinaryOps operation) {
    return [this, operation](llvm::Type *lane) {
      llvm::Value *b = popAs(lanes(lane)), *a = popAs(lanes(lane));
      pushVector(arithmetic(operation, a, b));
      return true;
    };
  };
  auto unary = [&](ID id) {
    return [this, id](llvm::Type *lane) {
      pushVector(b_.CreateUnaryIntrinsic(id, popAs(lanes(lane))));
      return true;
    };
  };
  auto extremum = [&](bool least) {
    return [this, least](llvm::Type *lane) {
      llvm::Value *b = popAs(lanes(lane)), *a = popAs(lanes(lane));
      pushVector(extreme(a, b, least));
      return true;
    };
  };
  /// b if it is beyond a, by one comparison, whatever NaNs there are.
  auto pseudo = [&](bool least) {
    return [this, least](llvm::Type *lane) {
      llvm::Value *b = popAs(lanes(lane)), *a = popAs(lanes(lane));
      llvm::Value *beyond =
          least ? b_.CreateFCmpOLT(b, a) : b_.CreateFCmpOLT(a, b);
      pushVector(b_.CreateSelect(beyond, b, a));
      return true;
    };
  };
  auto negate = [&](llvm::Type *lane) {
    pushVector(b_.CreateFNeg(popAs(lanes(lane))));
    return true;
  };
  llvm::VectorType *ints = lanes(unit_.i32);
  llvm::VectorType *floats = lanes(unit_.f32), *doubles = lanes(unit_.f64);

  switch (now_.opcode) {
    FLOATS(Eq, compare(CmpInst::FCMP_OEQ))
    FLOATS(Ne, compare(CmpInst::FCMP_UNE))
    FLOATS(Lt, compare(CmpInst::FCMP_OLT))
    FLOATS(Gt, compare(CmpInst::FCMP_OGT))
    FLOATS(Le, compare(CmpInst::FCMP_OLE))
    FLOATS(Ge, compare(CmpInst::FCMP_OGE))
    FLOATS(Ceil, unary(llvm::Intrinsic::ceil))
    FLOATS(Floor, unary(llvm::Intrinsic::floor))
    FLOATS(Trunc, unary(llvm::Intrinsic::trunc))
    FLOATS(Nearest, unary(llvm::Intrinsic::roundeven))
    FLOATS(Abs, unary(llvm::Intrinsic::fabs))
    FLOATS(Neg, negate)
    FLOATS(Sqrt, unary(llvm::Intrinsic::sqrt))
    FLOATS(Add, binary(Instruction::FAdd))
    FLOATS(Sub, binary(Instruction::FSub))
    FLOATS(Mul, binary(Instruction::FMul))
    FLOATS(Div, binary(Instruction::FDiv))
    FLOATS(Min, extremum(true))
    FLOATS(Max, extremum(false))
    FLOATS(Pmin, pseudo(true))
    FLOATS(Pmax, pseudo(false))
    FLOATS(RelaxedMin, extremum(true))
    FLOATS(RelaxedMax, extremum(false))
  case Opcode::F32x4ConvertI32x4S:
    pushVector(b_.CreateSIToFP(popAs(ints), floats));
    return true;
  case Opcode::F32x4ConvertI32x4U:
    pushVector(b_.CreateUIToFP(popAs(ints), floats));
    return true;
  case Opcode::F64x2ConvertLowI32x4S:
    pushVector(b_.CreateSIToFP(half(popAs(ints), false), doubles));
    return true;
  case Opcode::F64x2ConvertLowI32x4U:
    pushVector(b_.CreateUIToFP(half(popAs(ints), false), doubles));
    return true;
  case Opcode::F32x4DemoteF64x2Zero:
    pushVector(withZeros(b_.CreateFPTrunc(
        popAs(doubles), llvm::FixedVectorType::get(unit_.f32, 2))));
    return true;
  case Opcode::F64x2PromoteLowF32x4:
    // Hidden, or a demotion of it would give a signalling NaN back.
    pushVector(hidden(b_.CreateFPExt(half(popAs(floats), false), doubles)));
    return true;
  case Opcode::I32x4TruncSatF32x4S:
  case Opcode::I32x4RelaxedTruncF32x4S:
    pushVector(saturated(popAs(floats), unit_.i32, true));
    return true;
  case Opcode::I32x4TruncSatF32x4U:
  case Opcode::I32x4RelaxedTruncF32x4U:
    pushVector(saturated(popAs(floats), unit_.i32, false));
    return true;
  case Opcode::I32x4TruncSatF64x2SZero:
  case Opcode::I32x4RelaxedTruncF64x2SZero:
    pushVector(withZeros(saturated(popAs(doubles), unit_.i32, true)));
    return true;
  case Opcode::I32x4TruncSatF64x2UZero:
  case Opcode::I32x4RelaxedTruncF64x2UZero:
    pushVector(withZeros(saturated(popAs(doubles), unit_.i32, false)));
    return true;
  default:
    return false;
  }
}

llvm::Value *FunctionTranslator::saturated(llvm::Value *floats,
                                           llvm::Type *lane, bool isSigned) {
  auto *from = llvm::cast<llvm::FixedVectorType>(floats->getType());
  auto *to = llvm::FixedVectorType::get(lane, from->getNumElements());
  return b_.CreateIntrinsic(isSigned ? llvm::Intrinsic::fptosi_sat
                                     : llvm::Intrinsic::fptoui_sat,
                            {to, from}, {floats});
}

bool FunctionTranslator::translateVectorRelaxed() {
  auto multiplyAdd = [&](bool negated) {
    return [this, negated](llvm::Type *lane) {
      llvm::Value *c = popAs(lanes(lane)), *b = popAs(lanes(lane)),
                  *a = popAs(lanes(lane));
      llvm::Value *product =
          arithmetic(Instruction::FMul, negated ? b_.CreateFNeg(a) : a, b);
      pushVector(arithmetic(Instruction::FAdd, product, c));
      return true;
    };
  };
  /// Sums of neighbouring products of bytes, in lanes of 16 bits; they wrap, as
  /// in the interpreter.
  auto dot = [&] {
    llvm::Value *b = popAs(lanes(unit_.i8)), *a = popAs(lanes(unit_.i8));
    auto products = [&](unsigned first) {
      return b_.CreateMul(widened(alternate(a, first), true),
                          widened(alternate(b, first), true));
    };
    return b_.CreateAdd(products(0), products(1));
  };

  switch (now_.opcode) {
    FLOATS(RelaxedMadd, multiplyAdd(false))
    FLOATS(RelaxedNmadd, multiplyAdd(true))
  case Opcode::I8x16RelaxedSwizzle: {
    llvm::Value *indices = popAs(lanes(unit_.i8));
    pushVector(swizzle(popAs(lanes(unit_.i8)), indices));
    return true;
  }
  case Opcode::I8x16RelaxedLaneselect:
  case Opcode::I16x8RelaxedLaneselect:
  case Opcode::I32x4RelaxedLaneselect:
  case Opcode::I64x2RelaxedLaneselect: {
    llvm::Value *mask = pop(), *b = pop(), *a = pop();
    push(b_.CreateOr(b_.CreateAnd(a, mask),
                     b_.CreateAnd(b, b_.CreateNot(mask))));
    return true;
  }
  case Opcode::I16x8RelaxedQ15mulrS: {
    llvm::Value *b = popAs(lanes(unit_.i16)), *a = popAs(lanes(unit_.i16));
    pushVector(multiplyQ15(a, b));
    return true;
  }
  case Opcode::I16x8RelaxedDotI8x16I7x16S:
    pushVector(dot());
    return true;
  case Opcode::I32x4RelaxedDotI8x16I7x16AddS: {
    llvm::Value *sum = popAs(lanes(unit_.i32));
    llvm::Value *pairs = dot();
    pushVector(b_.CreateAdd(b_.CreateAdd(widened(alternate(pairs, 0), true),
                                         widened(alternate(pairs, 1), true)),
                            sum));
    return true;
  }
  default:
    return false;
  }
}

} // namespace rune::engine::llvm_tier
