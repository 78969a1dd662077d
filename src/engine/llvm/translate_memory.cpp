// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Linear memory (core 2.0, section 4.4.7). With `guard` bounds an address of 32
// bits and an offset of 32 bits stay inside the reservation, whose untouchable
// part makes the trap; with `dense` each access compares first.
#include "engine/llvm/function_translator.h"

namespace rune::engine::llvm_tier {

using native::Bounds;
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
    store(type);
    return true;
  };
  llvm::Value *memory = b_.getInt32(0);

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
    return stored(unit_.i32);
  case Opcode::I64Store:
    return stored(unit_.i64);
  case Opcode::F32Store:
    return stored(unit_.f32);
  case Opcode::F64Store:
    return stored(unit_.f64);
  case Opcode::I32Store8:
  case Opcode::I64Store8:
    return stored(unit_.i8);
  case Opcode::I32Store16:
  case Opcode::I64Store16:
    return stored(unit_.i16);
  case Opcode::I64Store32:
    return stored(unit_.i32);
  case Opcode::MemorySize: {
    llvm::Value *bytes = unit_.loadState(
        unit_.i64,
        unit_.fieldAddress(memoryState(0), offsetof(MemoryState, bytes)));
    push(b_.CreateTrunc(b_.CreateLShr(bytes, 16), unit_.i32));
    return true;
  }
  case Opcode::MemoryGrow: {
    llvm::Value *pages = popIndex(false);
    push(b_.CreateTrunc(
        unit_.callHelper(Helper::memoryGrow, context_, {memory, pages}),
        unit_.i32));
    return true;
  }
  case Opcode::MemoryFill: {
    llvm::Value *count = popIndex(false), *value = pop(), *to = popIndex(false);
    unit_.callHelper(Helper::memoryFill, context_, {memory, to, value, count});
    return true;
  }
  case Opcode::MemoryCopy: {
    llvm::Value *count = popIndex(false), *from = popIndex(false),
                *to = popIndex(false);
    unit_.callHelper(Helper::memoryCopy, context_,
                     {memory, memory, to, from, count});
    return true;
  }
  case Opcode::MemoryInit: {
    llvm::Value *count = popIndex(false), *from = popIndex(false),
                *to = popIndex(false);
    unit_.callHelper(Helper::memoryInit, context_,
                     {memory, b_.getInt32(now_.index), to, from, count});
    return true;
  }
  case Opcode::DataDrop:
    unit_.callHelper(Helper::dataDrop, context_, {b_.getInt32(now_.index)});
    return true;
  default:
    return false;
  }
}

/// An address, length or index as 64 bits.
llvm::Value *FunctionTranslator::popIndex(bool is64) {
  llvm::Value *value = pop();
  return is64 ? value : b_.CreateZExt(value, unit_.i64);
}

llvm::Value *FunctionTranslator::memoryState(uint32_t memory) {
  return unit_.loadConstantField(unit_.pointer, context_,
                                 unit_.job.layout.memory(memory) +
                                     offsetof(MemorySlot, state));
}

/// Where the popped address and the instruction's offset lead.
llvm::Value *FunctionTranslator::address(uint32_t bytes) {
  llvm::Value *place = popIndex(false);
  if (now_.bits != 0) // two sums of 32 bits each
    place = b_.CreateAdd(place, b_.getInt64(now_.bits), "", true, true);
  if (unit_.job.options.bounds == Bounds::Dense) {
    llvm::Value *size = unit_.loadState(
        unit_.i64,
        unit_.fieldAddress(memoryState(0), offsetof(MemoryState, bytes)));
    llvm::Value *end = b_.CreateAdd(place, b_.getInt64(bytes), "", true, true);
    trapIf(b_.CreateICmpUGT(end, size), TrapKind::OutOfBoundsMemory);
  }
  return b_.CreateGEP(unit_.i8, memoryBases_[0], place);
}

llvm::Value *FunctionTranslator::load(llvm::Type *type) {
  auto bytes = static_cast<uint32_t>(type->getPrimitiveSizeInBits() / 8);
  llvm::LoadInst *value = b_.CreateAlignedLoad(
      type, address(bytes), llvm::Align(1), /*isVolatile=*/true);
  value->setMetadata(llvm::LLVMContext::MD_tbaa, unit_.linearMemory);
  return value;
}

void FunctionTranslator::store(llvm::Type *type) {
  llvm::Value *value = pop();
  if (value->getType()->isIntegerTy())
    value = b_.CreateTrunc(value, type);
  auto bytes = static_cast<uint32_t>(type->getPrimitiveSizeInBits() / 8);
  llvm::StoreInst *done = b_.CreateAlignedStore(
      value, address(bytes), llvm::Align(1), /*isVolatile=*/true);
  done->setMetadata(llvm::LLVMContext::MD_tbaa, unit_.linearMemory);
}

} // namespace rune::engine::llvm_tier
