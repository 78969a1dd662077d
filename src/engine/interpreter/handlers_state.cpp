// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Instructions on slots, globals, tables and whole memories (core 2.0, sections
// 4.4.1 to 4.4.7).
#include "engine/interpreter/handlers.h"

#include "engine/masked_index.h"

namespace rune::engine {

OP(Const) {
  slotAt(fp, pc[2]).bits = constantAt<uint64_t>(pc + 3);
  NEXT(3);
}
OP(Copy) {
  slotAt(fp, pc[2]).bits = get<uint64_t>(fp, pc[3]);
  NEXT(2);
}
OP(CopyWide) {
  slotAt(fp, pc[2]) = slotAt(fp, pc[3]);
  NEXT(2);
}
OP(CopyMany) {
  std::memmove(static_cast<void *>(&slotAt(fp, pc[2])), &slotAt(fp, pc[3]),
               pc[4] * sizeof(Value));
  NEXT(3);
}
OP(Select) {
  uint64_t a = get<uint64_t>(fp, pc[3]), b = get<uint64_t>(fp, pc[4]);
  slotAt(fp, pc[2]).bits = get<uint32_t>(fp, pc[5]) ? a : b;
  NEXT(4);
}
OP(SelectWide) {
  slotAt(fp, pc[2]) = slotAt(fp, get<uint32_t>(fp, pc[5]) ? pc[3] : pc[4]);
  NEXT(4);
}
OP(GlobalGet) {
  slotAt(fp, pc[2]).bits = pointerAt<InterpreterGlobal>(pc + 3)->value.bits;
  NEXT(3);
}
OP(GlobalSet) {
  pointerAt<InterpreterGlobal>(pc + 3)->value.bits = get<uint64_t>(fp, pc[2]);
  NEXT(3);
}
OP(GlobalGetWide) {
  slotAt(fp, pc[2]) = pointerAt<InterpreterGlobal>(pc + 3)->value;
  NEXT(3);
}
OP(GlobalSetWide) {
  pointerAt<InterpreterGlobal>(pc + 3)->value = slotAt(fp, pc[2]);
  NEXT(3);
}
OP(RefIsNull) {
  put<uint32_t>(fp, pc[2], get<uint64_t>(fp, pc[3]) == 0);
  NEXT(2);
}

// Addresses and lengths are of 32 or 64 bits, as the memory or table says.

/// How wide addresses of `what` are.
template <class T> static bool isWide(const T &what) {
  return what.declared.address == wasm::ValueType::I64;
}
static uint64_t number(Value *fp, uint32_t distance, bool wide) {
  return wide ? get<uint64_t>(fp, distance) : get<uint32_t>(fp, distance);
}
/// The answer of a `grow`: all ones of that width for "no".
static void putGrown(Value *fp, uint32_t distance,
                     std::optional<uint64_t> before, bool wide) {
  slotAt(fp, distance).bits = before.value_or(wide ? UINT64_MAX : UINT32_MAX);
}
constexpr uint32_t slotBytes = sizeof(Value);

OP(Address32) {
  auto *from = pointerAt<InterpreterMemory>(pc + 4);
  uint64_t at = uint64_t{get<uint32_t>(fp, pc[3])} + pc[6];
  if (at + pc[8] > from->linear.size()) [[unlikely]]
    TRAP(TrapKind::OutOfBoundsMemory);
  slotAt(fp, pc[2]).bits = reinterpret_cast<uint64_t>(from->linear.base() + at);
  NEXT(7);
}
OP(Address64) {
  auto *from = pointerAt<InterpreterMemory>(pc + 4);
  uint64_t at, bytes = from->linear.size();
  if (__builtin_add_overflow(get<uint64_t>(fp, pc[3]),
                             constantAt<uint64_t>(pc + 6), &at) ||
      at > bytes || pc[8] > bytes - at) [[unlikely]]
    TRAP(TrapKind::OutOfBoundsMemory);
  slotAt(fp, pc[2]).bits = reinterpret_cast<uint64_t>(from->linear.base() + at);
  NEXT(7);
}

OP(TableGet) {
  auto *table = pointerAt<InterpreterTable>(pc + 4);
  uint64_t at = number(fp, pc[3], isWide(*table));
  if (at >= table->elements.size()) [[unlikely]]
    TRAP(TrapKind::OutOfBoundsTable);
  slotAt(fp, pc[2]).bits = table->elements[masked(at, table->elements.size())];
  NEXT(4);
}
OP(TableSet) {
  auto *table = pointerAt<InterpreterTable>(pc + 4);
  uint64_t at = number(fp, pc[2], isWide(*table));
  if (at >= table->elements.size()) [[unlikely]]
    TRAP(TrapKind::OutOfBoundsTable);
  table->elements[masked(at, table->elements.size())] =
      get<uint64_t>(fp, pc[3]);
  NEXT(4);
}
OP(TableSize) {
  slotAt(fp, pc[2]).bits = pointerAt<InterpreterTable>(pc + 3)->elements.size();
  NEXT(3);
}
/// Words: base (element, count), table.
OP(TableGrow) {
  auto *table = pointerAt<InterpreterTable>(pc + 3);
  bool wide = isWide(*table);
  uint64_t count = number(fp, pc[2] + slotBytes, wide);
  auto before = table->grow(count, get<uint64_t>(fp, pc[2]));
  if (before && !machine->charge(budget, count))
    return;
  putGrown(fp, pc[2], before, wide);
  NEXT(3);
}
OP(ElemDrop) {
  machine->instance->dropElements(pc[2]);
  NEXT(1);
}

OP(MemorySize) {
  slotAt(fp, pc[2]).bits = pointerAt<InterpreterMemory>(pc + 3)->pages();
  NEXT(3);
}
OP(MemoryGrow) {
  auto *grown = pointerAt<InterpreterMemory>(pc + 4);
  bool wide = isWide(*grown);
  putGrown(fp, pc[2], grown->grow(number(fp, pc[3], wide)), wide);
  memoryBytes = machine->instance->memoryBytes();
  NEXT(4);
}

// Whole stretches, alike for bytes of a memory and elements of a table.

static std::span<uint8_t> all(InterpreterMemory &memory) {
  return memory.linear.bytes();
}
static std::span<uint64_t> all(InterpreterTable &table) {
  return table.elements;
}

/// Words: base (at, value, count), what.
template <class What>
static bool fill(const uint32_t *pc, Value *fp, int64_t &budget,
                 Machine *machine) {
  auto &what = *pointerAt<What>(pc + 3);
  using T = typename decltype(all(what))::value_type;
  return machine->fill(all(what), number(fp, pc[2], isWide(what)),
                       get<T>(fp, pc[2] + slotBytes),
                       number(fp, pc[2] + 2 * slotBytes, isWide(what)), budget);
}
/// Words: base (to, from, count), to what, from what.
template <class What>
static bool copy(const uint32_t *pc, Value *fp, int64_t &budget,
                 Machine *machine) {
  auto &to = *pointerAt<What>(pc + 3), &from = *pointerAt<What>(pc + 5);
  using T = const typename decltype(all(to))::value_type;
  uint64_t count =
      number(fp, pc[2] + 2 * slotBytes, isWide(to) && isWide(from));
  return machine->copy(
      all(to), std::span<T>(all(from)), number(fp, pc[2], isWide(to)),
      number(fp, pc[2] + slotBytes, isWide(from)), count, budget);
}
/// Words: base (to, from, count), what, segment.
template <class What, class T>
static bool initialise(const uint32_t *pc, Value *fp, int64_t &budget,
                       Machine *machine, std::span<const T> segment) {
  auto &to = *pointerAt<What>(pc + 3);
  return machine->copy(all(to), segment, number(fp, pc[2], isWide(to)),
                       get<uint32_t>(fp, pc[2] + slotBytes),
                       get<uint32_t>(fp, pc[2] + 2 * slotBytes), budget);
}

#define STRETCH(name, words, done)                                             \
  OP(name) {                                                                   \
    if (!(done))                                                               \
      return;                                                                  \
    NEXT(words);                                                               \
  }
STRETCH(MemoryFill, 3, fill<InterpreterMemory>(pc, fp, budget, machine))
STRETCH(MemoryCopy, 5, copy<InterpreterMemory>(pc, fp, budget, machine))
STRETCH(MemoryInit, 4,
        initialise<InterpreterMemory>(pc, fp, budget, machine,
                                      machine->instance->data(pc[5])))
STRETCH(TableFill, 3, fill<InterpreterTable>(pc, fp, budget, machine))
STRETCH(TableCopy, 5, copy<InterpreterTable>(pc, fp, budget, machine))
STRETCH(TableInit, 4,
        initialise<InterpreterTable>(pc, fp, budget, machine,
                                     machine->instance->elements(pc[5])))
OP(DataDrop) {
  machine->instance->dropData(pc[2]);
  NEXT(1);
}

} // namespace rune::engine
