// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What machine code and the engine share at run time: the context of one
// instance, which every compiled function takes as its first argument. It has a
// fixed part, then parts whose places follow from the module, the same way in
// the compiler and in the engine (ContextLayout). All of it is plain memory, so
// that code needs no relocation: it finds everything from here.
#pragma once

#include "engine/engine.h"
#include "wasm/limits.h"

#include <cstddef>
#include <cstdint>

namespace rune::engine::native {

class NativeInstance;
struct GuestContext;

/// Bytes of a global, and of a value that leaves a function besides the first.
constexpr uint32_t cellBytes = 16;
/// Bytes of an argument or result where host and guest meet.
constexpr uint32_t slotBytes = sizeof(Value);

/// A function that references may name. A table of functions holds copies, so
/// that an indirect call reads one cache line.
struct FunctionRecord {
  const void *code = nullptr;
  GuestContext *context = nullptr;
  /// Equal for equal types, in all modules of the process; 0 fits none.
  uint64_t type = 0;
  /// The record itself: the value of a reference. Null in an empty element.
  const FunctionRecord *self = nullptr;
};
static_assert(sizeof(FunctionRecord) == 32);

/// A memory as code sees it; whoever imports it points here too.
struct MemoryState {
  uint8_t *base = nullptr;
  uint64_t bytes = 0;
};

/// A table: FunctionRecords for functions, 64-bit references for others.
struct TableState {
  void *elements = nullptr;
  uint64_t size = 0;
};

/// The index of each helper in the context's table.
enum class Helper : uint32_t {
#define RUNE_HELPER(name, result, parameters) name,
#include "engine/native/helpers.def"
};
constexpr uint32_t helperCount = 0
#define RUNE_HELPER(name, result, parameters) +1
#include "engine/native/helpers.def"
    ;

/// What all instances of a store share at run time.
struct StoreState {
  /// Not 0: the deadline has passed. Set by the watch's thread.
  uint32_t interrupt = 0;
  /// Not 0: the guest ends when the function of the host that it called
  /// directly returns.
  uint32_t ended = 0;
  /// Frames must lie above.
  uint64_t stackLimit = 0;
  /// What may still run; below 0 the guest ends. Only code that was made to
  /// count it does.
  int64_t fuel = 0;
  /// While a function of the host runs: the frame by which it was called.
  const void *hostFrame = nullptr;
  /// The results of the function that just returned, but for the first, which
  /// is returned. Here and not in a context, because a tail call may end in
  /// another instance than it began.
  alignas(16) uint8_t results[cellBytes * wasm::limits::results];
};

/// A function of the host with core types, as code calls it: (closure, caller,
/// arguments…) → result.
struct DirectHost {
  /// Null: call by the helper `callHost`.
  const void *code = nullptr;
  void *closure = nullptr;
  Instance *caller = nullptr;
};

struct GuestContext {
  StoreState *store = nullptr;
  NativeInstance *instance = nullptr;
  /// Of every function of the module; of an imported one, a copy.
  const FunctionRecord *functions = nullptr;
  /// By imported function.
  const DirectHost *hosts = nullptr;
  const void *helpers[helperCount] = {};
};

/// Where a memory stands in the context.
struct MemorySlot {
  /// Never moves.
  uint8_t *base;
  MemoryState *state;
};

/// Offsets in the context, by module.
struct ContextLayout {
  explicit ContextLayout(const wasm::Module &module);

  uint32_t memory(uint32_t index) const {
    return memories + index * uint32_t{sizeof(MemorySlot)};
  }
  uint32_t table(uint32_t index) const {
    return tables + index * uint32_t{sizeof(TableState *)};
  }
  /// The type's number in this process.
  uint32_t type(uint32_t index) const { return types + index * 8; }
  /// The cell; of an imported global, a pointer to it.
  uint32_t global(uint32_t index) const { return globals + index * cellBytes; }

  uint32_t memories;
  uint32_t tables;
  uint32_t types;
  uint32_t globals;
  uint32_t bytes;
};

/// Types are compared by structure; equal ones get the number of the first.
std::vector<uint32_t>
firstOfEqual(const std::vector<wasm::FunctionType> &types);

} // namespace rune::engine::native
