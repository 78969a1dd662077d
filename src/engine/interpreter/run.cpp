// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The loop. One label per Op; each handler ends by jumping to the next one's
// label, so that the processor predicts each jump by itself. Registers of the
// loop: `pc` the instruction's words, `fp` the frame's slots, `memory` and
// `memoryBytes`, and `budget`, the words that may run before the clock is read:
// backward branches and calls pay with what they may execute before the next of
// them, so that the price of straight code is nothing.
#include "base/bytes.h"
#include "engine/interpreter/instance.h"
#include "engine/interpreter/numeric.h"

#include <algorithm>
#include <cstring>

namespace rune::engine {

/// Between two looks at the clock; some 0.1 to 1 ms.
static constexpr int64_t budgetWords = int64_t{1} << 18;

/// Bytes or elements that cost as much as one word.
static constexpr int64_t bulkPerWord = 8;

#define A fp[pc[1]].bits
#define B fp[pc[2]].bits
#define C fp[pc[3]].bits
#define D fp[pc[4]].bits
#define WORD(index) fromSlot<uint32_t>(fp[pc[1] + index].bits)

#define OP(name) op_##name:
#define NEXT(words)                                                            \
  do {                                                                         \
    pc += words;                                                               \
    goto *labels[*pc];                                                         \
  } while (false)
#define TRAP(kind)                                                             \
  do {                                                                         \
    trap = kind;                                                               \
    goto dead;                                                                 \
  } while (false)
#define CHARGE(words)                                                          \
  do {                                                                         \
    budget -= words;                                                           \
    if (budget < 0) [[unlikely]] {                                             \
      if (deadlinePassed())                                                    \
        TRAP(TrapKind::DeadlineExceeded);                                      \
      budget = budgetWords;                                                    \
    }                                                                          \
  } while (false)
/// To where the offset at `at` leads.
#define BRANCH(at)                                                             \
  do {                                                                         \
    int32_t offset = static_cast<int32_t>(*(at));                              \
    pc = (at) + offset;                                                        \
    if (offset < 0)                                                            \
      CHARGE(-int64_t{offset});                                                \
    goto *labels[*pc];                                                         \
  } while (false)
/// A bulk instruction that may trap.
#define BULK(words, count, ...)                                                \
  do {                                                                         \
    CHARGE(int64_t{count} / bulkPerWord);                                      \
    if (MaybeTrap failed = __VA_ARGS__)                                        \
      TRAP(*failed);                                                           \
    NEXT(words);                                                               \
  } while (false)

template <class T> static T constantAt(const uint32_t *words) {
  return loadUnaligned<T>(reinterpret_cast<const uint8_t *>(words));
}

void InterpreterInstance::run(Function &entry, Value *base) noexcept {
  static const void *const labels[] = {
#define RUNE_OP(name) &&op_##name,
#include "engine/interpreter/ops.def"
  };

  const uint32_t entryDepth = depth_;
  uint32_t depth = entryDepth;
  Function *callee = &entry;
  const Function *function = nullptr;
  const uint32_t *pc = nullptr;
  Value *fp = nullptr;
  uint8_t *const memory = memory_.base();
  uint64_t memoryBytes = memory_.size();
  int64_t budget = 0;
  TrapKind trap = TrapKind::Unreachable;

  // `callee` begins, its arguments at `base`; the caller's frame is kept.
enter: {
  function = callee;
  if (!callee->translated) [[unlikely]]
    translateNow(*callee);
  const Code &code = callee->code;
  if (slotsEnd_ - base < static_cast<int64_t>(code.frameSlots)) [[unlikely]]
    TRAP(TrapKind::CallStackExhausted);
  fp = base;
  pc = code.words.data();
  if (code.locals > 0)
    std::memset(static_cast<void *>(fp + code.parameters), 0,
                code.locals * sizeof(Value));
  CHARGE(static_cast<int64_t>(code.words.size()) + code.locals);
  NEXT(0);
}

  // `callee` is called from here; `pc` stands behind the call.
call: {
  if (depth == limits_.callDepth) [[unlikely]]
    TRAP(TrapKind::CallStackExhausted);
  frames_[depth++] = {function, pc, fp};
  if (!callee->host) [[likely]]
    goto enter;
  depth_ = depth;
  if (MaybeTrap failed = callHost(*callee, base)) {
    if (!dead_)
      die(*failed, {}, nullptr);
    return;
  }
  memoryBytes = memory_.size();
  CHARGE(1);
  goto leave;
}

  // Results lie where the caller wants them.
leave: {
  if (depth == entryDepth)
    return;
  const Frame &frame = frames_[--depth];
  function = frame.function;
  pc = frame.next;
  fp = frame.slots;
  NEXT(0);
}

#define RUNE_COMPARE(name, type, expression, inverse)                          \
  OP(name) {                                                                   \
    type a = fromSlot<type>(B), b = fromSlot<type>(C);                         \
    A = (expression);                                                          \
    NEXT(4);                                                                   \
  }                                                                            \
  OP(name##Imm) {                                                              \
    type a = fromSlot<type>(B), b = constantAt<type>(pc + 3);                  \
    A = (expression);                                                          \
    NEXT(3 + sizeof(type) / 4);                                                \
  }                                                                            \
  OP(BrIf##name) {                                                             \
    type a = fromSlot<type>(B), b = fromSlot<type>(C);                         \
    if (expression)                                                            \
      BRANCH(pc + 1);                                                          \
    NEXT(4);                                                                   \
  }                                                                            \
  OP(BrIf##name##Imm) {                                                        \
    type a = fromSlot<type>(B), b = constantAt<type>(pc + 3);                  \
    if (expression)                                                            \
      BRANCH(pc + 1);                                                          \
    NEXT(3 + sizeof(type) / 4);                                                \
  }
#define RUNE_BINARY(name, type, result, expression)                            \
  OP(name) {                                                                   \
    type a = fromSlot<type>(B), b = fromSlot<type>(C);                         \
    A = toSlot<result>(expression);                                            \
    NEXT(4);                                                                   \
  }                                                                            \
  OP(name##Imm) {                                                              \
    type a = fromSlot<type>(B), b = constantAt<type>(pc + 3);                  \
    A = toSlot<result>(expression);                                            \
    NEXT(3 + sizeof(type) / 4);                                                \
  }
#define RUNE_TRAPPING_BINARY(name, type, function)                             \
  OP(name) {                                                                   \
    auto result = function<type>(fromSlot<type>(B), fromSlot<type>(C));        \
    if (result.trapped)                                                        \
      TRAP(result.trap);                                                       \
    A = toSlot<type>(result.value);                                            \
    NEXT(4);                                                                   \
  }                                                                            \
  OP(name##Imm) {                                                              \
    auto result = function<type>(fromSlot<type>(B), constantAt<type>(pc + 3)); \
    if (result.trapped)                                                        \
      TRAP(result.trap);                                                       \
    A = toSlot<type>(result.value);                                            \
    NEXT(3 + sizeof(type) / 4);                                                \
  }
#define RUNE_UNARY(name, type, result, expression)                             \
  OP(name) {                                                                   \
    type a = fromSlot<type>(B);                                                \
    A = toSlot<result>(expression);                                            \
    NEXT(3);                                                                   \
  }
#define RUNE_TRAPPING_UNARY(name, type, result, function)                      \
  OP(name) {                                                                   \
    auto converted = function(fromSlot<type>(B));                              \
    if (converted.trapped)                                                     \
      TRAP(converted.trap);                                                    \
    A = toSlot<result>(converted.value);                                       \
    NEXT(3);                                                                   \
  }
#define RUNE_LOAD(name, stored, result)                                        \
  OP(name) {                                                                   \
    uint64_t at = uint64_t{fromSlot<uint32_t>(B)} + pc[3];                     \
    if (at + sizeof(stored) > memoryBytes) [[unlikely]]                        \
      TRAP(TrapKind::OutOfBoundsMemory);                                       \
    A = toSlot<result>(                                                        \
        static_cast<result>(loadUnaligned<stored>(memory + at)));              \
    NEXT(4);                                                                   \
  }
#define RUNE_STORE(name, stored, operand)                                      \
  OP(name) {                                                                   \
    uint64_t at = uint64_t{fromSlot<uint32_t>(A)} + pc[3];                     \
    if (at + sizeof(stored) > memoryBytes) [[unlikely]]                        \
      TRAP(TrapKind::OutOfBoundsMemory);                                       \
    storeUnaligned(memory + at, static_cast<stored>(B));                       \
    NEXT(4);                                                                   \
  }
#include "engine/interpreter/numeric.def"

  OP(Const) {
    A = constantAt<uint64_t>(pc + 2);
    NEXT(4);
  }
  OP(Copy) {
    A = B;
    NEXT(3);
  }
  OP(CopyMany) {
    std::memmove(static_cast<void *>(fp + pc[1]), fp + pc[2],
                 pc[3] * sizeof(Value));
    NEXT(4);
  }
  OP(Select) {
    A = fromSlot<uint32_t>(D) ? B : C;
    NEXT(5);
  }
  OP(GlobalGet) {
    A = globals_[pc[2]].bits;
    NEXT(3);
  }
  OP(GlobalSet) {
    globals_[pc[1]].bits = B;
    NEXT(3);
  }
  OP(Unreachable) { TRAP(TrapKind::Unreachable); }
  OP(Br) { BRANCH(pc + 1); }
  OP(BrIf) {
    if (fromSlot<uint32_t>(B))
      BRANCH(pc + 1);
    NEXT(3);
  }
  OP(BrUnless) {
    if (!fromSlot<uint32_t>(B))
      BRANCH(pc + 1);
    NEXT(3);
  }
  OP(BrTable) {
    uint32_t chosen = std::min(fromSlot<uint32_t>(A), pc[2]);
    const uint32_t *target = pc + 5 + uint64_t{chosen} * 2;
    if (pc[4] > 0)
      std::memmove(static_cast<void *>(fp + target[1]), fp + pc[3],
                   pc[4] * sizeof(Value));
    BRANCH(target);
  }
  OP(Return) { goto leave; }
  OP(ReturnOne) {
    fp[0].bits = A;
    goto leave;
  }
  OP(ReturnMany) {
    std::memmove(static_cast<void *>(fp), fp + pc[1], pc[2] * sizeof(Value));
    goto leave;
  }
  OP(Call) {
    callee = &functions_[pc[1]];
    base = fp + pc[2];
    pc += 3;
    goto call;
  }
  OP(CallHost) {
    callee = &functions_[pc[1]];
    base = fp + pc[2];
    pc += 3;
    goto call;
  }
  OP(CallIndirect) {
    const std::vector<uint64_t> &table = tables_[pc[1]].elements;
    uint32_t at = fromSlot<uint32_t>(D);
    if (at >= table.size())
      TRAP(TrapKind::UndefinedElement);
    uint64_t reference = table[at];
    if (reference == 0)
      TRAP(TrapKind::UninitializedElement);
    // A host may have passed a reference that is none.
    if (reference > functions_.size())
      TRAP(TrapKind::UndefinedElement);
    callee = &functions_[reference - 1];
    if (callee->type != sameType_[pc[2]])
      TRAP(TrapKind::IndirectCallTypeMismatch);
    base = fp + pc[3];
    pc += 5;
    goto call;
  }
  OP(RefIsNull) {
    A = B == 0;
    NEXT(3);
  }
  OP(TableGet) {
    const std::vector<uint64_t> &table = tables_[pc[3]].elements;
    uint32_t at = fromSlot<uint32_t>(B);
    if (at >= table.size())
      TRAP(TrapKind::OutOfBoundsTable);
    A = table[at];
    NEXT(4);
  }
  OP(TableSet) {
    std::vector<uint64_t> &table = tables_[pc[3]].elements;
    uint32_t at = fromSlot<uint32_t>(A);
    if (at >= table.size())
      TRAP(TrapKind::OutOfBoundsTable);
    table[at] = B;
    NEXT(4);
  }
  OP(TableSize) {
    A = tables_[pc[2]].elements.size();
    NEXT(3);
  }
  OP(TableGrow) {
    uint32_t count = WORD(1);
    CHARGE(count / bulkPerWord);
    A = growTable(pc[2], A, count);
    NEXT(3);
  }
  OP(TableFill) {
    BULK(3, WORD(2), fillTable(pc[2], WORD(0), fp[pc[1] + 1].bits, WORD(2)));
  }
  OP(TableCopy) {
    BULK(4, WORD(2), copyTable(pc[2], pc[3], WORD(0), WORD(1), WORD(2)));
  }
  OP(TableInit) {
    BULK(4, WORD(2), initTable(pc[2], pc[3], WORD(0), WORD(1), WORD(2)));
  }
  OP(ElemDrop) {
    elements_[pc[1]] = {};
    NEXT(2);
  }
  OP(MemorySize) {
    A = memoryBytes / wasm::pageBytes;
    NEXT(2);
  }
  OP(MemoryGrow) {
    A = growMemory(fromSlot<uint32_t>(B));
    memoryBytes = memory_.size();
    NEXT(3);
  }
  OP(MemoryFill) { BULK(2, WORD(2), fillMemory(WORD(0), WORD(1), WORD(2))); }
  OP(MemoryCopy) { BULK(2, WORD(2), copyMemory(WORD(0), WORD(1), WORD(2))); }
  OP(MemoryInit) {
    BULK(3, WORD(2), initMemory(pc[2], WORD(0), WORD(1), WORD(2)));
  }
  OP(DataDrop) {
    data_[pc[1]] = {};
    NEXT(2);
  }

dead:
  depth_ = depth;
  die(trap, {}, function);
}

} // namespace rune::engine
