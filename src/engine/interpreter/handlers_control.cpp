// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Branches, calls and returns (core 2.0, section 4.4.8).
#include "engine/interpreter/handlers.h"

#include "engine/masked_index.h"
#include "engine/mutation.h"

#include <algorithm>

namespace rune::engine {

static Handler *const handlers[] = {
#define RUNE_OP(name) run##name,
#include "engine/interpreter/ops.def"
};

HandlerAddress addressOf(Op op) {
  uint64_t bits = reinterpret_cast<uintptr_t>(
      handlers[static_cast<uint32_t>(implemented(op))]);
  return std::bit_cast<HandlerAddress>(bits);
}

OP(OutOfBudget) {
  budget = machine->takeBudget(-budget);
  if (budget < 0)
    return;
  DISPATCH;
}

/// `run` ends here.
OP(Exit) { machine->returnBudget(budget); }

OP(Br) { BRANCH(2); }
OP(BrIf) {
  if (get<uint32_t>(fp, pc[3]))
    BRANCH(2);
  NEXT(2);
}
OP(BrUnless) {
  if (!get<uint32_t>(fp, pc[3]))
    BRANCH(2);
  NEXT(2);
}
OP(BrTable) {
  uint32_t chosen = std::min(get<uint32_t>(fp, pc[2]), pc[3]);
  const uint32_t *target = pc + 6 + uint64_t{chosen} * 2;
  if (pc[5] > 0)
    std::memmove(static_cast<void *>(&slotAt(fp, target[1])),
                 &slotAt(fp, pc[4]), pc[5] * sizeof(Value));
  int32_t offset = static_cast<int32_t>(*target);
  pc = target + offset;
  if (offset < 0)
    PAY_AND_DISPATCH(-int64_t{offset});
  DISPATCH;
}

// Calls. `callee` begins at `base`; the caller's frame was kept, if it must.

#define LOAD_MEMORY()                                                          \
  do {                                                                         \
    memory = machine->instance->memoryBase();                                  \
    memoryBytes = machine->instance->memoryBytes();                            \
  } while (false)
#define PUSH_FRAME(next)                                                       \
  do {                                                                         \
    if (machine->top == machine->framesEnd) [[unlikely]]                       \
      TRAP(TrapKind::CallStackExhausted);                                      \
    *machine->top++ = {machine->function, next, fp, machine->instance};        \
  } while (false)
#define POP_FRAME()                                                            \
  do {                                                                         \
    const Frame &frame = *--machine->top;                                      \
    pc = frame.next;                                                           \
    fp = frame.slots;                                                          \
    machine->function = frame.function;                                        \
    if (frame.instance != machine->instance) [[unlikely]] {                    \
      machine->instance = frame.instance;                                      \
      if (frame.instance)                                                      \
        LOAD_MEMORY();                                                         \
    }                                                                          \
    DISPATCH;                                                                  \
  } while (false)
/// Into a function of the running instance.
#define BEGIN(callee, base)                                                    \
  do {                                                                         \
    machine->function = callee;                                                \
    if (!callee->translated) [[unlikely]]                                      \
      machine->instance->translateNow(*callee);                                \
    const Code &code = callee->code;                                           \
    fp = base;                                                                 \
    if (machine->slotsEnd - fp < static_cast<int64_t>(code.frameSlots))        \
        [[unlikely]]                                                           \
      TRAP(TrapKind::CallStackExhausted);                                      \
    pc = code.words.data();                                                    \
    for (uint32_t i = 0; i < code.locals; ++i)                                 \
      fp[code.parameters + i] = {};                                            \
    PAY_AND_DISPATCH(static_cast<int64_t>(code.words.size()) + code.locals);   \
  } while (false)
/// Into any function of the store.
#define BEGIN_ANY(callee, base)                                                \
  do {                                                                         \
    if (callee->instance != machine->instance) [[unlikely]] {                  \
      if (!callee->instance)                                                   \
        CALL_HOST(callee, base);                                               \
      machine->instance = callee->instance;                                    \
      LOAD_MEMORY();                                                           \
    }                                                                          \
    BEGIN(callee, base);                                                       \
  } while (false)
/// A function of the host, then back to the frame on top.
#define CALL_HOST(callee, base)                                                \
  do {                                                                         \
    InterpreterFunction *caller = machine->function;                           \
    machine->function = nullptr;                                               \
    machine->returnBudget(budget);                                             \
    bool called = machine->callHost(*callee, base);                            \
    if (!called)                                                               \
      return;                                                                  \
    machine->function = caller;                                                \
    budget =                                                                   \
        machine->fueled || budget < 1 ? machine->takeBudget(1) : budget - 1;   \
    if (budget < 0)                                                            \
      return;                                                                  \
    LOAD_MEMORY();                                                             \
    POP_FRAME();                                                               \
  } while (false)

/// `callee` and `base` as words; only functions of the same instance.
OP(Call) {
  auto *callee = pointerAt<InterpreterFunction>(pc + 2);
  Value *base = &slotAt(fp, pc[4]);
  PUSH_FRAME(pc + 5);
  BEGIN(callee, base);
}

OP(CallImport) {
  auto *callee = pointerAt<InterpreterFunction>(pc + 2);
  Value *base = &slotAt(fp, pc[4]);
  PUSH_FRAME(pc + 5);
  BEGIN_ANY(callee, base);
}

/// Arguments move to the begin of the frame, which the callee takes over.
#define MOVE_ARGUMENTS(callee, base)                                           \
  std::memmove(static_cast<void *>(fp), base,                                  \
               callee->signature->parameters.size() * sizeof(Value))

OP(ReturnCall) {
  auto *callee = pointerAt<InterpreterFunction>(pc + 2);
  MOVE_ARGUMENTS(callee, &slotAt(fp, pc[4]));
  BEGIN_ANY(callee, fp);
}

/// Words: table, type, base, element.
#define CHOOSE_CALLEE()                                                        \
  auto *table = pointerAt<InterpreterTable>(pc + 2);                           \
  uint64_t at = table->declared.address == wasm::ValueType::I64                \
                    ? get<uint64_t>(fp, pc[6])                                 \
                    : get<uint32_t>(fp, pc[6]);                                \
  if (at >= table->elements.size()) [[unlikely]]                               \
    TRAP(TrapKind::UndefinedElement);                                          \
  uint64_t reference = table->elements[masked(at, table->elements.size())];    \
  if (reference == 0) [[unlikely]]                                             \
    TRAP(TrapKind::UninitializedElement);                                      \
  auto *callee = InterpreterFunction::of(reference);                           \
  if (callee->typeId != pc[4]) [[unlikely]]                                    \
  TRAP(TrapKind::IndirectCallTypeMismatch)

OP(CallIndirect) {
  CHOOSE_CALLEE();
  Value *base = &slotAt(fp, pc[5]);
  PUSH_FRAME(pc + 7);
  BEGIN_ANY(callee, base);
}

OP(ReturnCallIndirect) {
  CHOOSE_CALLEE();
  MOVE_ARGUMENTS(callee, &slotAt(fp, pc[5]));
  BEGIN_ANY(callee, fp);
}

// Results go to the begin of the frame.

OP(Return) { POP_FRAME(); }
OP(ReturnOne) {
  fp->bits = get<uint64_t>(fp, pc[2]);
  POP_FRAME();
}
OP(ReturnWide) {
  *fp = slotAt(fp, pc[2]);
  POP_FRAME();
}
OP(ReturnMany) {
  std::memmove(static_cast<void *>(fp), &slotAt(fp, pc[2]),
               pc[3] * sizeof(Value));
  POP_FRAME();
}

OP(Unreachable) { TRAP(TrapKind::Unreachable); }

void enter(Machine &machine, InterpreterFunction &callee, Value *base,
           int64_t budget) {
  // As a call from code that ends right behind it.
  const HandlerAddress call = addressOf(Op::ReturnCallEntry);
  std::array<uint32_t, 4> words{};
  uint64_t pointer = reinterpret_cast<uintptr_t>(&callee);
  std::memcpy(words.data(), call.data(), sizeof call);
  std::memcpy(words.data() + 2, &pointer, sizeof pointer);
  handlerAt(words.data())(words.data(), base, nullptr, 0, budget, &machine);
}

/// Words: callee. Its arguments are in place.
OP(ReturnCallEntry) {
  auto *callee = pointerAt<InterpreterFunction>(pc + 2);
  machine->instance = callee->instance;
  LOAD_MEMORY();
  BEGIN(callee, fp);
}

} // namespace rune::engine
