// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tables (core 2.0, section 4.4.6). Reading is done here, what writes is the
// engine's: an element of a table of functions is a copy of its record.
#include "engine/llvm/function_translator.h"

namespace rune::engine::llvm_tier {

using native::FunctionRecord;
using native::TableState;
using wasm::Opcode;

bool FunctionTranslator::translateTable() {
  llvm::Value *table = b_.getInt32(now_.index);
  switch (now_.opcode) {
  case Opcode::TableGet: {
    llvm::Value *index = popIndex();
    llvm::Value *size =
        tableField(now_.index, offsetof(TableState, size), unit_.i64);
    trapIf(b_.CreateICmpUGE(index, size), TrapKind::OutOfBoundsTable);
    llvm::Value *elements =
        tableField(now_.index, offsetof(TableState, elements), unit_.pointer);
    bool functions =
        module_.tables[now_.index].type.element == wasm::ValueType::FuncRef;
    uint64_t each = functions ? sizeof(FunctionRecord) : sizeof(uint64_t);
    llvm::Value *offset =
        b_.CreateMul(masked(index, size, now_.index), b_.getInt64(each));
    push(unit_.loadField(unit_.i64, b_.CreateGEP(unit_.i8, elements, offset),
                         functions ? offsetof(FunctionRecord, self) : 0));
    return true;
  }
  case Opcode::TableSet: {
    llvm::Value *value = pop(), *index = popIndex();
    unit_.callHelper(Helper::tableSet, context_, {table, index, value});
    return true;
  }
  case Opcode::TableSize:
    push(asIndex(tableField(now_.index, offsetof(TableState, size), unit_.i64),
                 module_.tables[now_.index].type.address));
    return true;
  case Opcode::TableGrow: {
    llvm::Value *count = popIndex(), *value = pop();
    push(asIndex(
        unit_.callHelper(Helper::tableGrow, context_, {table, value, count}),
        module_.tables[now_.index].type.address));
    return true;
  }
  case Opcode::TableFill: {
    llvm::Value *count = popIndex(), *value = pop(), *to = popIndex();
    unit_.callHelper(Helper::tableFill, context_, {table, to, value, count});
    return true;
  }
  case Opcode::TableCopy: {
    llvm::Value *count = popIndex(), *from = popIndex(), *to = popIndex();
    unit_.callHelper(Helper::tableCopy, context_,
                     {table, b_.getInt32(now_.secondIndex), to, from, count});
    return true;
  }
  case Opcode::TableInit: {
    llvm::Value *count = popIndex(), *from = popIndex(), *to = popIndex();
    unit_.callHelper(Helper::tableInit, context_,
                     {b_.getInt32(now_.secondIndex), b_.getInt32(now_.index),
                      to, from, count});
    return true;
  }
  case Opcode::ElemDrop:
    unit_.callHelper(Helper::elementDrop, context_, {table});
    return true;
  default:
    return false;
  }
}

llvm::Value *FunctionTranslator::tableField(uint32_t table, uint32_t offset,
                                            llvm::Type *type) {
  llvm::Value *state = unit_.loadConstantField(unit_.pointer, context_,
                                               unit_.job.layout.table(table));
  return unit_.job.survey.tableMoves[table]
             ? unit_.loadField(type, state, offset)
             : unit_.loadConstantField(type, state, offset);
}

llvm::Value *FunctionTranslator::masked(llvm::Value *index, llvm::Value *size,
                                        uint32_t table) {
  // LLVM must not see that the branch before has settled it.
  llvm::Value *opaque = hidden(index);
  llvm::Value *difference = b_.CreateSub(opaque, size);
  // Negative, and not because the index is huge.
  if (module_.tables[table].type.address == wasm::ValueType::I64)
    difference = b_.CreateAnd(difference, b_.CreateNot(opaque));
  return b_.CreateAnd(opaque, b_.CreateAShr(difference, 63));
}

} // namespace rune::engine::llvm_tier
