// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Vector instructions: vector.def says what each computes.
#include "engine/interpreter/handlers.h"
#include "engine/interpreter/vector.h"

namespace rune::engine {

/// Lane i of the result from lane i of each operand.
template <class From, class To, class... Vectors, class Function>
static inline Value eachLane(Function function, const Vectors &...operands) {
  Lanes<To> r;
  auto of = [&](const auto &...lanes) {
    for (size_t i = 0; i < r.size(); ++i)
      r[i] = static_cast<To>(function(lanes[i]...));
  };
  of(lanesOf<From>(operands)...);
  return valueOf(r);
}

#define SLOT(word) slotAt(fp, pc[word])

#define RUNE_LANES_1(name, from, to, expression)                               \
  OP(name) {                                                                   \
    SLOT(2) = eachLane<from, to>([](from x) { return expression; }, SLOT(3));  \
    NEXT(2);                                                                   \
  }
#define RUNE_LANES_2(name, from, to, expression)                               \
  OP(name) {                                                                   \
    SLOT(2) = eachLane<from, to>([](from x, from y) { return expression; },    \
                                 SLOT(3), SLOT(4));                            \
    NEXT(3);                                                                   \
  }
#define RUNE_LANES_3(name, from, to, expression)                               \
  OP(name) {                                                                   \
    SLOT(2) =                                                                  \
        eachLane<from, to>([](from x, from y, from z) { return expression; },  \
                           SLOT(3), SLOT(4), SLOT(5));                         \
    NEXT(4);                                                                   \
  }
#define RUNE_VECTOR_1(name, function)                                          \
  OP(name) {                                                                   \
    SLOT(2) = function(SLOT(3));                                               \
    NEXT(2);                                                                   \
  }
#define RUNE_VECTOR_2(name, function)                                          \
  OP(name) {                                                                   \
    SLOT(2) = function(SLOT(3), SLOT(4));                                      \
    NEXT(3);                                                                   \
  }
#define RUNE_VECTOR_3(name, function)                                          \
  OP(name) {                                                                   \
    SLOT(2) = function(SLOT(3), SLOT(4), SLOT(5));                             \
    NEXT(4);                                                                   \
  }
#define RUNE_VECTOR_TEST(name, function)                                       \
  OP(name) {                                                                   \
    put<uint32_t>(fp, pc[2], function(SLOT(3)));                               \
    NEXT(2);                                                                   \
  }
#define RUNE_VECTOR_SHIFT(name, lane, expression)                              \
  OP(name) {                                                                   \
    uint32_t n = get<uint32_t>(fp, pc[4]) % (8 * sizeof(lane));                \
    SLOT(2) =                                                                  \
        eachLane<lane, lane>([n](lane x) { return expression; }, SLOT(3));     \
    NEXT(3);                                                                   \
  }
#define RUNE_SPLAT(name, lane)                                                 \
  OP(name) {                                                                   \
    SLOT(2) = splat(get<lane>(fp, pc[3]));                                     \
    NEXT(2);                                                                   \
  }
#define RUNE_EXTRACT(name, lane, result)                                       \
  OP(name) {                                                                   \
    lane value = get<lane>(fp, pc[3] + pc[4] * uint32_t{sizeof(lane)});        \
    put<result>(fp, pc[2], static_cast<result>(value));                        \
    NEXT(3);                                                                   \
  }
#define RUNE_REPLACE(name, lane)                                               \
  OP(name) {                                                                   \
    Lanes<lane> lanes = lanesOf<lane>(SLOT(3));                                \
    lanes[pc[5]] = get<lane>(fp, pc[4]);                                       \
    SLOT(2) = valueOf(lanes);                                                  \
    NEXT(4);                                                                   \
  }
#define RUNE_VECTOR_LOAD(name, stored, function)                               \
  OP(name) {                                                                   \
    uint64_t at = uint64_t{get<uint32_t>(fp, pc[3])} + pc[4];                  \
    if (at + sizeof(stored) > memoryBytes) [[unlikely]]                        \
      TRAP(TrapKind::OutOfBoundsMemory);                                       \
    SLOT(2) = function(memory + at);                                           \
    NEXT(3);                                                                   \
  }                                                                            \
  OP(name##At) {                                                               \
    SLOT(2) = function(get<uint8_t *>(fp, pc[3]));                             \
    NEXT(2);                                                                   \
  }
#define RUNE_LOAD_LANE(name, lane)                                             \
  OP(name) {                                                                   \
    lane loaded = loadAs<lane>(get<uint8_t *>(fp, pc[3]));                     \
    Lanes<lane> lanes = lanesOf<lane>(SLOT(4));                                \
    lanes[pc[5]] = loaded;                                                     \
    SLOT(2) = valueOf(lanes);                                                  \
    NEXT(4);                                                                   \
  }
#define RUNE_STORE_LANE(name, lane)                                            \
  OP(name) {                                                                   \
    lane value = get<lane>(fp, pc[3] + pc[4] * uint32_t{sizeof(lane)});        \
    std::memcpy(get<uint8_t *>(fp, pc[2]), &value, sizeof value);              \
    NEXT(3);                                                                   \
  }
#include "engine/interpreter/vector.def"

OP(V128Store) {
  uint64_t at = uint64_t{get<uint32_t>(fp, pc[2])} + pc[4];
  if (at + sizeof(Value) > memoryBytes) [[unlikely]]
    TRAP(TrapKind::OutOfBoundsMemory);
  std::memcpy(memory + at, &SLOT(3), sizeof(Value));
  NEXT(3);
}
OP(V128StoreAt) {
  std::memcpy(get<uint8_t *>(fp, pc[2]), &SLOT(3), sizeof(Value));
  NEXT(2);
}
OP(V128Const) {
  SLOT(2) = constantAt<Value>(pc + 3);
  NEXT(5);
}
OP(I8x16Shuffle) {
  SLOT(2) = shuffleBytes(SLOT(3), SLOT(4),
                         constantAt<std::array<uint8_t, 16>>(pc + 5));
  NEXT(7);
}

} // namespace rune::engine
