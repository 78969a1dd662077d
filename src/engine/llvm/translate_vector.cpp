// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Vectors as a whole: memory, lanes, bits (core 2.0, section 4.4.3). Between
// instructions a v128 is <4 x i32>; each instruction reads it as the lanes that
// it needs, which costs nothing.
#include "engine/llvm/function_translator.h"

#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/IntrinsicsAArch64.h>
#include <llvm/IR/IntrinsicsX86.h>

#include <numeric>

namespace rune::engine::llvm_tier {

using wasm::Opcode;

bool FunctionTranslator::translateVector() {
  return translateVectorMemory() || translateVectorLanes() ||
         translateVectorInteger() || translateVectorFloat() ||
         translateVectorRelaxed();
}

/// As many lanes of this type as a v128 has.
llvm::VectorType *FunctionTranslator::lanes(llvm::Type *type) const {
  return llvm::FixedVectorType::get(
      type, 128 / static_cast<unsigned>(type->getPrimitiveSizeInBits()));
}

static unsigned laneCount(llvm::Value *vector) {
  return llvm::cast<llvm::FixedVectorType>(vector->getType())->getNumElements();
}

llvm::Value *FunctionTranslator::half(llvm::Value *vector, bool high) {
  std::vector<int> chosen(laneCount(vector) / 2);
  std::iota(chosen.begin(), chosen.end(),
            high ? static_cast<int>(chosen.size()) : 0);
  return b_.CreateShuffleVector(vector, chosen);
}

/// Lanes of twice the width.
llvm::Value *FunctionTranslator::widened(llvm::Value *vector, bool isSigned) {
  auto *type = llvm::VectorType::getExtendedElementVectorType(
      llvm::cast<llvm::VectorType>(vector->getType()));
  return isSigned ? b_.CreateSExt(vector, type) : b_.CreateZExt(vector, type);
}

/// Every second lane.
llvm::Value *FunctionTranslator::alternate(llvm::Value *vector,
                                           unsigned first) {
  std::vector<int> chosen;
  for (unsigned i = first; i < laneCount(vector); i += 2)
    chosen.push_back(static_cast<int>(i));
  return b_.CreateShuffleVector(vector, chosen);
}

/// Zeros in as many lanes above.
llvm::Value *FunctionTranslator::withZeros(llvm::Value *vector) {
  std::vector<int> all(laneCount(vector) * size_t{2});
  std::iota(all.begin(), all.end(), 0);
  return b_.CreateShuffleVector(
      vector, llvm::Constant::getNullValue(vector->getType()), all);
}

bool FunctionTranslator::translateVectorMemory() {
  auto extended = [&](llvm::Type *lane, bool isSigned) {
    unsigned count = 64 / lane->getIntegerBitWidth();
    llvm::Value *narrow = b_.CreateBitCast(
        load(unit_.i64), llvm::FixedVectorType::get(lane, count));
    pushVector(widened(narrow, isSigned));
    return true;
  };
  auto splat = [&](llvm::Type *lane) {
    pushVector(
        b_.CreateVectorSplat(128 / lane->getIntegerBitWidth(), load(lane)));
    return true;
  };
  auto zeroed = [&](llvm::Type *lane) {
    llvm::Value *zero = llvm::Constant::getNullValue(lanes(lane));
    pushVector(b_.CreateInsertElement(zero, load(lane), uint64_t{0}));
    return true;
  };
  auto loadLane = [&](llvm::Type *lane) {
    llvm::Value *vector = popAs(lanes(lane));
    pushVector(b_.CreateInsertElement(vector, load(lane), uint64_t{now_.lane}));
    return true;
  };
  auto storeLane = [&](llvm::Type *lane) {
    llvm::Value *vector = popAs(lanes(lane));
    store(b_.CreateExtractElement(vector, uint64_t{now_.lane}));
    return true;
  };

  switch (now_.opcode) {
  case Opcode::V128Load:
    push(load(unit_.v128));
    return true;
  case Opcode::V128Store:
    store(pop());
    return true;
  case Opcode::V128Load8x8S:
    return extended(unit_.i8, true);
  case Opcode::V128Load8x8U:
    return extended(unit_.i8, false);
  case Opcode::V128Load16x4S:
    return extended(unit_.i16, true);
  case Opcode::V128Load16x4U:
    return extended(unit_.i16, false);
  case Opcode::V128Load32x2S:
    return extended(unit_.i32, true);
  case Opcode::V128Load32x2U:
    return extended(unit_.i32, false);
  case Opcode::V128Load8Splat:
    return splat(unit_.i8);
  case Opcode::V128Load16Splat:
    return splat(unit_.i16);
  case Opcode::V128Load32Splat:
    return splat(unit_.i32);
  case Opcode::V128Load64Splat:
    return splat(unit_.i64);
  case Opcode::V128Load32Zero:
    return zeroed(unit_.i32);
  case Opcode::V128Load64Zero:
    return zeroed(unit_.i64);
  case Opcode::V128Load8Lane:
    return loadLane(unit_.i8);
  case Opcode::V128Load16Lane:
    return loadLane(unit_.i16);
  case Opcode::V128Load32Lane:
    return loadLane(unit_.i32);
  case Opcode::V128Load64Lane:
    return loadLane(unit_.i64);
  case Opcode::V128Store8Lane:
    return storeLane(unit_.i8);
  case Opcode::V128Store16Lane:
    return storeLane(unit_.i16);
  case Opcode::V128Store32Lane:
    return storeLane(unit_.i32);
  case Opcode::V128Store64Lane:
    return storeLane(unit_.i64);
  default:
    return false;
  }
}

bool FunctionTranslator::translateVectorLanes() {
  auto splat = [&](llvm::Type *lane) {
    llvm::Value *value = pop();
    if (lane->isIntegerTy())
      value = b_.CreateTrunc(value, lane);
    auto *type = llvm::cast<llvm::FixedVectorType>(lanes(lane));
    pushVector(b_.CreateVectorSplat(type->getNumElements(), value));
    return true;
  };
  auto extract = [&](llvm::Type *lane, bool isSigned) {
    llvm::Value *value =
        b_.CreateExtractElement(popAs(lanes(lane)), uint64_t{now_.lane});
    if (lane == unit_.i8 || lane == unit_.i16)
      value = isSigned ? b_.CreateSExt(value, unit_.i32)
                       : b_.CreateZExt(value, unit_.i32);
    push(value);
    return true;
  };
  auto replace = [&](llvm::Type *lane) {
    llvm::Value *value = pop();
    if (lane->isIntegerTy())
      value = b_.CreateTrunc(value, lane);
    pushVector(
        b_.CreateInsertElement(popAs(lanes(lane)), value, uint64_t{now_.lane}));
    return true;
  };

  switch (now_.opcode) {
  case Opcode::V128Const:
    pushVector(llvm::ConstantDataVector::get(
        unit_.context,
        llvm::ArrayRef<uint8_t>(now_.bytes.data(), now_.bytes.size())));
    return true;
  case Opcode::I8x16Shuffle: {
    llvm::Value *b = popAs(lanes(unit_.i8)), *a = popAs(lanes(unit_.i8));
    std::vector<int> chosen(now_.bytes.begin(), now_.bytes.end());
    pushVector(b_.CreateShuffleVector(a, b, chosen));
    return true;
  }
  case Opcode::I8x16Swizzle: {
    llvm::Value *indices = popAs(lanes(unit_.i8));
    pushVector(swizzle(popAs(lanes(unit_.i8)), indices));
    return true;
  }
  case Opcode::I8x16Splat:
    return splat(unit_.i8);
  case Opcode::I16x8Splat:
    return splat(unit_.i16);
  case Opcode::I32x4Splat:
    return splat(unit_.i32);
  case Opcode::I64x2Splat:
    return splat(unit_.i64);
  case Opcode::F32x4Splat:
    return splat(unit_.f32);
  case Opcode::F64x2Splat:
    return splat(unit_.f64);
  case Opcode::I8x16ExtractLaneS:
    return extract(unit_.i8, true);
  case Opcode::I8x16ExtractLaneU:
    return extract(unit_.i8, false);
  case Opcode::I16x8ExtractLaneS:
    return extract(unit_.i16, true);
  case Opcode::I16x8ExtractLaneU:
    return extract(unit_.i16, false);
  case Opcode::I32x4ExtractLane:
    return extract(unit_.i32, false);
  case Opcode::I64x2ExtractLane:
    return extract(unit_.i64, false);
  case Opcode::F32x4ExtractLane:
    return extract(unit_.f32, false);
  case Opcode::F64x2ExtractLane:
    return extract(unit_.f64, false);
  case Opcode::I8x16ReplaceLane:
    return replace(unit_.i8);
  case Opcode::I16x8ReplaceLane:
    return replace(unit_.i16);
  case Opcode::I32x4ReplaceLane:
    return replace(unit_.i32);
  case Opcode::I64x2ReplaceLane:
    return replace(unit_.i64);
  case Opcode::F32x4ReplaceLane:
    return replace(unit_.f32);
  case Opcode::F64x2ReplaceLane:
    return replace(unit_.f64);
  default:
    return false;
  }
}

/// bytes[indices[i]], or 0 where there is no such lane.
llvm::Value *FunctionTranslator::swizzle(llvm::Value *bytes,
                                         llvm::Value *indices) {
  llvm::VectorType *type = lanes(unit_.i8);
  auto all = [&](uint64_t value) {
    return llvm::ConstantInt::get(type, value);
  };
  switch (unit_.job.options.target.family) {
  case machine::Family::X86_64: // a set top bit gives 0
    return b_.CreateIntrinsic(
        llvm::Intrinsic::x86_ssse3_pshuf_b_128, {},
        {bytes, b_.CreateBinaryIntrinsic(llvm::Intrinsic::uadd_sat, indices,
                                         all(0x70))});
  case machine::Family::AArch64:
    return b_.CreateIntrinsic(llvm::Intrinsic::aarch64_neon_tbl1, {type},
                              {bytes, indices});
  default:
    break;
  }
  llvm::Value *inside = b_.CreateICmpULT(indices, all(16));
  llvm::Value *low = b_.CreateAnd(indices, all(15));
  llvm::Value *result = llvm::Constant::getNullValue(type);
  for (uint64_t i = 0; i < 16; ++i)
    result = b_.CreateInsertElement(
        result, b_.CreateExtractElement(bytes, b_.CreateExtractElement(low, i)),
        i);
  return b_.CreateSelect(inside, result, llvm::Constant::getNullValue(type));
}

} // namespace rune::engine::llvm_tier
