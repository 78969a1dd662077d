// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The operands and the straight code; control is in translate_control.cpp.
#include "engine/interpreter/translator.h"

#include "engine/interpreter/handlers.h"
#include "engine/mutation.h"

#include <algorithm>

namespace rune::engine {

using wasm::Opcode;
using wasm::ValueType;

static uint32_t low(uint64_t bits) { return static_cast<uint32_t>(bits); }
static uint32_t high(uint64_t bits) {
  return static_cast<uint32_t>(bits >> 32);
}

Translator::Translator(const InterpreterInstance &instance, uint32_t function)
    : instance_(instance), module_(instance.module()), function_(function),
      reader_(module_.body(function).code, nullptr,
              module_.body(function).offset, true),
      type_(module_.functionType(function)) {
  reader_.setFeatures(module_.features);
  auto add = [&](uint32_t count, ValueType type) {
    bool wide = type == ValueType::V128;
    locals_ += count;
    hasWideLocals_ |= wide;
    localRuns_.push_back({locals_, wide});
  };
  for (ValueType parameter : type_.parameters)
    add(1, parameter);
  for (const wasm::LocalRun &run : module_.body(function).locals)
    add(run.count, run.type);
  words_.reserve(module_.body(function).code.size());
}

Code Translator::run() && {
  blocks_.push_back({Opcode::Block, {}, type_.results});
  while (!blocks_.empty()) {
    auto read = wasm::readInstruction(reader_, instruction_);
    RUNE_CHECK(read.ok(), "the module was validated");
    implement(Tier::Interpreter, instruction_, module_, function_,
              [this] { translate(); });
  }
  words_.shrink_to_fit();
  Code code;
  code.words = std::move(words_);
  uint32_t results = static_cast<uint32_t>(type_.results.size());
  code.frameSlots = std::max(locals_ + highest_, results);
  code.parameters = static_cast<uint32_t>(type_.parameters.size());
  code.locals = locals_ - code.parameters;
  return code;
}

Code translate(const InterpreterInstance &instance, uint32_t function) {
  return Translator(instance, function).run();
}

// Operands.

bool Translator::isWideLocal(uint32_t local) const {
  if (!hasWideLocals_)
    return false;
  return std::upper_bound(localRuns_.begin(), localRuns_.end(), local,
                          [](uint32_t wanted, const LocalsEnd &run) {
                            return wanted < run.end;
                          })
      ->wide;
}

void Translator::push(Operand operand) {
  if (operand.kind == Operand::Kind::Slot && settled_ == height())
    ++settled_;
  operands_.push_back(operand);
  highest_ = std::max(highest_, height());
}

void Translator::pushSlots(Types types) {
  for (ValueType type : types)
    push({Operand::Kind::Slot, type == ValueType::V128, 0});
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
    emit(operand.wide ? Op::CopyWide : Op::Copy,
         {slot, localSlot(operand.value)});
}

uint32_t Translator::slotOf(const Operand &operand, uint32_t position) {
  if (operand.kind == Operand::Kind::Local)
    return localSlot(operand.value);
  if (operand.kind == Operand::Kind::Constant)
    emitConstant(slotAt(position), operand.value);
  return slotAt(position);
}

void Translator::settle(uint32_t position) {
  Operand &operand = operands_[position];
  if (operand.kind == Operand::Kind::Slot)
    return;
  store(operand, slotAt(position));
  operand = {Operand::Kind::Slot, operand.wide, 0};
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

void Translator::resetTo(uint32_t height, Types types) {
  operands_.resize(height);
  settled_ = std::min(settled_, height);
  pushSlots(types);
}

// Words.

void Translator::add64(uint64_t bits) {
  add(low(bits));
  add(high(bits));
}

void Translator::setOp(uint32_t at, Op op) {
  HandlerAddress address = addressOf(op);
  std::copy(address.begin(), address.end(), words_.begin() + at);
}

void Translator::emit(Op op, Words words) {
  last_ = none;
  HandlerAddress address = addressOf(op);
  words_.insert(words_.end(), address.begin(), address.end());
  words_.insert(words_.end(), words);
}

void Translator::emitResult(Op op, Words words, bool wide) {
  uint32_t at = here();
  emit(op, {slotAt(height())});
  words_.insert(words_.end(), words);
  last_ = at;
  lastOp_ = op;
  push({Operand::Kind::Slot, wide, 0});
}

void Translator::emitConstant(uint32_t slot, uint64_t bits) {
  emit(Op::Const, {slot, low(bits), high(bits)});
}

// Straight code.

/// a + b, where b (or a, as long as b is a local) is a product or a shift that
/// the last instruction made.
bool Translator::fuseSum(Op sum, const Operand &a, const Operand &b) {
  bool isRight = a.kind != Operand::Kind::Constant && justMade(b, height() + 1);
  bool isLeft = b.kind == Operand::Kind::Local && justMade(a, height());
  if (!isRight && !isLeft)
    return false;
  Op fused;
  if (lastOp_ == Op::I32Mul && sum == Op::I32Add)
    fused = Op::I32MulAdd;
  else if (lastOp_ == Op::I32ShlImm && sum == Op::I32Add)
    fused = Op::I32ShlAdd;
  else if (lastOp_ == Op::F32Mul && sum == Op::F32Add)
    fused = Op::F32MulAdd;
  else if (lastOp_ == Op::F64Mul && sum == Op::F64Add)
    fused = Op::F64MulAdd;
  else
    return false;
  uint32_t x = words_[last_ + 3], y = words_[last_ + 4];
  takeBack();
  uint32_t other = isRight ? slotOf(a, height()) : slotOf(b, height() + 1);
  emitResult(fused, {other, x, y});
  return true;
}

template <class T> void Translator::binary(Op op, Op withConstant) {
  Operand b = pop();
  Operand a = pop();
  if (fuseSum(op, a, b))
    return;
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

/// As many operands as the signature has, and the immediates as they are.
void Translator::vector(Op op) {
  std::string_view signature = instruction_.info->signature;
  uint32_t count = static_cast<uint32_t>(signature.find(':'));
  bool wide = signature.back() == 'v';
  uint32_t slots[3] = {};
  Operand operands[3];
  for (uint32_t i = count; i-- > 0;)
    operands[i] = pop();
  for (uint32_t i = 0; i < count; ++i)
    slots[i] = slotOf(operands[i], height() + i);
  emitResult(op, {}, wide);
  words_.insert(words_.end(), slots, slots + count);
  if (instruction_.info->immediates == wasm::Immediates::Lane)
    add(instruction_.lane);
  if (instruction_.info->immediates == wasm::Immediates::Lanes ||
      instruction_.info->immediates == wasm::Immediates::V128)
    for (uint32_t word :
         std::bit_cast<std::array<uint32_t, 4>>(instruction_.bytes))
      add(word);
}

bool Translator::plainMemory() const {
  return instruction_.index == 0 &&
         module_.memories[0].address == ValueType::I32;
}

uint32_t Translator::address(const Operand &operand, uint32_t position) {
  bool wide = module_.memories[instruction_.index].address == ValueType::I64;
  uint32_t slot = slotOf(operand, position);
  emit(wide ? Op::Address64 : Op::Address32, {slotAt(position), slot});
  addPointer(instance_.memoryAt(instruction_.index));
  add64(instruction_.bits);
  add(1u << instruction_.info->naturalAlignment);
  return slotAt(position);
}

void Translator::load(Op op, Op sum, Op scaled, Op at) {
  Operand a = pop();
  if (!plainMemory())
    return emitResult(at, {address(a, height())});
  if (justMade(a, height()) && lastOp_ == Op::I32Add) {
    uint32_t x = words_[last_ + 3], y = words_[last_ + 4];
    takeBack();
    return emitResult(sum, {x, y, low(instruction_.bits)});
  }
  if (justMade(a, height()) && lastOp_ == Op::I32ShlAdd) {
    uint32_t x = words_[last_ + 3], y = words_[last_ + 4];
    uint32_t shift = words_[last_ + 5];
    takeBack();
    return emitResult(scaled, {x, y, shift, low(instruction_.bits)});
  }
  emitResult(op, {slotOf(a, height()), low(instruction_.bits)});
}

void Translator::vectorLoad(Op op, Op at) {
  Operand a = pop();
  if (!plainMemory())
    return emitResult(at, {address(a, height())}, true);
  emitResult(op, {slotOf(a, height()), low(instruction_.bits)}, true);
}

void Translator::store(Op op, Op at) {
  Operand value = pop();
  Operand to = pop();
  if (!plainMemory()) {
    uint32_t slotA = address(to, height());
    return emit(at, {slotA, slotOf(value, height() + 1)});
  }
  uint32_t slotA = slotOf(to, height());
  uint32_t slotB = slotOf(value, height() + 1);
  emit(op, {slotA, slotB, low(instruction_.bits)});
}

void Translator::loadLane(Op op) {
  Operand value = pop();
  Operand from = pop();
  uint32_t slotA = address(from, height());
  uint32_t slotB = slotOf(value, height() + 1);
  emitResult(op, {slotA, slotB, instruction_.lane}, true);
}

void Translator::storeLane(Op op) {
  Operand value = pop();
  Operand to = pop();
  uint32_t slotA = address(to, height());
  emit(op, {slotA, slotOf(value, height() + 1), instruction_.lane});
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
  if (justMade(a, height())) {
    if (Op inverse = inverseCompare(lastOp_); inverse != lastOp_) {
      setOp(last_, inverse);
      lastOp_ = inverse;
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
  emitResult(a.wide ? Op::SelectWide : Op::Select,
             {slotA, slotB, slotCondition}, a.wide);
}

void Translator::localSet(uint32_t local) {
  Operand value = pop();
  if (value.kind == Operand::Kind::Local && value.value == local)
    return;
  uint32_t before = here();
  uint32_t last = last_;
  settleLocal(local);
  if (value.kind != Operand::Kind::Slot)
    return store(value, localSlot(local));
  if (last != none && before == here() &&
      words_[last + 2] == slotAt(height())) {
    words_[last + 2] = localSlot(local);
    last_ = none;
    return;
  }
  emit(value.wide ? Op::CopyWide : Op::Copy,
       {localSlot(local), slotAt(height())});
}

void Translator::bulk(Op op) {
  settleTop(3);
  resetTo(height() - 3, {});
  emit(op, {slotAt(height())});
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
    return load(Op::name, Op::name##Sum, Op::name##Scaled, Op::name##At);
#define RUNE_STORE(name, memory, operand)                                      \
  case Opcode::name:                                                           \
    return store(Op::name, Op::name##At);
#include "engine/interpreter/numeric.def"
#define RUNE_TO_VECTOR(name)                                                   \
  case Opcode::name:                                                           \
    return vector(Op::name);
#define RUNE_LANES_1(name, from, to, expression) RUNE_TO_VECTOR(name)
#define RUNE_LANES_2(name, from, to, expression) RUNE_TO_VECTOR(name)
#define RUNE_LANES_3(name, from, to, expression) RUNE_TO_VECTOR(name)
#define RUNE_VECTOR_1(name, function) RUNE_TO_VECTOR(name)
#define RUNE_VECTOR_2(name, function) RUNE_TO_VECTOR(name)
#define RUNE_VECTOR_3(name, function) RUNE_TO_VECTOR(name)
#define RUNE_VECTOR_TEST(name, function) RUNE_TO_VECTOR(name)
#define RUNE_VECTOR_SHIFT(name, lane, expression) RUNE_TO_VECTOR(name)
#define RUNE_SPLAT(name, lane) RUNE_TO_VECTOR(name)
#define RUNE_EXTRACT(name, lane, result) RUNE_TO_VECTOR(name)
#define RUNE_REPLACE(name, lane) RUNE_TO_VECTOR(name)
#define RUNE_VECTOR_LOAD(name, memory, function)                               \
  case Opcode::name:                                                           \
    return vectorLoad(Op::name, Op::name##At);
#define RUNE_LOAD_LANE(name, lane)                                             \
  case Opcode::name:                                                           \
    return loadLane(Op::name);
#define RUNE_STORE_LANE(name, lane)                                            \
  case Opcode::name:                                                           \
    return storeLane(Op::name);
#include "engine/interpreter/vector.def"
    RUNE_TO_VECTOR(V128Const)
    RUNE_TO_VECTOR(I8x16Shuffle)
  case Opcode::V128Store:
    return store(Op::V128Store, Op::V128StoreAt);
  default:
    return translateMemory();
  }
}

void Translator::translateMemory() {
  const uint32_t index = instruction_.index;
  switch (instruction_.opcode) {
  case Opcode::MemorySize:
    emitResult(Op::MemorySize, {});
    return addPointer(instance_.memoryAt(index));
  case Opcode::MemoryGrow:
    unary(Op::MemoryGrow);
    return addPointer(instance_.memoryAt(index));
  case Opcode::MemoryFill:
    bulk(Op::MemoryFill);
    return addPointer(instance_.memoryAt(index));
  case Opcode::MemoryCopy:
    bulk(Op::MemoryCopy);
    addPointer(instance_.memoryAt(index));
    return addPointer(instance_.memoryAt(instruction_.secondIndex));
  case Opcode::MemoryInit:
    bulk(Op::MemoryInit);
    addPointer(instance_.memoryAt(instruction_.secondIndex));
    return add(index);
  case Opcode::DataDrop:
    return emit(Op::DataDrop, {index});
  default:
    return translateTable();
  }
}

void Translator::translateTable() {
  const uint32_t index = instruction_.index;
  switch (instruction_.opcode) {
  case Opcode::TableGet:
    unary(Op::TableGet);
    return addPointer(instance_.table(index));
  case Opcode::TableSet: {
    Operand value = pop();
    Operand at = pop();
    uint32_t slotA = slotOf(at, height());
    emit(Op::TableSet, {slotA, slotOf(value, height() + 1)});
    return addPointer(instance_.table(index));
  }
  case Opcode::TableSize:
    emitResult(Op::TableSize, {});
    return addPointer(instance_.table(index));
  case Opcode::TableGrow:
    settleTop(2);
    resetTo(height() - 2, {});
    emit(Op::TableGrow, {slotAt(height())});
    push({});
    return addPointer(instance_.table(index));
  case Opcode::TableFill:
    bulk(Op::TableFill);
    return addPointer(instance_.table(index));
  case Opcode::TableCopy:
    bulk(Op::TableCopy);
    addPointer(instance_.table(index));
    return addPointer(instance_.table(instruction_.secondIndex));
  case Opcode::TableInit:
    bulk(Op::TableInit);
    addPointer(instance_.table(instruction_.secondIndex));
    return add(index);
  case Opcode::ElemDrop:
    return emit(Op::ElemDrop, {index});
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
  case Opcode::ReturnCall:
    return call();
  case Opcode::CallIndirect:
  case Opcode::ReturnCallIndirect:
    return callIndirect();
  case Opcode::RefNull:
    return push({Operand::Kind::Constant, false, 0});
  case Opcode::RefFunc:
    return push({Operand::Kind::Constant, false,
                 instance_.function(index)->reference().bits});
  case Opcode::RefIsNull:
    return unary(Op::RefIsNull);
  case Opcode::Drop:
    pop();
    return;
  case Opcode::Select:
  case Opcode::SelectTyped:
    return select();
  case Opcode::LocalGet:
    return push({Operand::Kind::Local, isWideLocal(index), index});
  case Opcode::LocalSet:
    return localSet(index);
  case Opcode::LocalTee:
    localSet(index);
    return push({Operand::Kind::Local, isWideLocal(index), index});
  case Opcode::GlobalGet: {
    bool wide = module_.globals[index].type.value == ValueType::V128;
    emitResult(wide ? Op::GlobalGetWide : Op::GlobalGet, {}, wide);
    return addPointer(instance_.global(index));
  }
  case Opcode::GlobalSet: {
    Operand value = pop();
    uint32_t slot = slotOf(value, height());
    emit(value.wide ? Op::GlobalSetWide : Op::GlobalSet, {slot});
    return addPointer(instance_.global(index));
  }
  case Opcode::I32Const:
  case Opcode::I64Const:
  case Opcode::F32Const:
  case Opcode::F64Const:
    return push({Operand::Kind::Constant, false, instruction_.bits});
  case Opcode::I32Eqz:
    return equalZero(Op::I32EqImm, false);
  case Opcode::I64Eqz:
    return equalZero(Op::I64EqImm, true);
  default:
    RUNE_CHECK(false, "an instruction without translation");
  }
}

} // namespace rune::engine
