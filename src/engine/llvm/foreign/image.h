/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The file that runner.c takes, for C and C++: offsets are from its start.
 * Code begins at a page, and is the artifact's (engine/native/artifact.h). */
#ifndef RUNE_FOREIGN_IMAGE_H
#define RUNE_FOREIGN_IMAGE_H

#define FOREIGN_MAGIC 0x6e6769726f666e52ull
#define FOREIGN_SLOTS 64

/* Pointers that only the runner knows. */
enum { FOREIGN_FILE, FOREIGN_CODE, FOREIGN_HELPER, FOREIGN_MEMORY };

struct foreign_fixup {
  unsigned long long kind, place, value;
};

struct foreign_call {
  unsigned long long function, entry, arguments, results, slots;
};

struct foreign_header {
  unsigned long long magic, file_bytes, code, code_bytes;
  unsigned long long fixups, fixup_count, calls, call_count, records;
  /* A MemoryState, what the memory holds, and how it is reserved. */
  unsigned long long memory_state, memory_image, memory_most, reserved, guarded;
  /* A TableState. */
  unsigned long long table_state;
  /* Fields of the StoreState. */
  unsigned long long stack_limit, fuel;
  unsigned long long counts_fuel, fuel_each;
  /* Values of TrapKind. */
  unsigned long long trap_memory, trap_divide, trap_unreachable, trap_null,
      trap_type, trap_fuel;
};

#endif
