// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls, and references to functions (core 2.0, sections 4.4.8 and 4.4.3).
#include "engine/llvm/function_translator.h"

namespace rune::engine::llvm_tier {

using native::FunctionRecord;
using native::TableState;
using wasm::Opcode;

bool FunctionTranslator::translateCalls() {
  switch (now_.opcode) {
  case Opcode::Call:
    call(now_.index);
    return true;
  case Opcode::CallIndirect:
    callIndirect(now_.index, now_.secondIndex);
    return true;
  case Opcode::RefNull:
    push(b_.getInt64(0));
    return true;
  case Opcode::RefIsNull:
    push(b_.CreateZExt(b_.CreateICmpEQ(pop(), b_.getInt64(0)), unit_.i32));
    return true;
  case Opcode::RefFunc:
    push(functionReference(now_.index));
    return true;
  default:
    return false;
  }
}

FunctionTranslator::Values
FunctionTranslator::popArguments(const wasm::FunctionType &type,
                                 llvm::Value *context) {
  Values arguments = {context};
  auto first = operands_.end() - static_cast<ptrdiff_t>(type.parameters.size());
  arguments.insert(arguments.end(), first, operands_.end());
  operands_.resize(operands_.size() - type.parameters.size());
  return arguments;
}

void FunctionTranslator::pushResults(const wasm::FunctionType &type,
                                     llvm::CallInst *call) {
  call->setCallingConv(unit_.convention);
  call->setDoesNotThrow();
  if (!type.results.empty())
    push(call);
  // A callee of another instance leaves them in its own context: `call` has
  // the context it was given as its first argument.
  llvm::Value *callee = call->getArgOperand(0);
  for (uint32_t i = 1; i < type.results.size(); ++i)
    push(unit_.loadField(unit_.typeOf(type.results[i]), callee,
                         unit_.job.layout.result(i)));
}

void FunctionTranslator::call(uint32_t function) {
  const wasm::FunctionType &type = module_.functionType(function);
  llvm::Function *callee = unit_.function(function);
  pushResults(type, b_.CreateCall(callee, popArguments(type, context_)));
}

void FunctionTranslator::callIndirect(uint32_t type, uint32_t table) {
  llvm::Value *index = popIndex(false);
  llvm::Value *size = tableField(table, offsetof(TableState, size), unit_.i64);
  trapIf(b_.CreateICmpUGE(index, size), TrapKind::UndefinedElement);
  llvm::Value *elements =
      tableField(table, offsetof(TableState, elements), unit_.pointer);
  llvm::Value *offset =
      b_.CreateMul(masked(index, size), b_.getInt64(sizeof(FunctionRecord)));
  llvm::Value *element = b_.CreateGEP(unit_.i8, elements, offset);
  llvm::Value *has =
      unit_.loadField(unit_.i64, element, offsetof(FunctionRecord, type));
  llvm::Value *needs = unit_.loadConstantField(
      unit_.i64, context_, unit_.job.layout.type(unit_.job.sameType[type]));
  llvm::BasicBlock *misfit = newBlock(), *fit = newBlock();
  b_.CreateCondBr(b_.CreateICmpNE(has, needs), misfit, fit, unit_.unlikely);
  b_.SetInsertPoint(misfit);
  unit_.callHelper(Helper::indirectTrap, context_, {b_.getInt32(table), index});
  b_.CreateUnreachable();
  b_.SetInsertPoint(fit);
  llvm::Value *code =
      unit_.loadField(unit_.pointer, element, offsetof(FunctionRecord, code));
  llvm::Value *context = unit_.loadField(unit_.pointer, element,
                                         offsetof(FunctionRecord, context));
  const wasm::FunctionType &called = module_.types[type];
  pushResults(called, b_.CreateCall(unit_.typeOf(called), code,
                                    popArguments(called, context)));
}

llvm::Value *FunctionTranslator::functionReference(uint32_t function) {
  llvm::Value *records = unit_.loadConstantField(
      unit_.pointer, context_, offsetof(GuestContext, functions));
  return b_.CreatePtrToInt(
      b_.CreateConstInBoundsGEP1_64(
          unit_.i8, records, uint64_t{function} * sizeof(FunctionRecord)),
      unit_.i64);
}

} // namespace rune::engine::llvm_tier
