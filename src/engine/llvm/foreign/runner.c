// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs machine code of a foreign processor, under qemu-user, where no engine of
// ours runs. The file on standard input is an instance as the engine would have
// made it (foreign_image.h): only pointers are missing. What comes out is a
// line for each call, and one about memory at the end:
//
//   result BITS HIGH FUEL · trap KIND · memory BYTES HASH
//
// The helpers here are plain ones for what the tests use; the engine's own are
// tested on the machine of the tests.
#include "engine/llvm/foreign/image.h"
#include "engine/llvm/foreign/machine.h"

typedef unsigned char u8;
typedef unsigned u32;
typedef unsigned long long u64;

struct memory {
  u8 *base;
  u64 bytes;
};
struct record {
  const void *code;
  void *context;
  u64 type;
  const struct record *self;
};
struct table {
  struct record *elements;
  u64 size;
};
struct value {
  u64 low, high;
};

static struct foreign_header *file;
static u8 *at(u64 offset) { return (u8 *)file + offset; }
static struct memory *memory(void) {
  return (struct memory *)at(file->memory_state);
}
static struct table *table(void) {
  return (struct table *)at(file->table_state);
}
static long long *fuel(void) { return (long long *)at(file->fuel); }

// Speaking.

static void say(const char *text) {
  u64 length = 0;
  while (text[length])
    ++length;
  systemCall(CALL_WRITE, 1, (long)text, (long)length, 0, 0, 0);
}
static void sayNumber(u64 value) {
  char text[18], *next = text + 17;
  *next = 0;
  do
    *--next = "0123456789abcdef"[value & 15];
  while (value >>= 4);
  *--next = ' ';
  say(next);
}
static _Noreturn void end(int code) {
  for (;;)
    systemCall(CALL_EXIT, code, 0, 0, 0, 0, 0);
}

// Traps.

static u32 trapKind;
static _Noreturn void stop(u32 kind) {
  trapKind = kind;
  leaveGuest();
}

struct action {
  void (*handler)(int, u8 *, void *);
  u64 flags;
#ifndef __riscv
  void (*restorer)(void);
#endif
  u64 mask;
};
void restorer(void);

static void onSignal(int signal, u8 *info, void *context) {
  (void)context;
  u64 address = *(u64 *)(info + 16);
  int memoryFault = signal == 11 || signal == 7;
  if (memoryFault &&
      (!file->guarded || address - (u64)memory()->base >= file->reserved)) {
    say("crash");
    sayNumber(address);
    end(99);
  }
  stop(memoryFault   ? file->trap_memory
       : signal == 8 ? file->trap_divide
                     : file->trap_unreachable);
}

static void catchSignals(void) {
  static const int signals[] = {4, 7, 8, 11};
  for (int i = 0; i < 4; ++i) {
    struct action action = {onSignal,
                            0x40000004 /* NODEFER, SIGINFO */
#ifndef __riscv
                                | 0x04000000 /* RESTORER */
                            ,
                            restorer
#endif
                            ,
                            0};
    systemCall(CALL_SIGACTION, signals[i], (long)&action, 0, 8, 0, 0);
  }
}

// Helpers (engine/native/helpers.def), for one memory and one table.

static int inside(u64 from, u64 count, u64 size) {
  return from <= size && count <= size - from;
}
static void pay(u64 work) {
  if (file->counts_fuel && (*fuel() -= (long long)(work / 1024)) < 0)
    stop(file->trap_fuel);
}

static void helper_trap(void *context, u32 kind) {
  (void)context;
  stop(kind);
}
static void helper_indirectTrap(void *context, u32 index, u64 element) {
  (void)context, (void)index;
  stop(table()->elements[element].self ? file->trap_type : file->trap_null);
}
static u64 helper_memoryGrow(void *context, u32 index, u64 pages) {
  (void)context, (void)index;
  struct memory *own = memory();
  u64 before = own->bytes >> 16;
  if (pages > (file->memory_most - own->bytes) >> 16)
    return ~0ull;
  if (file->guarded && pages > 0 &&
      systemCall(CALL_MPROTECT, (long)(own->base + own->bytes),
                 (long)(pages << 16), 3, 0, 0, 0) != 0)
    return ~0ull;
  own->bytes += pages << 16;
  return before;
}
static void helper_memoryFill(void *context, u32 index, u64 to, u32 value,
                              u64 count) {
  (void)context, (void)index;
  if (!inside(to, count, memory()->bytes))
    stop(file->trap_memory);
  for (u64 i = 0; i < count; ++i)
    memory()->base[to + i] = (u8)value;
  pay(count);
}
static void helper_memoryCopy(void *context, u32 a, u32 b, u64 to, u64 from,
                              u64 count) {
  (void)context, (void)a, (void)b;
  if (!inside(to, count, memory()->bytes) ||
      !inside(from, count, memory()->bytes))
    stop(file->trap_memory);
  u8 *base = memory()->base;
  for (u64 i = 0; i < count; ++i) {
    u64 next = to > from ? count - 1 - i : i;
    base[to + next] = base[from + next];
  }
  pay(count);
}

