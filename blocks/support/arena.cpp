// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The arena: one static area for the arguments and results of one call.
//
//   | arguments and results ->            free            | 4 KiB |  <- kept |
//   0                   next                           limit            keptAt
//
// Bump allocation only, everything freed at once after the call, so that a call
// allocates nothing, memory never grows, and the thousandth call finds what the
// first one found. Linked into every block; see ABI.md.
#include "wit.h"

#ifndef RUNE_ARENA_BYTES
#define RUNE_ARENA_BYTES (32u << 20)
#endif
static_assert(RUNE_ARENA_BYTES % 65536 == 0 && RUNE_ARENA_BYTES >= 65536 &&
                  RUNE_ARENA_BYTES <= (1u << 30),
              "the arena is a whole number of pages, up to 1 GiB");

namespace rune::wit {
namespace {

constexpr size_t reserve = 4096;

alignas(arenaAlignment) uint8_t arena[RUNE_ARENA_BYTES];
size_t next = 0;
size_t newest = 0;
size_t keptAt = RUNE_ARENA_BYTES;

constexpr size_t roundUp(size_t bytes) {
  return (bytes + arenaAlignment - 1) & ~(arenaAlignment - 1);
}

/// The offset of `bytes` free ones below `limit`, or none.
bool fits(size_t from, size_t bytes, size_t limit) {
  return from <= limit && bytes <= limit - from &&
         roundUp(bytes) <= limit - from;
}

size_t spared() { return keptAt > reserve ? keptAt - reserve : 0; }

void *take(size_t bytes, size_t limit) {
  if (!fits(next, bytes, limit))
    return nullptr;
  newest = next;
  next += roundUp(bytes);
  return arena + newest;
}

} // namespace

void *tryAllocate(size_t bytes) { return take(bytes, spared()); }

void *allocate(size_t bytes) {
  void *piece = take(bytes, keptAt);
  if (!piece)
    __builtin_trap();
  return piece;
}

size_t arenaLeft() { return spared() > next ? spared() - next : 0; }

void *keepBytes(size_t bytes) {
  if (!fits(next, bytes, spared()))
    return nullptr;
  keptAt -= roundUp(bytes);
  return arena + keptAt;
}

/// Called by the bindings around a call, never by a block's author.
void freeCall() { next = newest = 0; }
void freeKept() { keptAt = RUNE_ARENA_BYTES; }

} // namespace rune::wit

using namespace rune::wit;

// Canonical ABI: room for what the host passes in, or a piece it got earlier
// made longer. There is no failing: 0 would be a valid address, so we trap.
extern "C" __attribute__((export_name("cabi_realloc"))) void *
cabi_realloc(void *old, size_t oldBytes, size_t alignment, size_t newBytes) {
  if (alignment > arenaAlignment)
    __builtin_trap();
  size_t at = static_cast<size_t>(static_cast<uint8_t *>(old) - arena);
  if (oldBytes != 0 && at == newest && fits(at, newBytes, spared())) {
    next = at + roundUp(newBytes);
    return old;
  }
  void *piece = tryAllocate(newBytes);
  if (!piece)
    __builtin_trap();
  if (oldBytes != 0)
    std::memcpy(piece, old, oldBytes < newBytes ? oldBytes : newBytes);
  return piece;
}

extern "C" __attribute__((export_name("rune_arena_bytes"))) size_t
rune_arena_bytes() {
  return RUNE_ARENA_BYTES;
}
