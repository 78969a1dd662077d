// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Instructions on stretches of memory and tables (core 2.0, sections 4.4.6 and
// 4.4.7). Bounds are checked before the first write, then the whole is paid
// for, then it is done in chunks, so that a deadline ends a long one.
#include "engine/interpreter/machine.h"

#include <algorithm>
#include <cstring>

namespace rune::engine {

/// Bytes or elements that cost as much as one word of code.
constexpr uint64_t countPerWord = 8;
/// Bytes or elements that cost one unit of fuel.
constexpr uint64_t countPerFuel = 1024;
/// Bytes or elements between two looks at the clock.
constexpr uint64_t chunk = uint64_t{1} << 20;

static bool inside(uint64_t at, uint64_t count, uint64_t size) {
  return at <= size && count <= size - at;
}

bool Machine::charge(int64_t &budget, uint64_t count) {
  budget -=
      static_cast<int64_t>(count / (fueled ? countPerFuel : countPerWord));
  if (budget < 0) [[unlikely]]
    budget = takeBudget(-budget);
  return budget >= 0;
}

/// `step(at, count)` for each chunk of what was charged before.
template <class Step> bool Machine::inChunks(uint64_t count, Step step) {
  for (uint64_t at = 0; at < count; at += chunk) {
    if (at > 0 && deadlinePassed())
      return trap(TrapKind::DeadlineExceeded);
    step(at, std::min(chunk, count - at));
  }
  return true;
}

bool Machine::fillMemory(InterpreterMemory &memory, uint64_t at, uint8_t value,
                         uint64_t count, int64_t &budget) {
  if (!inside(at, count, memory.linear.size()))
    return trap(TrapKind::OutOfBoundsMemory);
  uint8_t *to = memory.linear.base() + at;
  return charge(budget, count) &&
         inChunks(count, [&](uint64_t begin, uint64_t part) {
           std::memset(to + begin, value, part);
         });
}

/// Chunks go from the end where the source would be overwritten too early.
bool Machine::copyMemory(InterpreterMemory &toMemory,
                         InterpreterMemory &fromMemory, uint64_t toAt,
                         uint64_t fromAt, uint64_t count, int64_t &budget) {
  if (!inside(toAt, count, toMemory.linear.size()) ||
      !inside(fromAt, count, fromMemory.linear.size()))
    return trap(TrapKind::OutOfBoundsMemory);
  uint8_t *to = toMemory.linear.base() + toAt;
  const uint8_t *from = fromMemory.linear.base() + fromAt;
  bool backward = &toMemory == &fromMemory && toAt > fromAt;
  return charge(budget, count) &&
         inChunks(count, [&](uint64_t begin, uint64_t part) {
           uint64_t at = backward ? count - begin - part : begin;
           std::memmove(to + at, from + at, part);
         });
}

bool Machine::initMemory(InterpreterMemory &memory, ByteSpan segment,
                         uint64_t at, uint64_t from, uint64_t count,
                         int64_t &budget) {
  if (!inside(at, count, memory.linear.size()) ||
      !inside(from, count, segment.size()))
    return trap(TrapKind::OutOfBoundsMemory);
  uint8_t *to = memory.linear.base() + at;
  return charge(budget, count) &&
         inChunks(count, [&](uint64_t begin, uint64_t part) {
           std::memcpy(to + begin, segment.data() + from + begin, part);
         });
}

bool Machine::fillTable(InterpreterTable &table, uint64_t at, uint64_t value,
                        uint64_t count, int64_t &budget) {
  if (!inside(at, count, table.elements.size()))
    return trap(TrapKind::OutOfBoundsTable);
  uint64_t *to = table.elements.data() + at;
  return charge(budget, count) &&
         inChunks(count, [&](uint64_t begin, uint64_t part) {
           std::fill_n(to + begin, part, value);
         });
}

bool Machine::copyTable(InterpreterTable &toTable, InterpreterTable &fromTable,
                        uint64_t toAt, uint64_t fromAt, uint64_t count,
                        int64_t &budget) {
  if (!inside(toAt, count, toTable.elements.size()) ||
      !inside(fromAt, count, fromTable.elements.size()))
    return trap(TrapKind::OutOfBoundsTable);
  uint64_t *to = toTable.elements.data() + toAt;
  const uint64_t *from = fromTable.elements.data() + fromAt;
  bool backward = &toTable == &fromTable && toAt > fromAt;
  return charge(budget, count) &&
         inChunks(count, [&](uint64_t begin, uint64_t part) {
           uint64_t at = backward ? count - begin - part : begin;
           std::memmove(to + at, from + at, part * sizeof(uint64_t));
         });
}

bool Machine::initTable(InterpreterTable &table,
                        std::span<const uint64_t> segment, uint64_t at,
                        uint64_t from, uint64_t count, int64_t &budget) {
  if (!inside(at, count, table.elements.size()) ||
      !inside(from, count, segment.size()))
    return trap(TrapKind::OutOfBoundsTable);
  uint64_t *to = table.elements.data() + at;
  return charge(budget, count) &&
         inChunks(count, [&](uint64_t begin, uint64_t part) {
           std::copy_n(segment.data() + from + begin, part, to + begin);
         });
}

} // namespace rune::engine
