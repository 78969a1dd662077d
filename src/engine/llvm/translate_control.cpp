// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Blocks and branches (core 2.0, section 4.4.8). A block that is never branched
// to has no predecessor, and the code behind it stays unreachable.
#include "engine/llvm/function_translator.h"
#include "engine/llvm/short_loops.h"

namespace rune::engine::llvm_tier {

using wasm::Opcode;

bool FunctionTranslator::translateControl() {
  switch (now_.opcode) {
  case Opcode::Unreachable:
    b_.CreateBr(trapBlock(TrapKind::Unreachable));
    reachable_ = false;
    return true;
  case Opcode::Nop:
    return true;
  case Opcode::Block:
    openBlock();
    return true;
  case Opcode::Loop:
    openLoop();
    return true;
  case Opcode::If:
    openIf();
    return true;
  case Opcode::Else:
    middleOfIf();
    return true;
  case Opcode::End:
    closeBlock();
    return true;
  case Opcode::Br:
    branch(now_.index);
    return true;
  case Opcode::BrIf:
    branchIf(now_.index);
    return true;
  case Opcode::BrTable:
    branchTable();
    return true;
  case Opcode::Return:
    branch(static_cast<uint32_t>(labels_.size() - 1));
    return true;
  default:
    return false;
  }
}

wasm::FunctionType FunctionTranslator::blockType() const {
  switch (now_.block.kind) {
  case wasm::BlockType::Kind::Empty:
    return {};
  case wasm::BlockType::Kind::Value:
    return {{}, {now_.block.value}};
  case wasm::BlockType::Kind::Index:
    return module_.types[now_.block.index];
  }
  return {};
}

std::vector<llvm::PHINode *>
FunctionTranslator::makePhis(llvm::BasicBlock *block,
                             const std::vector<wasm::ValueType> &types) {
  llvm::IRBuilder<>::InsertPointGuard guard(b_);
  b_.SetInsertPoint(block);
  std::vector<llvm::PHINode *> phis;
  for (wasm::ValueType type : types)
    phis.push_back(b_.CreatePHI(unit_.typeOf(type), 2));
  return phis;
}

void FunctionTranslator::openBlock() {
  wasm::FunctionType type = blockType();
  llvm::BasicBlock *end = newBlock();
  labels_.push_back({Opcode::Block,
                     end,
                     makePhis(end, type.results),
                     end,
                     nullptr,
                     {},
                     operands_.size() - type.parameters.size()});
}

void FunctionTranslator::openLoop() {
  wasm::FunctionType type = blockType();
  llvm::BasicBlock *head = newBlock();
  Label loop{
      Opcode::Loop, head, makePhis(head, type.parameters), nullptr, nullptr,
      {},           0};
  carry(loop);
  b_.CreateBr(head);
  b_.SetInsertPoint(head);
  operands_.resize(operands_.size() - type.parameters.size());
  loop.height = operands_.size();
  operands_.insert(operands_.end(), loop.carried.begin(), loop.carried.end());
  labels_.push_back(std::move(loop));
  pollDeadline();
}

void FunctionTranslator::openIf() {
  llvm::Value *condition = popCondition();
  wasm::FunctionType type = blockType();
  llvm::BasicBlock *then = newBlock(), *otherwise = newBlock(),
                   *end = newBlock();
  b_.CreateCondBr(condition, then, otherwise);
  b_.SetInsertPoint(then);
  auto first = operands_.end() - static_cast<ptrdiff_t>(type.parameters.size());
  labels_.push_back({Opcode::If, end, makePhis(end, type.results), end,
                     otherwise, Values(first, operands_.end()),
                     operands_.size() - type.parameters.size()});
}

void FunctionTranslator::middleOfIf() {
  Label &open = labels_.back();
  if (reachable_) {
    carry(open);
    b_.CreateBr(open.end);
  }
  operands_.resize(open.height);
  operands_.insert(operands_.end(), open.parameters.begin(),
                   open.parameters.end());
  b_.SetInsertPoint(open.otherwise);
  open.otherwise = nullptr;
  reachable_ = true;
}

void FunctionTranslator::closeBlock() {
  if (labels_.back().otherwise) // `if` without `else` gives its parameters
    middleOfIf();
  Label closed = std::move(labels_.back());
  labels_.pop_back();
  if (closed.end == nullptr) // what a loop gives is what lies on the stack
    return;
  if (reachable_) {
    labels_.push_back(closed);
    carry(labels_.back());
    labels_.pop_back();
    b_.CreateBr(closed.end);
  }
  reachable_ = !closed.end->use_empty();
  operands_.resize(closed.height);
  if (!reachable_) {
    closed.end->eraseFromParent();
    return;
  }
  b_.SetInsertPoint(closed.end);
  operands_.insert(operands_.end(), closed.carried.begin(),
                   closed.carried.end());
  if (labels_.empty())
    returnResults();
}

/// Set by the watch when the deadline has passed, and only then: behind it
/// there is no way back, so the loop keeps nothing for it.
void FunctionTranslator::pollDeadline() {
  llvm::LoadInst *flag =
      b_.CreateLoad(unit_.i32,
                    unit_.fieldAddress(unit_.storeState(context_),
                                       offsetof(StoreState, interrupt)),
                    /*isVolatile=*/true);
  flag->setMetadata(llvm::LLVMContext::MD_tbaa, unit_.instanceState);
  markPoll(flag);
  trapIf(b_.CreateICmpNE(flag, b_.getInt32(0)), TrapKind::DeadlineExceeded);
}

void FunctionTranslator::chargeFuel() {
  if (!unit_.job.options.fuel)
    return;
  llvm::Value *place = unit_.fieldAddress(unit_.storeState(context_),
                                          offsetof(StoreState, fuel));
  llvm::Value *left =
      b_.CreateSub(unit_.loadState(unit_.i64, place), b_.getInt64(1));
  unit_.writeState(left, place);
  trapIf(b_.CreateICmpSLT(left, b_.getInt64(0)), TrapKind::OutOfFuel);
}

/// The top operands flow along an edge from here, one phi each.
void FunctionTranslator::carry(Label &target) {
  size_t count = target.carried.size();
  for (size_t i = 0; i < count; ++i)
    target.carried[i]->addIncoming(operands_[operands_.size() - count + i],
                                   b_.GetInsertBlock());
}

llvm::BasicBlock *FunctionTranslator::edge(uint32_t depth) {
  Label &target = label(depth);
  if (!unit_.job.options.fuel || target.opcode != Opcode::Loop) {
    carry(target);
    return target.branch;
  }
  llvm::IRBuilder<>::InsertPointGuard guard(b_);
  llvm::BasicBlock *block = newBlock();
  b_.SetInsertPoint(block);
  chargeFuel();
  carry(target);
  b_.CreateBr(target.branch);
  return block;
}

void FunctionTranslator::branch(uint32_t depth) {
  b_.CreateBr(edge(depth));
  reachable_ = false;
}

void FunctionTranslator::branchIf(uint32_t depth) {
  llvm::Value *condition = popCondition();
  llvm::BasicBlock *next = newBlock();
  b_.CreateCondBr(condition, edge(depth), next);
  b_.SetInsertPoint(next);
}

void FunctionTranslator::branchTable() {
  llvm::Value *chosen = pop();
  uint32_t standard = now_.labels.back();
  auto count = static_cast<uint32_t>(now_.labels.size() - 1);
  llvm::SwitchInst *table = b_.CreateSwitch(chosen, edge(standard), count);
  for (uint32_t i = 0; i < count; ++i)
    if (now_.labels[i] != standard)
      table->addCase(b_.getInt32(i), edge(now_.labels[i]));
  reachable_ = false;
}

/// The first result is returned, the others are left in the context.
void FunctionTranslator::returnResults() {
  for (uint32_t i = 1; i < type_.results.size(); ++i)
    unit_.writeState(operands_[i], unit_.resultAddress(context_, i));
  if (type_.results.empty())
    b_.CreateRetVoid();
  else
    b_.CreateRet(operands_[0]);
}

} // namespace rune::engine::llvm_tier
