// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the interpreter runs: one small function per Op, each of which ends by
// calling the next one's in tail position, so that the state below stays in
// registers and the processor predicts each jump by itself. The state is `pc`,
// the instruction's words; `fp`, the frame's slots; `memory` and `memoryBytes`,
// memory 0 of the running instance; `budget`, what may run before the clock is
// read: backward branches and calls pay with what may run before the next of
// them, so that the price of straight code is nothing.
//
// [[clang::musttail]] makes the tail calls certain; other compilers must
// optimise sibling calls. Inside this room only.
#pragma once

#include "base/bytes.h"
#include "engine/interpreter/instance.h"

#include <array>
#include <cstring>

#if __has_cpp_attribute(clang::musttail)
#define RUNE_TAIL [[clang::musttail]]
#else
#define RUNE_TAIL
#endif
// More arguments in registers, and none to be saved around slow paths.
#if __has_attribute(preserve_none) &&                                          \
    (defined(__x86_64__) || defined(__aarch64__))
#define RUNE_HANDLER_CALL __attribute__((preserve_none))
#else
#define RUNE_HANDLER_CALL
#endif

namespace rune::engine {

#define RUNE_STATE                                                             \
  [[maybe_unused]] const uint32_t *pc, [[maybe_unused]] Value *fp,             \
      [[maybe_unused]] uint8_t *memory, [[maybe_unused]] uint64_t memoryBytes, \
      [[maybe_unused]] int64_t budget, [[maybe_unused]] Machine *machine
#define RUNE_STATE_NAMES pc, fp, memory, memoryBytes, budget, machine

using Handler = RUNE_HANDLER_CALL void(RUNE_STATE);

#define RUNE_OP(name) RUNE_HANDLER_CALL void run##name(RUNE_STATE);
#include "engine/interpreter/ops.def"

/// A handler as two words of code.
using HandlerAddress = std::array<uint32_t, 2>;
HandlerAddress addressOf(Op op);

/// Runs `callee`, whose arguments lie at `base`, until the frame on top is left
/// or a trap, which `pending` names.
void enter(Machine &machine, InterpreterFunction &callee, Value *base,
           int64_t budget);

// The words of an instruction; the first operand is word 2.

template <class T> inline T constantAt(const uint32_t *words) {
  T value;
  std::memcpy(&value, words, sizeof value);
  return value;
}
template <class T> inline T *pointerAt(const uint32_t *words) {
  return reinterpret_cast<T *>(
      static_cast<uintptr_t>(constantAt<uint64_t>(words)));
}
inline Handler *handlerAt(const uint32_t *pc) { return pointerAt<Handler>(pc); }

// Slots.

inline Value &slotAt(Value *fp, uint32_t distance) {
  return *reinterpret_cast<Value *>(reinterpret_cast<uint8_t *>(fp) + distance);
}
/// A slot's number as `T`: narrow ones are its lower bytes.
template <class T> inline T get(Value *fp, uint32_t distance) {
  static_assert(sizeof(T) <= sizeof(uint64_t));
  T value;
  std::memcpy(&value, reinterpret_cast<const uint8_t *>(fp) + distance,
              sizeof value);
  return value;
}
/// Numbers of 32 bits have zeros above.
template <class T> inline void put(Value *fp, uint32_t distance, T value) {
  uint64_t bits;
  if constexpr (std::is_same_v<T, float>)
    bits = std::bit_cast<uint32_t>(value);
  else if constexpr (std::is_same_v<T, double>)
    bits = std::bit_cast<uint64_t>(value);
  else
    bits = static_cast<std::make_unsigned_t<T>>(value);
  slotAt(fp, distance).bits = bits;
}

// What a handler does last. `words` counts its operands.

#define OP(name) RUNE_HANDLER_CALL void run##name(RUNE_STATE)
#define DISPATCH RUNE_TAIL return handlerAt(pc)(RUNE_STATE_NAMES)
#define NEXT(words)                                                            \
  do {                                                                         \
    pc += 2 + (words);                                                         \
    DISPATCH;                                                                  \
  } while (false)
#define TRAP(kind)                                                             \
  do {                                                                         \
    machine->pending = kind;                                                   \
    return;                                                                    \
  } while (false)
/// Pays, and runs on at `pc`.
#define PAY_AND_DISPATCH(words)                                                \
  do {                                                                         \
    budget -= machine->fueled ? 1 : (words);                                   \
    if (budget < 0) [[unlikely]]                                               \
      RUNE_TAIL return runOutOfBudget(RUNE_STATE_NAMES);                       \
    DISPATCH;                                                                  \
  } while (false)
/// To where the offset in that word of the instruction leads.
#define BRANCH(word)                                                           \
  do {                                                                         \
    int32_t offset = static_cast<int32_t>(pc[word]);                           \
    pc += int64_t{word} + offset;                                              \
    if (offset < 0)                                                            \
      PAY_AND_DISPATCH(-int64_t{offset});                                      \
    DISPATCH;                                                                  \
  } while (false)

} // namespace rune::engine
