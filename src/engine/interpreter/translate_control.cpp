// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Blocks, branches and calls.
#include "engine/interpreter/translator.h"

namespace rune::engine {

using wasm::BlockType;
using wasm::Opcode;

/// The branch that a compare becomes, or the same op if it is none.
static Op branchOfCompare(Op op, bool whenTrue) {
  switch (op) {
#define RUNE_COMPARE(name, type, expression, inverse)                          \
  case Op::name:                                                               \
    return whenTrue ? Op::BrIf##name : Op::BrIf##inverse;                      \
  case Op::name##Imm:                                                          \
    return whenTrue ? Op::BrIf##name##Imm : Op::BrIf##inverse##Imm;
#include "engine/interpreter/numeric.def"
  default:
    return op;
  }
}

// Offsets.

/// While a label is unknown, the offset word holds the chain's previous one.
void Translator::linkOffset(uint32_t word, uint32_t &chain) {
  words_[word] = chain;
  chain = word;
}

void Translator::fillOffset(uint32_t word, Block &target,
                            uint32_t Block::*chain) {
  if (target.opcode == Opcode::Loop)
    words_[word] = target.start - word;
  else
    linkOffset(word, target.*chain);
}

void Translator::emitOffset(Block &target) {
  add(0);
  fillOffset(here() - 1, target, &Block::endChain);
}

void Translator::resolve(uint32_t &chain) {
  while (chain != none) {
    uint32_t word = chain;
    chain = words_[word];
    words_[word] = here() - word;
  }
  last_ = none;
}

// Blocks.

void Translator::openBlock() {
  const BlockType &type = instruction_.block;
  Block block{instruction_.opcode, blockParameters(module_, type),
              blockResults(module_, type)};
  bool isIf = block.opcode == Opcode::If;
  Operand condition = isIf ? pop() : Operand{};
  uint32_t position = height();
  block.height = position - static_cast<uint32_t>(block.parameters.size());
  settleAll();
  blocks_.push_back(block);
  if (isIf)
    branchOn(condition, position, false, blocks_.back(), &Block::elseChain);
  blocks_.back().start = here();
  last_ = none;
}

void Translator::elseBlock() {
  Block &block = blocks_.back();
  settleAll();
  emit(Op::Br, {});
  emitOffset(block);
  beginElse(block);
}

void Translator::beginElse(Block &block) {
  resolve(block.elseChain);
  block.opcode = Opcode::Else;
  resetTo(block.height, block.parameters);
}

void Translator::endBlock() {
  Block &block = blocks_.back();
  if (blocks_.size() == 1 && block.endChain == none) {
    emitReturn(static_cast<uint32_t>(type_.results.size()));
    blocks_.pop_back();
    return;
  }
  settleAll();
  closeBlock(block);
}

/// Here the block's results are in their slots on every path.
void Translator::closeBlock(Block &block) {
  resolve(block.elseChain);
  resolve(block.endChain);
  resetTo(block.height, block.results);
  if (blocks_.size() == 1)
    emitReturn(static_cast<uint32_t>(type_.results.size()));
  blocks_.pop_back();
}

/// Code that cannot run is not translated: on to the `else` or `end` that
/// closes the block.
void Translator::setUnreachable() {
  uint64_t open = 0;
  for (;;) {
    auto read = wasm::readInstruction(reader_, instruction_);
    RUNE_CHECK(read.ok(), "the module was validated");
    Opcode opcode = instruction_.opcode;
    if (open == 0 && (opcode == Opcode::Else || opcode == Opcode::End))
      break;
    if (instruction_.info->immediates == wasm::Immediates::Block)
      ++open;
    else if (opcode == Opcode::End)
      --open;
  }
  Block &block = blocks_.back();
  resetTo(block.height, {});
  if (instruction_.opcode == Opcode::Else)
    return beginElse(block);
  closeBlock(block);
}

// Branches.

bool Translator::inPlace(const Block &target) const {
  return target.arity() == 0 || height() - target.arity() == target.height;
}

void Translator::moveToLabel(const Block &target) {
  uint32_t count = target.arity();
  uint32_t from = height() - count;
  if (count == 1 && operands_[from].kind != Operand::Kind::Slot)
    return store(operands_[from], slotAt(target.height));
  settleTop(count);
  if (from == target.height || count == 0)
    return;
  if (count == 1)
    emit(operands_[from].wide ? Op::CopyWide : Op::Copy,
         {slotAt(target.height), slotAt(from)});
  else
    emit(Op::CopyMany, {slotAt(target.height), slotAt(from), count});
}

void Translator::branch(uint32_t depth) {
  if (depth + 1 == blocks_.size())
    return returnNow();
  moveToLabel(label(depth));
  emit(Op::Br, {});
  emitOffset(label(depth));
  setUnreachable();
}

void Translator::branchOn(Operand condition, uint32_t position, bool whenTrue,
                          Block &target, uint32_t Block::*chain) {
  if (justMade(condition, position)) {
    Op fused = branchOfCompare(lastOp_, whenTrue);
    if (fused != lastOp_) {
      setOp(last_, fused);
      fillOffset(last_ + 2, target, chain);
      last_ = none;
      return;
    }
  }
  uint32_t slot = slotOf(condition, position);
  emit(whenTrue ? Op::BrIf : Op::BrUnless, {0, slot});
  fillOffset(here() - 2, target, chain);
}

void Translator::branchIf(uint32_t depth) {
  Operand condition = pop();
  uint32_t position = height();
  Block &target = label(depth);
  if (inPlace(target)) {
    settleTop(target.arity());
    return branchOn(condition, position, true, target, &Block::endChain);
  }
  settleTop(target.arity());
  Block around{Opcode::Block, {}, {}};
  branchOn(condition, position, false, around, &Block::endChain);
  moveToLabel(target);
  emit(Op::Br, {});
  emitOffset(target);
  resolve(around.endChain);
}

void Translator::branchTable() {
  Operand index = pop();
  uint32_t slot = slotOf(index, height());
  uint32_t count = label(instruction_.labels.back()).arity();
  settleTop(count);
  uint32_t last = static_cast<uint32_t>(instruction_.labels.size() - 1);
  emit(Op::BrTable, {slot, last, slotAt(height() - count), count});
  for (uint32_t depth : instruction_.labels) {
    emitOffset(label(depth));
    add(slotAt(label(depth).height));
  }
  setUnreachable();
}

void Translator::emitReturn(uint32_t count) {
  if (count == 0)
    return emit(Op::Return, {});
  uint32_t from = height() - count;
  if (count == 1) {
    uint32_t slot = slotOf(operands_[from], from);
    return emit(operands_[from].wide ? Op::ReturnWide : Op::ReturnOne, {slot});
  }
  settleTop(count);
  emit(Op::ReturnMany, {slotAt(from), count});
}

void Translator::returnNow() {
  emitReturn(static_cast<uint32_t>(type_.results.size()));
  setUnreachable();
}

// Calls.

void Translator::passArguments(const wasm::FunctionType &type) {
  uint32_t count = static_cast<uint32_t>(type.parameters.size());
  settleTop(count);
  resetTo(height() - count, {});
}

void Translator::call() {
  InterpreterFunction *callee = instance_.function(instruction_.index);
  const wasm::FunctionType &type = module_.functionType(instruction_.index);
  bool isTail = instruction_.opcode == Opcode::ReturnCall;
  passArguments(type);
  emit(isTail                           ? Op::ReturnCall
       : callee->instance == &instance_ ? Op::Call
                                        : Op::CallImport,
       {});
  addPointer(callee);
  add(slotAt(height()));
  if (isTail)
    return setUnreachable();
  pushSlots(type.results);
}

void Translator::callIndirect() {
  const wasm::FunctionType &type = module_.types[instruction_.index];
  bool isTail = instruction_.opcode == Opcode::ReturnCallIndirect;
  Operand element = pop();
  uint32_t slot = slotOf(element, height());
  passArguments(type);
  emit(isTail ? Op::ReturnCallIndirect : Op::CallIndirect, {});
  addPointer(instance_.table(instruction_.secondIndex));
  add(instance_.typeId(instruction_.index));
  add(slotAt(height()));
  add(slot);
  if (isTail)
    return setUnreachable();
  pushSlots(type.results);
}

} // namespace rune::engine
