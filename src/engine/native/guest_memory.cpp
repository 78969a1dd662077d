// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/native/guest_memory.h"

#include "engine/native/address_ranges.h"
#include "wasm/limits.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace rune::engine::native {

/// Two sums of 32 bits, and the widest access behind them.
static constexpr uint64_t guardedBytes = (uint64_t{8} << 30) + (64 << 10);

/// pages · page size, or all there is.
static uint64_t bytesOf(uint64_t pages, uint8_t pageSizeLog2) {
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(pages, uint64_t{1} << pageSizeLog2, &bytes))
    return UINT64_MAX;
  return bytes;
}

Result<std::unique_ptr<NativeMemory>>
NativeMemory::make(const wasm::MemoryType &type, Bounds bounds,
                   uint64_t mostBytes) {
  std::unique_ptr<NativeMemory> memory(new NativeMemory(type));
  uint64_t least = bytesOf(type.pages.minimum, type.pageSizeLog2);
  bool isWide = type.address == wasm::ValueType::I64;
  uint64_t most =
      std::min({uint64_t{1} << 47, mostBytes,
                bytesOf(wasm::limits::memoryPages(isWide, type.pageSizeLog2),
                        type.pageSizeLog2)});
  if (type.pages.maximum)
    most = std::min(most, bytesOf(*type.pages.maximum, type.pageSizeLog2));
  memory->mostBytes_ = std::max(most, least);
  memory->guarded_ = isGuarded(type, bounds);
  memory->reserved_ = memory->guarded_ ? guardedBytes : memory->mostBytes_;
  if (memory->reserved_ == 0)
    return memory;
  void *base = mmap(nullptr, memory->reserved_,
                    memory->guarded_ ? PROT_NONE : PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED)
    return error("engine.out-of-memory",
                 "cannot reserve {} bytes of address space for a guest: {}",
                 memory->reserved_, std::strerror(errno));
  memory->state_.base = static_cast<uint8_t *>(base);
  if (memory->guarded_)
    memoryRanges().add(base, memory->reserved_);
  if (!memory->grow(least))
    return error("engine.out-of-memory",
                 "cannot give a guest {} bytes of memory: {}", least,
                 std::strerror(errno));
  return memory;
}

NativeMemory::~NativeMemory() {
  if (!state_.base)
    return;
  if (guarded_)
    memoryRanges().remove(state_.base);
  munmap(state_.base, reserved_);
}

wasm::MemoryType NativeMemory::type() const {
  wasm::MemoryType now = type_;
  now.pages.minimum = pages();
  return now;
}

std::optional<uint64_t> NativeMemory::bytesToGrow(uint64_t pages) const {
  uint64_t bytes = bytesOf(pages, type_.pageSizeLog2);
  if (bytes > mostBytes_ - state_.bytes)
    return {};
  return bytes;
}

bool NativeMemory::grow(uint64_t byBytes) {
  if (guarded_ && byBytes > 0 &&
      mprotect(state_.base + state_.bytes, byBytes, PROT_READ | PROT_WRITE) !=
          0)
    return false;
  state_.bytes += byBytes;
  return true;
}

} // namespace rune::engine::native
