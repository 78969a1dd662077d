// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/native/guest_memory.h"

#include "engine/native/address_ranges.h"
#include "wasm/limits.h"

#include <algorithm>

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
                   uint64_t mostBytes, std::shared_ptr<ReservationPool> pool) {
  std::unique_ptr<NativeMemory> memory(new NativeMemory(type, std::move(pool)));
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
  memory->state_.bytes = least;
  uint64_t reserved = memory->guarded_ ? guardedBytes : memory->mostBytes_;
  if (reserved == 0)
    return memory;
  memory->space_ =
      RUNE_TRY(memory->guarded_ ? memory->pool_->take(reserved, least)
                                : memory->pool_->takePacked(reserved));
  memory->state_.base = memory->space_.base;
  if (memory->guarded_)
    memoryRanges().add(memory->space_.base, memory->space_.bytes);
  return memory;
}

NativeMemory::~NativeMemory() {
  if (!space_.base)
    return;
  if (guarded_)
    memoryRanges().remove(space_.base);
  pool_->give(space_);
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
  if (guarded_ && !ReservationPool::open(space_, byBytes))
    return false;
  state_.bytes += byBytes;
  return true;
}

} // namespace rune::engine::native
