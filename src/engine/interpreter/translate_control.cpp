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

void Translator::emitOffset(Block &target) {
  uint32_t word = here();
  words_.push_back(0);
  if (target.opcode == Opcode::Loop)
    words_[word] = target.start - word;
  else
    linkOffset(word, target.endChain);
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
  Block block{instruction_.opcode, 0, 0, 0, 0};
  if (type.kind == BlockType::Kind::Value)
    block.results = 1;
  if (type.kind == BlockType::Kind::Index) {
    block.parameters = module_.types[type.index].parameters.size();
    block.results = module_.types[type.index].results.size();
  }
  bool isIf = block.opcode == Opcode::If;
  Operand condition = isIf ? pop() : Operand{};
  uint32_t position = height();
  block.height = position - block.parameters;
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
    emitReturn(results_);
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
    emitReturn(results_);
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
  resetTo(block.height, 0);
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
    emit(Op::Copy, {slotAt(target.height), slotAt(from)});
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
  if (last_ != none && condition.kind == Operand::Kind::Slot &&
      words_[last_ + 1] == slotAt(position)) {
    Op compare = static_cast<Op>(words_[last_]);
    Op fused = branchOfCompare(compare, whenTrue);
    if (fused != compare) {
      words_[last_] = static_cast<uint32_t>(fused);
      if (target.opcode == Opcode::Loop)
        words_[last_ + 1] = target.start - (last_ + 1);
      else
        linkOffset(last_ + 1, target.*chain);
      last_ = none;
      return;
    }
  }
  uint32_t slot = slotOf(condition, position);
  emit(whenTrue ? Op::BrIf : Op::BrUnless, {0, slot});
  uint32_t word = here() - 2;
  if (target.opcode == Opcode::Loop)
    words_[word] = target.start - word;
  else
    linkOffset(word, target.*chain);
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
  Block around{Opcode::Block, 0, 0, 0, 0};
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
    words_.push_back(slotAt(label(depth).height));
  }
  setUnreachable();
}

void Translator::emitReturn(uint32_t count) {
  if (count == 0)
    return emit(Op::Return, {});
  uint32_t from = height() - count;
  if (count == 1)
    return emit(Op::ReturnOne, {slotOf(operands_[from], from)});
  settleTop(count);
  emit(Op::ReturnMany, {slotAt(from), count});
}

void Translator::returnNow() {
  emitReturn(results_);
  setUnreachable();
}

// Calls.

void Translator::call() {
  uint32_t function = instruction_.index;
  const wasm::FunctionType &type = module_.functionType(function);
  uint32_t count = static_cast<uint32_t>(type.parameters.size());
  settleTop(count);
  resetTo(height() - count, 0);
  emit(module_.isImported(function) ? Op::CallHost : Op::Call,
       {function, slotAt(height())});
  pushSlots(static_cast<uint32_t>(type.results.size()));
}

void Translator::callIndirect() {
  const wasm::FunctionType &type = module_.types[instruction_.index];
  uint32_t count = static_cast<uint32_t>(type.parameters.size());
  Operand element = pop();
  uint32_t slot = slotOf(element, height());
  settleTop(count);
  resetTo(height() - count, 0);
  emit(Op::CallIndirect,
       {instruction_.secondIndex, instruction_.index, slotAt(height()), slot});
  pushSlots(static_cast<uint32_t>(type.results.size()));
}

} // namespace rune::engine
