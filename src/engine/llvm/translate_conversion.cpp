// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Conversions between types (core 2.0, section 4.3.4).
#include "engine/llvm/function_translator.h"

#include <llvm/IR/Intrinsics.h>

#include <cmath>

namespace rune::engine::llvm_tier {

using wasm::Opcode;

bool FunctionTranslator::translateConversion() {
  auto cast = [&](llvm::Instruction::CastOps operation, llvm::Type *to) {
    push(b_.CreateCast(operation, pop(), to));
    return true;
  };
  auto trap = [&](llvm::Type *to, bool isSigned) {
    push(truncate(to, isSigned));
    return true;
  };
  auto saturate = [&](llvm::Type *to, bool isSigned) {
    llvm::Value *a = pop();
    push(b_.CreateIntrinsic(isSigned ? llvm::Intrinsic::fptosi_sat
                                     : llvm::Intrinsic::fptoui_sat,
                            {to, a->getType()}, {a}));
    return true;
  };

  switch (now_.opcode) {
  case Opcode::I32WrapI64:
    return cast(llvm::Instruction::Trunc, unit_.i32);
  case Opcode::I64ExtendI32S:
    return cast(llvm::Instruction::SExt, unit_.i64);
  case Opcode::I64ExtendI32U:
    return cast(llvm::Instruction::ZExt, unit_.i64);
  case Opcode::I32TruncF32S:
  case Opcode::I32TruncF64S:
    return trap(unit_.i32, true);
  case Opcode::I32TruncF32U:
  case Opcode::I32TruncF64U:
    return trap(unit_.i32, false);
  case Opcode::I64TruncF32S:
  case Opcode::I64TruncF64S:
    return trap(unit_.i64, true);
  case Opcode::I64TruncF32U:
  case Opcode::I64TruncF64U:
    return trap(unit_.i64, false);
  case Opcode::I32TruncSatF32S:
  case Opcode::I32TruncSatF64S:
    return saturate(unit_.i32, true);
  case Opcode::I32TruncSatF32U:
  case Opcode::I32TruncSatF64U:
    return saturate(unit_.i32, false);
  case Opcode::I64TruncSatF32S:
  case Opcode::I64TruncSatF64S:
    return saturate(unit_.i64, true);
  case Opcode::I64TruncSatF32U:
  case Opcode::I64TruncSatF64U:
    return saturate(unit_.i64, false);
  case Opcode::F32ConvertI32S:
  case Opcode::F32ConvertI64S:
    return cast(llvm::Instruction::SIToFP, unit_.f32);
  case Opcode::F32ConvertI32U:
  case Opcode::F32ConvertI64U:
    return cast(llvm::Instruction::UIToFP, unit_.f32);
  case Opcode::F64ConvertI32S:
  case Opcode::F64ConvertI64S:
    return cast(llvm::Instruction::SIToFP, unit_.f64);
  case Opcode::F64ConvertI32U:
  case Opcode::F64ConvertI64U:
    return cast(llvm::Instruction::UIToFP, unit_.f64);
  case Opcode::F32DemoteF64:
    return cast(llvm::Instruction::FPTrunc, unit_.f32);
  case Opcode::F64PromoteF32:
    // Hidden, or a demotion of it would give a signalling NaN back.
    push(hidden(b_.CreateFPExt(pop(), unit_.f64)));
    return true;
  case Opcode::I32ReinterpretF32:
    return cast(llvm::Instruction::BitCast, unit_.i32);
  case Opcode::I64ReinterpretF64:
    return cast(llvm::Instruction::BitCast, unit_.i64);
  case Opcode::F32ReinterpretI32:
    return cast(llvm::Instruction::BitCast, unit_.f32);
  case Opcode::F64ReinterpretI64:
    return cast(llvm::Instruction::BitCast, unit_.f64);
  default:
    return false;
  }
}

/// What does not fit traps first. The bounds are exact in the operand's type:
/// one below the least integer where that is a number, else the least itself.
llvm::Value *FunctionTranslator::truncate(llvm::Type *to, bool isSigned) {
  llvm::Value *a = pop();
  llvm::Type *type = a->getType();
  auto bits = static_cast<int>(to->getIntegerBitWidth());
  auto number = [&](double value) {
    return llvm::ConstantFP::get(type, value);
  };
  trapIf(b_.CreateFCmpUNO(a, a), TrapKind::InvalidConversion);
  double least = isSigned ? -std::ldexp(1, bits - 1) : 0;
  double above = std::ldexp(1, isSigned ? bits - 1 : bits);
  bool oneBelowIsExact = !isSigned || (bits == 32 && type->isDoubleTy());
  llvm::Value *tooSmall = oneBelowIsExact
                              ? b_.CreateFCmpOLE(a, number(least - 1))
                              : b_.CreateFCmpOLT(a, number(least));
  trapIf(b_.CreateOr(tooSmall, b_.CreateFCmpOGE(a, number(above))),
         TrapKind::IntegerOverflow);
  return isSigned ? b_.CreateFPToSI(a, to) : b_.CreateFPToUI(a, to);
}

} // namespace rune::engine::llvm_tier
