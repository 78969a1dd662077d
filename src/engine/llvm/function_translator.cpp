// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/llvm/function_translator.h"

#include "engine/mutation.h"

#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/Intrinsics.h>

namespace rune::engine::llvm_tier {

using wasm::Opcode;

FunctionTranslator::FunctionTranslator(Unit &unit, uint32_t function)
    : unit_(unit), module_(unit.job.module), b_(unit.builder), index_(function),
      type_(module_.functionType(function)), function_(unit.function(function)),
      reader_(module_.body(function).code, nullptr,
              module_.body(function).offset, true) {}

Result<> FunctionTranslator::run() {
  begin();
  while (!labels_.empty())
    RUNE_TRY(step());
  return {};
}

void FunctionTranslator::begin() {
  b_.SetInsertPoint(newBlock());
  context_ = function_->getArg(0);
  context_->setName("context");
  for (uint32_t i = 0; i < module_.memories.size(); ++i)
    memoryBases_.push_back(unit_.loadConstantField(unit_.pointer, context_,
                                                   unit_.job.layout.memory(i)));
  makeLocals();
  Label whole{Opcode::Block, newBlock(), {}, nullptr, nullptr, {}, 0};
  whole.end = whole.branch;
  whole.carried = makePhis(whole.branch, type_.results);
  labels_.push_back(std::move(whole));
  // What calls nothing ends: its frame is bounded. What has no loop either is
  // over at once; short loops may have no poll of their own (short_loops.h).
  const FunctionSurvey &survey =
      unit_.job.survey.functions[index_ - module_.importedFunctions];
  if (survey.calls)
    checkStack();
  if (survey.calls || survey.loops)
    pollDeadline();
  chargeFuel();
}

void FunctionTranslator::makeLocals() {
  auto add = [&](llvm::Type *type, llvm::Value *initial) {
    locals_.push_back({b_.CreateAlloca(type), type});
    b_.CreateStore(initial, locals_.back().place);
  };
  for (size_t i = 0; i < type_.parameters.size(); ++i) {
    llvm::Value *given = function_->getArg(static_cast<unsigned>(i + 1));
    add(given->getType(), given);
  }
  for (const wasm::LocalRun &run : module_.body(index_).locals) {
    llvm::Type *type = unit_.typeOf(run.type);
    for (uint32_t i = 0; i < run.count; ++i)
      add(type, llvm::Constant::getNullValue(type));
  }
}

/// The frame must lie above the limit, which leaves room for one frame more and
/// for the host.
void FunctionTranslator::checkStack() {
  llvm::Value *frame = b_.CreatePtrToInt(
      b_.CreateIntrinsic(unit_.pointer, llvm::Intrinsic::frameaddress,
                         {b_.getInt32(0)}),
      unit_.i64);
  llvm::Value *limit = unit_.loadField(unit_.i64, unit_.storeState(context_),
                                       offsetof(StoreState, stackLimit));
  trapIf(b_.CreateICmpULT(frame, limit), TrapKind::CallStackExhausted);
}

Result<> FunctionTranslator::charge(uint64_t work) {
  work_ += work;
  uint64_t most = unit_.job.options.limits.work;
  if (work_ > most)
    return error("engine.compile-limit",
                 "function {} becomes more than {} instructions and edges",
                 index_, most);
  return {};
}

Result<> FunctionTranslator::step() {
  RUNE_TRY(wasm::readInstruction(reader_, now_));
  if (!reachable_) {
    skipUnreachable();
    return {};
  }
  RUNE_TRY(charge(work()));
  implement(Tier::Machine, now_, module_, index_, [this] { translate(); });
  return {};
}

/// What the instruction becomes: one, and one more for each value that flows
/// along an edge, into a block, or into and out of a call.
uint64_t FunctionTranslator::work() {
  auto ofType = [](const wasm::FunctionType &type) -> uint64_t {
    return type.parameters.size() + type.results.size();
  };
  switch (now_.info->immediates) {
  case wasm::Immediates::Block:
    return 1 + ofType(blockType());
  case wasm::Immediates::Label:
    return 1 + label(now_.index).carried.size();
  case wasm::Immediates::Labels: {
    uint64_t all = 1;
    for (uint32_t depth : now_.labels)
      all += 1 + label(depth).carried.size();
    return all;
  }
  case wasm::Immediates::TypeTable:
    return 1 + ofType(module_.types[now_.index]);
  case wasm::Immediates::Function:
    return 1 + ofType(module_.functionType(now_.index));
  default:
    return 1 + (now_.opcode == Opcode::Return ? type_.results.size() : 0);
  }
}

void FunctionTranslator::skipUnreachable() {
  switch (now_.opcode) {
  case Opcode::Block:
  case Opcode::Loop:
  case Opcode::If:
    ++unreachableDepth_;
    break;
  case Opcode::Else:
    if (unreachableDepth_ == 0)
      middleOfIf();
    break;
  case Opcode::End:
    if (unreachableDepth_ == 0)
      closeBlock();
    else
      --unreachableDepth_;
    break;
  default:
    break;
  }
}

void FunctionTranslator::translate() {
  bool known = translateNumeric() || translateMemory() ||
               translateVariables() || translateControl() || translateCalls() ||
               translateConversion() || translateTable() || translateBulk() ||
               translateVector();
  RUNE_CHECK(known, "every instruction that validates is translated");
}

llvm::Value *FunctionTranslator::pop() {
  llvm::Value *value = operands_.back();
  operands_.pop_back();
  return value;
}

llvm::BasicBlock *FunctionTranslator::newBlock() {
  return llvm::BasicBlock::Create(unit_.context, "", function_);
}

llvm::Value *FunctionTranslator::popCondition() {
  return b_.CreateICmpNE(pop(), b_.getInt32(0));
}

void FunctionTranslator::trapIf(llvm::Value *condition, TrapKind kind) {
  llvm::BasicBlock *next = newBlock();
  b_.CreateCondBr(condition, trapBlock(kind), next, unit_.unlikely);
  b_.SetInsertPoint(next);
}

llvm::BasicBlock *FunctionTranslator::trapBlock(TrapKind kind) {
  llvm::BasicBlock *&block = traps_[kind];
  if (!block) {
    llvm::IRBuilder<>::InsertPointGuard guard(b_);
    block = newBlock();
    b_.SetInsertPoint(block);
    unit_.callHelper(Helper::trap, context_,
                     {b_.getInt32(static_cast<uint32_t>(kind))});
    b_.CreateUnreachable();
  }
  return block;
}

/// The letter of a register that holds `type`, in inline assembly.
static const char *registerOf(const llvm::Type *type, machine::Family family) {
  if (type->isIntegerTy() || type->isPointerTy())
    return "=r,0";
  switch (family) {
  case machine::Family::X86_64:
    return "=x,0";
  case machine::Family::AArch64:
    return "=w,0";
  case machine::Family::RiscV64:
    return "=f,0";
  case machine::Family::Wasm32:
    break; // no code of modules is made for it
  }
  return "=r,0";
}

llvm::Value *FunctionTranslator::hidden(llvm::Value *value) {
  llvm::Type *type = value->getType();
  if (type->isVectorTy() &&
      unit_.job.options.target.family == machine::Family::RiscV64)
    return value; // vectors are taken apart there; no register holds one
  auto *code = llvm::InlineAsm::get(
      llvm::FunctionType::get(type, {type}, false), "",
      registerOf(type, unit_.job.options.target.family), false);
  llvm::CallInst *call = b_.CreateCall(code, {value});
  call->setDoesNotThrow();
  call->setDoesNotAccessMemory();
  return call;
}

} // namespace rune::engine::llvm_tier
