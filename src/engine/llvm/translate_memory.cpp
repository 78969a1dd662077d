// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Linear memory (core 2.0, section 4.4.7). With `guard` bounds an address of 32
// bits and an offset of 32 bits stay inside the reservation, whose untouchable
// part makes the trap; with `dense` each access compares first.
#include "engine/llvm/function_translator.h"

#include "engine/native/guest_memory.h"

namespace rune::engine::llvm_tier {

using native::isGuarded;
using native::MemorySlot;
using native::MemoryState;
using wasm::Opcode;

bool FunctionTranslator::translateMemory() {
  auto extended = [&](llvm::Type *stored, llvm::Type *result, bool isSigned) {
    llvm::Value *value = load(stored);
    push(isSigned ? b_.CreateSExt(value, result)
                  : b_.CreateZExt(value, result));
    return true;
  };
  auto whole = [&](llvm::Type *type) {
    push(load(type));
    return true;
  };
  auto stored = [&](llvm::Type *type) {
    llvm::Value *value = pop();
    store(type ? b_.CreateTrunc(value, type) : value);
    return true;
  };

  switch (now_.opcode) {
  case Opcode::I32Load:
    return whole(unit_.i32);
  case Opcode::I64Load:
    return whole(unit_.i64);
  case Opcode::F32Load:
    return whole(unit_.f32);
  case Opcode::F64Load:
    return whole(unit_.f64);
  case Opcode::I32Load8S:
    return extended(unit_.i8, unit_.i32, true);
  case Opcode::I32Load8U:
    return extended(unit_.i8, unit_.i32, false);
  case Opcode::I32Load16S:
    return extended(unit_.i16, unit_.i32, true);
  case Opcode::I32Load16U:
    return extended(unit_.i16, unit_.i32, false);
  case Opcode::I64Load8S:
    return extended(unit_.i8, unit_.i64, true);
  case Opcode::I64Load8U:
    return extended(unit_.i8, unit_.i64, false);
  case Opcode::I64Load16S:
    return extended(unit_.i16, unit_.i64, true);
  case Opcode::I64Load16U:
    return extended(unit_.i16, unit_.i64, false);
  case Opcode::I64Load32S:
    return extended(unit_.i32, unit_.i64, true);
  case Opcode::I64Load32U:
    return extended(unit_.i32, unit_.i64, false);
  case Opcode::I32Store:
  case Opcode::I64Store:
  case Opcode::F32Store:
  case Opcode::F64Store:
    return stored(nullptr);
  case Opcode::I32Store8:
  case Opcode::I64Store8:
    return stored(unit_.i8);
  case Opcode::I32Store16:
  case Opcode::I64Store16:
    return stored(unit_.i16);
  case Opcode::I64Store32:
    return stored(unit_.i32);
  default:
    return false;
  }
}

bool FunctionTranslator::translateBulk() {
  llvm::Value *index = b_.getInt32(now_.index);
  switch (now_.opcode) {
  case Opcode::MemorySize: {
    const wasm::MemoryType &type = module_.memories[now_.index];
    push(asIndex(b_.CreateLShr(memorySize(now_.index), type.pageSizeLog2),
                 type.address));
    return true;
  }
  case Opcode::MemoryGrow: {
    llvm::Value *pages = popIndex();
    push(asIndex(unit_.callHelper(Helper::memoryGrow, context_, {index, pages}),
                 module_.memories[now_.index].address));
    return true;
  }
  case Opcode::MemoryFill: {
    llvm::Value *count = popIndex(), *value = pop(), *to = popIndex();
    unit_.callHelper(Helper::memoryFill, context_, {index, to, value, count});
    return true;
  }
  case Opcode::MemoryCopy: {
    llvm::Value *count = popIndex(), *from = popIndex(), *to = popIndex();
    unit_.callHelper(Helper::memoryCopy, context_,
                     {index, b_.getInt32(now_.secondIndex), to, from, count});
    return true;
  }
  case Opcode::MemoryInit: {
    llvm::Value *count = popIndex(), *from = popIndex(), *to = popIndex();
    unit_.callHelper(Helper::memoryInit, context_,
                     {b_.getInt32(now_.secondIndex), index, to, from, count});
    return true;
  }
  case Opcode::DataDrop:
    unit_.callHelper(Helper::dataDrop, context_, {index});
    return true;
  default:
    return false;
  }
}

/// An address, length or index as 64 bits.
llvm::Value *FunctionTranslator::popIndex() {
  return b_.CreateZExt(pop(), unit_.i64); // nothing to do for 64 bits
}

llvm::Value *FunctionTranslator::asIndex(llvm::Value *value,
                                         wasm::ValueType address) {
  return b_.CreateTrunc(value, unit_.typeOf(address));
}

llvm::Value *FunctionTranslator::memorySize(uint32_t memory) {
  llvm::Value *state = unit_.loadConstantField(unit_.pointer, context_,
                                               unit_.job.layout.memory(memory) +
                                                   offsetof(MemorySlot, state));
  return unit_.loadField(unit_.i64, state, offsetof(MemoryState, bytes));
}

/// Where the popped address and the instruction's offset lead: `bytes` from
/// there are the guest's, or the pages trap.
llvm::Value *FunctionTranslator::address(uint32_t bytes) {
  const wasm::MemoryType &type = module_.memories[now_.index];
  llvm::Value *place;
  if (type.address == wasm::ValueType::I64) {
    place = place64(bytes);
  } else {
    place = place32();
    if (!isGuarded(type, unit_.job.options.bounds)) {
      llvm::Value *end =
          b_.CreateAdd(place, b_.getInt64(bytes), "", true, true);
      trapIf(b_.CreateICmpUGT(end, memorySize(now_.index)),
             TrapKind::OutOfBoundsMemory);
    }
  }
  return b_.CreateGEP(unit_.i8, memoryBases_[now_.index], place);
}

/// The sum of two numbers of 32 bits.
llvm::Value *FunctionTranslator::place32() {
  llvm::Value *place = popIndex();
  return now_.bits == 0
             ? place
             : b_.CreateAdd(place, b_.getInt64(now_.bits), "", true, true);
}

/// Any sum may wrap; what wraps is outside.
llvm::Value *FunctionTranslator::place64(uint32_t bytes) {
  llvm::Value *place = pop();
  uint64_t reach = 0;
  if (__builtin_add_overflow(now_.bits, uint64_t{bytes}, &reach)) {
    trapIf(b_.getTrue(), TrapKind::OutOfBoundsMemory);
    return b_.getInt64(0);
  }
  llvm::Value *end = b_.CreateAdd(place, b_.getInt64(reach));
  llvm::Value *wraps = b_.CreateICmpULT(end, place);
  llvm::Value *outside = b_.CreateICmpUGT(end, memorySize(now_.index));
  trapIf(b_.CreateOr(wraps, outside), TrapKind::OutOfBoundsMemory);
  return b_.CreateAdd(place, b_.getInt64(now_.bits));
}

static uint32_t bytesOf(llvm::Type *type) {
  return static_cast<uint32_t>(type->getPrimitiveSizeInBits() / 8);
}

llvm::Value *FunctionTranslator::load(llvm::Type *type) {
  llvm::LoadInst *value = b_.CreateAlignedLoad(
      type, address(bytesOf(type)), llvm::Align(1), /*isVolatile=*/true);
  value->setMetadata(llvm::LLVMContext::MD_tbaa, unit_.linearMemory);
  return value;
}

void FunctionTranslator::store(llvm::Value *value) {
  llvm::StoreInst *done =
      b_.CreateAlignedStore(value, address(bytesOf(value->getType())),
                            llvm::Align(1), /*isVolatile=*/true);
  done->setMetadata(llvm::LLVMContext::MD_tbaa, unit_.linearMemory);
}

} // namespace rune::engine::llvm_tier
