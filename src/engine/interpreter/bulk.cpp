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

/// What leaving memory is, whose elements are bytes, or a table.
template <class T>
constexpr TrapKind leaving =
    sizeof(T) == 1 ? TrapKind::OutOfBoundsMemory : TrapKind::OutOfBoundsTable;

template <class T>
bool Machine::fill(std::span<T> to, uint64_t at, T value, uint64_t count,
                   int64_t &budget) {
  if (!inside(at, count, to.size()))
    return trap(leaving<T>);
  return charge(budget, count) &&
         inChunks(count, [&](uint64_t begin, uint64_t part) {
           std::fill_n(to.data() + at + begin, part, value);
         });
}

/// Chunks go from the end where the source would be overwritten too early.
template <class T>
bool Machine::copy(std::span<T> to, std::span<const T> from, uint64_t toAt,
                   uint64_t fromAt, uint64_t count, int64_t &budget) {
  if (!inside(toAt, count, to.size()) || !inside(fromAt, count, from.size()))
    return trap(leaving<T>);
  bool backward = to.data() == from.data() && toAt > fromAt;
  return charge(budget, count) &&
         inChunks(count, [&](uint64_t begin, uint64_t part) {
           uint64_t at = backward ? count - begin - part : begin;
           std::memmove(to.data() + toAt + at, from.data() + fromAt + at,
                        part * sizeof(T));
         });
}

template bool Machine::fill(std::span<uint8_t>, uint64_t, uint8_t, uint64_t,
                            int64_t &);
template bool Machine::fill(std::span<uint64_t>, uint64_t, uint64_t, uint64_t,
                            int64_t &);
template bool Machine::copy(std::span<uint8_t>, std::span<const uint8_t>,
                            uint64_t, uint64_t, uint64_t, int64_t &);
template bool Machine::copy(std::span<uint64_t>, std::span<const uint64_t>,
                            uint64_t, uint64_t, uint64_t, int64_t &);

} // namespace rune::engine
