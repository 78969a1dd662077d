// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numeric instructions and plain accesses to memory: numeric.def says what each
// computes.
#include "engine/interpreter/handlers.h"
#include "engine/interpreter/numeric.h"

namespace rune::engine {

/// Words of a constant.
template <class T> constexpr uint32_t wordsOf = sizeof(T) / sizeof(uint32_t);

#define RUNE_COMPARE(name, type, expression, inverse)                          \
  RUNE_BINARY(name, type, uint32_t, expression)                                \
  OP(BrIf##name) {                                                             \
    type a = get<type>(fp, pc[3]), b = get<type>(fp, pc[4]);                   \
    if (expression)                                                            \
      BRANCH(2);                                                               \
    NEXT(3);                                                                   \
  }                                                                            \
  OP(BrIf##name##Imm) {                                                        \
    type a = get<type>(fp, pc[3]), b = constantAt<type>(pc + 4);               \
    if (expression)                                                            \
      BRANCH(2);                                                               \
    NEXT(2 + wordsOf<type>);                                                   \
  }
#define RUNE_BINARY(name, type, result, expression)                            \
  OP(name) {                                                                   \
    type a = get<type>(fp, pc[3]), b = get<type>(fp, pc[4]);                   \
    put<result>(fp, pc[2], expression);                                        \
    NEXT(3);                                                                   \
  }                                                                            \
  OP(name##Imm) {                                                              \
    type a = get<type>(fp, pc[3]), b = constantAt<type>(pc + 4);               \
    put<result>(fp, pc[2], expression);                                        \
    NEXT(2 + wordsOf<type>);                                                   \
  }
#define RUNE_TRAPPING_BINARY(name, type, function)                             \
  OP(name) {                                                                   \
    auto result = function<type>(get<type>(fp, pc[3]), get<type>(fp, pc[4]));  \
    if (result.trapped) [[unlikely]]                                           \
      TRAP(result.trap);                                                       \
    put<type>(fp, pc[2], result.value);                                        \
    NEXT(3);                                                                   \
  }                                                                            \
  OP(name##Imm) {                                                              \
    auto result =                                                              \
        function<type>(get<type>(fp, pc[3]), constantAt<type>(pc + 4));        \
    if (result.trapped) [[unlikely]]                                           \
      TRAP(result.trap);                                                       \
    put<type>(fp, pc[2], result.value);                                        \
    NEXT(2 + wordsOf<type>);                                                   \
  }
#define RUNE_UNARY(name, type, result, expression)                             \
  OP(name) {                                                                   \
    type a = get<type>(fp, pc[3]);                                             \
    put<result>(fp, pc[2], static_cast<result>(expression));                   \
    NEXT(2);                                                                   \
  }
#define RUNE_TRAPPING_UNARY(name, type, result, function)                      \
  OP(name) {                                                                   \
    auto converted = function(get<type>(fp, pc[3]));                           \
    if (converted.trapped) [[unlikely]]                                        \
      TRAP(converted.trap);                                                    \
    put<result>(fp, pc[2], static_cast<result>(converted.value));              \
    NEXT(2);                                                                   \
  }
#define RUNE_FUSED(name, type, expression)                                     \
  OP(name) {                                                                   \
    type a = get<type>(fp, pc[3]), b = get<type>(fp, pc[4]),                   \
         c = get<type>(fp, pc[5]);                                             \
    put<type>(fp, pc[2], expression);                                          \
    NEXT(4);                                                                   \
  }
#define RUNE_FUSED_IMM(name, type, expression)                                 \
  OP(name) {                                                                   \
    type a = get<type>(fp, pc[3]), b = get<type>(fp, pc[4]), c = pc[5];        \
    put<type>(fp, pc[2], expression);                                          \
    NEXT(4);                                                                   \
  }
#define RUNE_LOAD(name, stored, result)                                        \
  OP(name) {                                                                   \
    uint64_t at = uint64_t{get<uint32_t>(fp, pc[3])} + pc[4];                  \
    if (at + sizeof(stored) > memoryBytes) [[unlikely]]                        \
      TRAP(TrapKind::OutOfBoundsMemory);                                       \
    put<result>(fp, pc[2],                                                     \
                static_cast<result>(loadUnaligned<stored>(memory + at)));      \
    NEXT(3);                                                                   \
  }                                                                            \
  OP(name##Sum) {                                                              \
    uint32_t sum = get<uint32_t>(fp, pc[3]) + get<uint32_t>(fp, pc[4]);        \
    uint64_t at = uint64_t{sum} + pc[5];                                       \
    if (at + sizeof(stored) > memoryBytes) [[unlikely]]                        \
      TRAP(TrapKind::OutOfBoundsMemory);                                       \
    put<result>(fp, pc[2],                                                     \
                static_cast<result>(loadUnaligned<stored>(memory + at)));      \
    NEXT(4);                                                                   \
  }                                                                            \
  OP(name##Scaled) {                                                           \
    uint32_t sum =                                                             \
        get<uint32_t>(fp, pc[3]) + (get<uint32_t>(fp, pc[4]) << (pc[5] & 31)); \
    uint64_t at = uint64_t{sum} + pc[6];                                       \
    if (at + sizeof(stored) > memoryBytes) [[unlikely]]                        \
      TRAP(TrapKind::OutOfBoundsMemory);                                       \
    put<result>(fp, pc[2],                                                     \
                static_cast<result>(loadUnaligned<stored>(memory + at)));      \
    NEXT(5);                                                                   \
  }                                                                            \
  OP(name##At) {                                                               \
    put<result>(fp, pc[2],                                                     \
                static_cast<result>(                                           \
                    loadUnaligned<stored>(get<uint8_t *>(fp, pc[3]))));        \
    NEXT(2);                                                                   \
  }
#define RUNE_STORE(name, stored, operand)                                      \
  OP(name) {                                                                   \
    uint64_t at = uint64_t{get<uint32_t>(fp, pc[2])} + pc[4];                  \
    if (at + sizeof(stored) > memoryBytes) [[unlikely]]                        \
      TRAP(TrapKind::OutOfBoundsMemory);                                       \
    storeUnaligned(memory + at, get<stored>(fp, pc[3]));                       \
    NEXT(3);                                                                   \
  }                                                                            \
  OP(name##At) {                                                               \
    storeUnaligned(get<uint8_t *>(fp, pc[2]), get<stored>(fp, pc[3]));         \
    NEXT(2);                                                                   \
  }
#include "engine/interpreter/numeric.def"

} // namespace rune::engine
