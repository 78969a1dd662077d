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
    call(direct(now_.index));
    return true;
  case Opcode::CallIndirect:
    call(indirect(now_.index, now_.secondIndex));
    return true;
  case Opcode::ReturnCall:
    tailCall(direct(now_.index));
    return true;
  case Opcode::ReturnCallIndirect:
    tailCall(indirect(now_.index, now_.secondIndex));
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

/// Calls with the top operands as arguments.
llvm::CallInst *FunctionTranslator::makeCall(const Callee &callee) {
  Values arguments = {callee.context};
  size_t count = callee.type.parameters.size();
  arguments.insert(arguments.end(),
                   operands_.end() - static_cast<ptrdiff_t>(count),
                   operands_.end());
  operands_.resize(operands_.size() - count);
  llvm::CallInst *made =
      b_.CreateCall(unit_.typeOf(callee.type), callee.code, arguments);
  made->setCallingConv(unit_.convention);
  made->setDoesNotThrow();
  return made;
}

void FunctionTranslator::call(const Callee &callee) {
  llvm::CallInst *made = makeCall(callee);
  const std::vector<wasm::ValueType> &results = callee.type.results;
  if (!results.empty())
    push(made);
  for (size_t i = 1; i < results.size(); ++i)
    push(unit_.loadState(unit_.typeOf(results[i]),
                         unit_.resultAddress(context_, i)));
}

void FunctionTranslator::tailCall(const Callee &callee) {
  llvm::CallInst *made = makeCall(callee);
  if (unit_.convention == llvm::CallingConv::Tail)
    made->setTailCallKind(llvm::CallInst::TCK_MustTail);
  if (type_.results.empty())
    b_.CreateRetVoid();
  else
    b_.CreateRet(made);
  reachable_ = false;
}

/// An imported function may be another instance's: its record says.
FunctionTranslator::Callee FunctionTranslator::direct(uint32_t function) {
  const wasm::FunctionType &type = module_.functionType(function);
  if (!module_.isImported(function))
    return {unit_.function(function), context_, type};
  llvm::Value *records = unit_.loadConstantField(
      unit_.pointer, context_, offsetof(GuestContext, functions));
  auto record = static_cast<uint32_t>(function * sizeof(FunctionRecord));
  return {unit_.loadConstantField(unit_.pointer, records,
                                  record + offsetof(FunctionRecord, code)),
          unit_.loadConstantField(unit_.pointer, records,
                                  record + offsetof(FunctionRecord, context)),
          type};
}

FunctionTranslator::Callee FunctionTranslator::indirect(uint32_t type,
                                                        uint32_t table) {
  llvm::Value *index = popIndex();
  llvm::Value *size = tableField(table, offsetof(TableState, size), unit_.i64);
  trapIf(b_.CreateICmpUGE(index, size), TrapKind::UndefinedElement);
  llvm::Value *elements =
      tableField(table, offsetof(TableState, elements), unit_.pointer);
  llvm::Value *offset = b_.CreateMul(masked(index, size, table),
                                     b_.getInt64(sizeof(FunctionRecord)));
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
  return {
      unit_.loadField(unit_.pointer, element, offsetof(FunctionRecord, code)),
      unit_.loadField(unit_.pointer, element,
                      offsetof(FunctionRecord, context)),
      module_.types[type]};
}

/// The address of a function's record; of an imported function, what its copy
/// says.
llvm::Value *FunctionTranslator::functionReference(uint32_t function) {
  llvm::Value *records = unit_.loadConstantField(
      unit_.pointer, context_, offsetof(GuestContext, functions));
  auto record = static_cast<uint32_t>(function * sizeof(FunctionRecord));
  if (module_.isImported(function))
    return unit_.loadConstantField(unit_.i64, records,
                                   record + offsetof(FunctionRecord, self));
  return b_.CreatePtrToInt(unit_.fieldAddress(records, record), unit_.i64);
}

} // namespace rune::engine::llvm_tier
