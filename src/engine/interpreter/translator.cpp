// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The operands and the straight code; control is in translate_control.cpp.
#include "engine/interpreter/translator.h"

#include <algorithm>

namespace rune::engine {

using wasm::Opcode;

static uint32_t low(uint64_t bits) { return static_cast<uint32_t>(bits); }
static uint32_t high(uint64_t bits) {
  return static_cast<uint32_t>(bits >> 32);
}

static uint32_t localCount(const wasm::FunctionBody &body) {
  uint32_t count = 0;
  for (const wasm::LocalRun &run : body.locals)
    count += run.count;
  return count;
}

Translator::Translator(const wasm::Module &module, uint32_t function)
    : module_(module), reader_(module.body(function).code, nullptr,
                               module.body(function).offset, true),
      parameters_(module.functionType(function).parameters.size()),
      results_(module.functionType(function).results.size()),
      locals_(parameters_ + localCount(module.body(function))) {
  words_.reserve(module.body(function).code.size());
}

Code Translator::run() && {
  blocks_.push_back({Opcode::Block, 0, 0, results_, 0});
  while (!blocks_.empty()) {
    auto read = wasm::readInstruction(reader_, instruction_);
    RUNE_CHECK(read.ok(), "the module was validated");
    translate();
  }
  words_.shrink_to_fit();
  Code code;
  code.words = std::move(words_);
  code.frameSlots = std::max(locals_ + highest_, results_);
  code.parameters = parameters_;
  code.locals = locals_ - parameters_;
  return code;
}

Code translate(const wasm::Module &module, uint32_t function) {
  return Translator(module, function).run();
}

// Operands.

void Translator::push(Operand operand) {
  if (operand.kind == Operand::Kind::Slot && settled_ == height())
    ++settled_;
  operands_.push_back(operand);
  highest_ = std::max(highest_, height());
}

void Translator::pushSlots(uint32_t count) {
  for (uint32_t i = 0; i < count; ++i)
    push({});
}

Translator::Operand Translator::pop() {
  Operand top = operands_.back();
  operands_.pop_back();
  settled_ = std::min(settled_, height());
  return top;
}

void Translator::store(const Operand &operand, uint32_t slot) {
  if (operand.kind == Operand::Kind::Constant)
    emitConstant(slot, operand.value);
  else
    emit(Op::Copy, {slot, low(operand.value)});
}

uint32_t Translator::slotOf(const Operand &operand, uint32_t position) {
  if (operand.kind == Operand::Kind::Local)
    return low(operand.value);
  if (operand.kind == Operand::Kind::Constant)
    emitConstant(slotAt(position), operand.value);
  return slotAt(position);
}

void Translator::settle(uint32_t position) {
  Operand &operand = operands_[position];
  if (operand.kind == Operand::Kind::Slot)
    return;
  store(operand, slotAt(position));
  operand = {};
}

void Translator::settleAll() {
  for (; settled_ < height(); ++settled_)
    settle(settled_);
}

void Translator::settleTop(uint32_t count) {
  for (uint32_t i = height() - count; i < height(); ++i)
    settle(i);
}

void Translator::settleLocal(uint32_t local) {
  // Searching costs at most this much per instruction, however deep a stranger
  // makes the stack; storing costs once per operand.
  constexpr uint32_t searched = 16;
  if (height() - settled_ > searched)
    return settleAll();
  for (uint32_t i = settled_; i < height(); ++i)
    if (operands_[i].kind == Operand::Kind::Local &&
        operands_[i].value == local)
      settle(i);
}

void Translator::resetTo(uint32_t height, uint32_t count) {
  operands_.resize(height);
  settled_ = std::min(settled_, height);
  pushSlots(count);
}

// Words.

void Translator::emit(Op op, std::initializer_list<uint32_t> words) {
  last_ = none;
  words_.push_back(static_cast<uint32_t>(op));
  words_.insert(words_.end(), words);
}

void Translator::emitResult(Op op, std::initializer_list<uint32_t> words) {
  uint32_t at = here();
  words_.push_back(static_cast<uint32_t>(op));
  words_.push_back(slotAt(height()));
  words_.insert(words_.end(), words);
  last_ = at;
  push({});
}

void Translator::emitConstant(uint32_t slot, uint64_t bits) {
  emit(Op::Const, {slot, low(bits), high(bits)});
}

// Straight code.

template <class T> void Translator::binary(Op op, Op withConstant) {
  Operand b = pop();
  Operand a = pop();
  uint32_t slotA = slotOf(a, height());
  if (b.kind != Operand::Kind::Constant)
    emitResult(op, {slotA, slotOf(b, height() + 1)});
  else if (sizeof(T) == sizeof(uint32_t))
    emitResult(withConstant, {slotA, low(b.value)});
  else
    emitResult(withConstant, {slotA, low(b.value), high(b.value)});
}

void Translator::unary(Op op) {
  Operand a = pop();
  emitResult(op, {slotOf(a, height())});
}

void Translator::load(Op op) {
  Operand a = pop();
  emitResult(op, {slotOf(a, height()), low(instruction_.bits)});
}

void Translator::store(Op op) {
  Operand value = pop();
  Operand address = pop();
  uint32_t slotA = slotOf(address, height());
  emit(op, {slotA, slotOf(value, height() + 1), low(instruction_.bits)});
}

static Op inverseCompare(Op op) {
  switch (op) {
#define RUNE_COMPARE(name, type, expression, inverse)                          \
  case Op::name:                                                               \
    return Op::inverse;                                                        \
  case Op::name##Imm:                                                          \
    return Op::inverse##Imm;
#include "engine/interpreter/numeric.def"
  default:
    return op;
  }
}

/// x == 0; of a compare just made, its inverse.
void Translator::equalZero(Op compare, bool wide) {
  Operand a = pop();
  if (last_ != none && a.kind == Operand::Kind::Slot &&
      words_[last_ + 1] == slotAt(height())) {
    Op last = static_cast<Op>(words_[last_]);
    if (Op inverse = inverseCompare(last); inverse != last) {
      words_[last_] = static_cast<uint32_t>(inverse);
      return push({});
    }
  }
  uint32_t slotA = slotOf(a, height());
  if (wide)
    emitResult(compare, {slotA, 0, 0});
  else
    emitResult(compare, {slotA, 0});
}

void Translator::select() {
  Operand condition = pop();
  Operand b = pop();
  Operand a = pop();
  uint32_t slotA = slotOf(a, height());
  uint32_t slotB = slotOf(b, height() + 1);
  uint32_t slotCondition = slotOf(condition, height() + 2);
  emitResult(Op::Select, {slotA, slotB, slotCondition});
}

void Translator::localSet(uint32_t local) {
  Operand value = pop();
  if (value.kind == Operand::Kind::Local && value.value == local)
    return;
  uint32_t before = here();
  uint32_t last = last_;
  settleLocal(local);
  if (value.kind != Operand::Kind::Slot)
    return store(value, local);
  if (last != none && before == here() &&
      words_[last + 1] == slotAt(height())) {
    words_[last + 1] = local;
    last_ = none;
    return;
  }
  emit(Op::Copy, {local, slotAt(height())});
}

void Translator::bulk(Op op, std::initializer_list<uint32_t> immediates) {
  settleTop(3);
  resetTo(height() - 3, 0);
  emit(op, {slotAt(height())});
  words_.insert(words_.end(), immediates);
}

void Translator::translate() {
  switch (instruction_.opcode) {
#define RUNE_COMPARE(name, type, expression, inverse)                          \
  RUNE_BINARY(name, type, uint32_t, expression)
#define RUNE_BINARY(name, type, result, expression)                            \
  case Opcode::name:                                                           \
    return binary<type>(Op::name, Op::name##Imm);
#define RUNE_TRAPPING_BINARY(name, type, function)                             \
  RUNE_BINARY(name, type, type, function)
#define RUNE_UNARY(name, type, result, expression)                             \
  case Opcode::name:                                                           \
    return unary(Op::name);
#define RUNE_TRAPPING_UNARY(name, type, result, function)                      \
  RUNE_UNARY(name, type, result, function)
#define RUNE_LOAD(name, memory, result)                                        \
  case Opcode::name:                                                           \
    return load(Op::name);
#define RUNE_STORE(name, memory, operand)                                      \
  case Opcode::name:                                                           \
    return store(Op::name);
#include "engine/interpreter/numeric.def"
  default:
    return translateSpecial();
  }
}

void Translator::translateSpecial() {
  const uint32_t index = instruction_.index;
  switch (instruction_.opcode) {
  case Opcode::Nop:
    return;
  case Opcode::Unreachable:
    emit(Op::Unreachable, {});
    return setUnreachable();
  case Opcode::Block:
  case Opcode::Loop:
  case Opcode::If:
    return openBlock();
  case Opcode::Else:
    return elseBlock();
  case Opcode::End:
    return endBlock();
  case Opcode::Br:
    return branch(index);
  case Opcode::BrIf:
    return branchIf(index);
  case Opcode::BrTable:
    return branchTable();
  case Opcode::Return:
    return returnNow();
  case Opcode::Call:
    return call();
  case Opcode::CallIndirect:
    return callIndirect();
  case Opcode::RefNull:
    return push({Operand::Kind::Constant, 0});
  case Opcode::RefFunc:
    // References are indices, counted from 1.
    return push({Operand::Kind::Constant, uint64_t{index} + 1});
  case Opcode::RefIsNull:
    return unary(Op::RefIsNull);
  case Opcode::Drop:
    pop();
    return;
  case Opcode::Select:
  case Opcode::SelectTyped:
    return select();
  case Opcode::LocalGet:
    return push({Operand::Kind::Local, index});
  case Opcode::LocalSet:
    return localSet(index);
  case Opcode::LocalTee:
    localSet(index);
    return push({Operand::Kind::Local, index});
  case Opcode::GlobalGet:
    return emitResult(Op::GlobalGet, {index});
  case Opcode::GlobalSet: {
    Operand value = pop();
    return emit(Op::GlobalSet, {index, slotOf(value, height())});
  }
  case Opcode::I32Const:
  case Opcode::I64Const:
  case Opcode::F32Const:
  case Opcode::F64Const:
    return push({Operand::Kind::Constant, instruction_.bits});
  case Opcode::I32Eqz:
    return equalZero(Op::I32EqImm, false);
  case Opcode::I64Eqz:
    return equalZero(Op::I64EqImm, true);
  case Opcode::TableGet: {
    Operand at = pop();
    return emitResult(Op::TableGet, {slotOf(at, height()), index});
  }
  case Opcode::TableSet: {
    Operand value = pop();
    Operand at = pop();
    uint32_t slotA = slotOf(at, height());
    return emit(Op::TableSet, {slotA, slotOf(value, height() + 1), index});
  }
  case Opcode::TableSize:
    return emitResult(Op::TableSize, {index});
  case Opcode::TableGrow:
    settleTop(2);
    resetTo(height() - 2, 0);
    emit(Op::TableGrow, {slotAt(height()), index});
    return pushSlots(1);
  case Opcode::TableFill:
    return bulk(Op::TableFill, {index});
  case Opcode::TableCopy:
    return bulk(Op::TableCopy, {index, instruction_.secondIndex});
  case Opcode::TableInit:
    return bulk(Op::TableInit, {instruction_.secondIndex, index});
  case Opcode::ElemDrop:
    return emit(Op::ElemDrop, {index});
  case Opcode::MemorySize:
    return emitResult(Op::MemorySize, {});
  case Opcode::MemoryGrow:
    return unary(Op::MemoryGrow);
  case Opcode::MemoryFill:
    return bulk(Op::MemoryFill, {});
  case Opcode::MemoryCopy:
    return bulk(Op::MemoryCopy, {});
  case Opcode::MemoryInit:
    return bulk(Op::MemoryInit, {index});
  case Opcode::DataDrop:
    return emit(Op::DataDrop, {index});
  default:
    RUNE_CHECK(false, "an instruction without translation");
  }
}

} // namespace rune::engine
