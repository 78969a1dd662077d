// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What machine code calls (helpers.def). A helper either returns or leaves the
// guest for good; it leaves with nothing of its own to destroy, because leaving
// jumps over its frame.
#include "engine/native/instance.h"

namespace rune::engine::native {

namespace {

/// Where the machine code stands that called this helper.
#define RUNE_CALLER CodePlace::callerOf(__builtin_frame_address(0))

[[noreturn]] void end(GuestContext *context, TrapKind kind, CodePlace place) {
  context->instance->store().die(kind, {}, place);
  leave();
}

void endIf(GuestContext *context, MaybeTrap trap, CodePlace place) {
  if (trap) [[unlikely]]
    end(context, *trap, place);
}

void trap(GuestContext *context, uint32_t kind) {
  end(context, static_cast<TrapKind>(kind), RUNE_CALLER);
}

/// Null, or of another type: one comparison found both.
void indirectTrap(GuestContext *context, uint32_t table, uint64_t element) {
  bool isNull = context->instance->tableAt(table).reference(element) == 0;
  end(context,
      isNull ? TrapKind::UninitializedElement
             : TrapKind::IndirectCallTypeMismatch,
      RUNE_CALLER);
}

uint64_t memoryGrow(GuestContext *context, uint32_t memory, uint64_t pages) {
  NativeInstance &guest = *context->instance;
  return guest.store().growMemory(guest.memoryAt(memory), pages);
}

void memoryFill(GuestContext *context, uint32_t memory, uint64_t at,
                uint32_t value, uint64_t count) {
  endIf(context,
        fillMemory(*context->instance, memory, at, static_cast<uint8_t>(value),
                   count),
        RUNE_CALLER);
}

void memoryCopy(GuestContext *context, uint32_t to, uint32_t from,
                uint64_t toAt, uint64_t fromAt, uint64_t count) {
  endIf(context, copyMemory(*context->instance, to, from, toAt, fromAt, count),
        RUNE_CALLER);
}

void memoryInit(GuestContext *context, uint32_t memory, uint32_t segment,
                uint64_t toAt, uint64_t fromAt, uint64_t count) {
  endIf(context,
        initMemory(*context->instance, memory, segment, toAt, fromAt, count),
        RUNE_CALLER);
}

void dataDrop(GuestContext *context, uint32_t segment) {
  context->instance->dataSegment(segment) = {};
}

void tableSet(GuestContext *context, uint32_t table, uint64_t at,
              uint64_t value) {
  if (!context->instance->tableAt(table).set(at, {value})) [[unlikely]]
    end(context, TrapKind::OutOfBoundsTable, RUNE_CALLER);
}

uint64_t tableGrow(GuestContext *context, uint32_t table, uint64_t value,
                   uint64_t count) {
  NativeInstance &guest = *context->instance;
  uint64_t before = guest.store().growTable(guest.tableAt(table), value, count);
  if (before != UINT64_MAX)
    endIf(context, guest.store().mustEnd(count), RUNE_CALLER);
  return before;
}

void tableFill(GuestContext *context, uint32_t table, uint64_t at,
               uint64_t value, uint64_t count) {
  endIf(context, fillTable(*context->instance, table, at, value, count),
        RUNE_CALLER);
}

void tableCopy(GuestContext *context, uint32_t to, uint32_t from, uint64_t toAt,
               uint64_t fromAt, uint64_t count) {
  endIf(context, copyTable(*context->instance, to, from, toAt, fromAt, count),
        RUNE_CALLER);
}

void tableInit(GuestContext *context, uint32_t table, uint32_t segment,
               uint64_t toAt, uint64_t fromAt, uint64_t count) {
  endIf(context,
        initTable(*context->instance, table, segment, toAt, fromAt, count),
        RUNE_CALLER);
}

void elementDrop(GuestContext *context, uint32_t segment) {
  context->instance->elementSegment(segment) = {};
}

void endByHost(GuestContext *context) {
  context->instance->store().endByHost(RUNE_CALLER);
  leave();
}

} // namespace

void fillHelpers(GuestContext &context) {
  const void **next = context.helpers;
#define RUNE_HELPER(name, result, parameters)                                  \
  *next++ = reinterpret_cast<const void *>(&name);
#include "engine/native/helpers.def"
}

} // namespace rune::engine::native
