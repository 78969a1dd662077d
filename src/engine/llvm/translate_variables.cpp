// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Locals, globals, `drop` and `select` (core 2.0, sections 4.4.4 and 4.4.5).
#include "engine/llvm/function_translator.h"

namespace rune::engine::llvm_tier {

using wasm::Opcode;

bool FunctionTranslator::translateVariables() {
  switch (now_.opcode) {
  case Opcode::LocalGet: {
    const Local &local = locals_[now_.index];
    push(b_.CreateLoad(local.type, local.place));
    return true;
  }
  case Opcode::LocalSet:
    b_.CreateStore(pop(), locals_[now_.index].place);
    return true;
  case Opcode::LocalTee:
    b_.CreateStore(operands_.back(), locals_[now_.index].place);
    return true;
  case Opcode::GlobalGet: {
    const wasm::GlobalType &type = module_.globals[now_.index].type;
    llvm::LoadInst *value =
        unit_.loadState(unit_.typeOf(type.value), globalAddress(now_.index));
    if (!type.isMutable)
      value->setMetadata(llvm::LLVMContext::MD_invariant_load,
                         llvm::MDNode::get(unit_.context, {}));
    push(value);
    return true;
  }
  case Opcode::GlobalSet:
    unit_.writeState(pop(), globalAddress(now_.index));
    return true;
  case Opcode::Drop:
    pop();
    return true;
  case Opcode::Select:
  case Opcode::SelectTyped: {
    llvm::Value *condition = popCondition();
    llvm::Value *b = pop(), *a = pop();
    push(b_.CreateSelect(condition, a, b));
    return true;
  }
  default:
    return false;
  }
}

llvm::Value *FunctionTranslator::globalAddress(uint32_t global) {
  uint32_t offset = unit_.job.layout.global(global);
  if (global < module_.importedGlobals)
    return unit_.loadConstantField(unit_.pointer, context_, offset);
  return at(offset);
}

} // namespace rune::engine::llvm_tier