enum {
#define RUNE_HELPER(name, result, parameters) HELPER_##name,
#include "engine/native/helpers.def"
  HELPER_count
};

/// What no test needs is null: calling it is a crash, and seen.
static const void *const helpers[HELPER_count] = {
    [HELPER_trap] = (const void *)helper_trap,
    [HELPER_indirectTrap] = (const void *)helper_indirectTrap,
    [HELPER_memoryGrow] = (const void *)helper_memoryGrow,
    [HELPER_memoryFill] = (const void *)helper_memoryFill,
    [HELPER_memoryCopy] = (const void *)helper_memoryCopy,
};

// The instance.

static void makeMemory(void) {
  struct memory *own = memory();
  if (file->reserved == 0)
    return;
  long base =
      systemCall(CALL_MMAP, 0, (long)file->reserved, file->guarded ? 0 : 3,
                 0x4022 /* PRIVATE, ANONYMOUS, NORESERVE */, -1, 0);
  if (base < 0 && base > -4096)
    end(98);
  own->base = (u8 *)base;
  if (file->guarded && own->bytes > 0)
    systemCall(CALL_MPROTECT, base, (long)own->bytes, 3, 0, 0, 0);
  for (u64 i = 0; i < own->bytes; ++i)
    own->base[i] = at(file->memory_image)[i];
}

static void fixPointers(const u8 *code) {
  const struct foreign_fixup *fix =
      (const struct foreign_fixup *)at(file->fixups);
  for (u64 i = 0; i < file->fixup_count; ++i, ++fix) {
    const void *value = 0;
    switch (fix->kind) {
    case FOREIGN_FILE:
      value = at(fix->value);
      break;
    case FOREIGN_CODE:
      value = code + fix->value;
      break;
    case FOREIGN_HELPER:
      value = helpers[fix->value];
      break;
    case FOREIGN_MEMORY:
      value = memory()->base;
      break;
    }
    *(const void **)at(fix->place) = value;
  }
}

static void call(const struct foreign_call *wanted, const u8 *code) {
  struct value slots[FOREIGN_SLOTS];
  for (u64 i = 0; i < FOREIGN_SLOTS; ++i)
    slots[i] = i < wanted->arguments ? ((struct value *)at(wanted->slots))[i]
                                     : (struct value){0, 0};
  *(u64 *)at(file->stack_limit) = (u64)__builtin_frame_address(0) - (1 << 20);
  *fuel() =
      file->counts_fuel ? (long long)file->fuel_each : 0x7FFFFFFFFFFFFFFFll;
  const struct record *record =
      (struct record *)at(file->records) + wanted->function;
  int ended =
      enterGuest(code + wanted->entry, record->code, record->context, slots);
  say(ended ? "trap" : "result");
  if (ended)
    sayNumber(trapKind);
  for (u64 i = 0; !ended && i < wanted->results; ++i) {
    sayNumber(slots[i].low);
    sayNumber(slots[i].high);
  }
  if (!ended)
    sayNumber(file->counts_fuel && *fuel() > 0 ? (u64)*fuel() : 0);
  say("\n");
}

static void sayMemory(void) {
  u64 hash = 0xcbf29ce484222325ull;
  for (u64 i = 0; i < memory()->bytes; ++i)
    hash = (hash ^ memory()->base[i]) * 0x100000001b3ull;
  say("memory");
  sayNumber(memory()->bytes);
  sayNumber(hash);
  say("\n");
}

_Noreturn void run(void) {
  file = (struct foreign_header *)systemCall(CALL_MMAP, 0, 4096, 1, 2, 0, 0);
  u64 bytes = file->file_bytes, codeAt = file->code,
      codeBytes = file->code_bytes;
  file = (struct foreign_header *)systemCall(CALL_MMAP, 0, (long)bytes, 3, 2, 0,
                                             0);
  // As the engine's loader has it: code is never writable.
  const u8 *code = (const u8 *)systemCall(CALL_MMAP, 0, (long)codeBytes, 5, 2,
                                          0, (long)codeAt);
  if (file->magic != FOREIGN_MAGIC)
    end(97);
  makeMemory();
  fixPointers(code);
  catchSignals();
  const struct foreign_call *calls =
      (const struct foreign_call *)at(file->calls);
  for (u64 i = 0; i < file->call_count; ++i)
    call(&calls[i], code);
  sayMemory();
  end(0);
}
