// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/linear_memory.h"

#include <utility>

namespace rune::engine {

Result<LinearMemory>
LinearMemory::reserve(uint64_t bytes, uint64_t mostBytes,
                      std::shared_ptr<ReservationPool> pool) {
  if (mostBytes == 0)
    return LinearMemory();
  Reservation space = RUNE_TRY(pool->take(mostBytes, mostBytes));
  return LinearMemory(space, bytes, std::move(pool));
}

Result<LinearMemory> LinearMemory::pack(uint64_t bytes, uint64_t mostBytes,
                                        std::shared_ptr<ReservationPool> pool) {
  if (mostBytes == 0)
    return LinearMemory();
  Reservation space = RUNE_TRY(pool->takePacked(mostBytes));
  return LinearMemory(space, bytes, std::move(pool));
}

LinearMemory::LinearMemory(LinearMemory &&other) noexcept {
  *this = std::move(other);
}

LinearMemory &LinearMemory::operator=(LinearMemory &&other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(space_, other.space_);
  std::swap(size_, other.size_);
  return *this;
}

LinearMemory::~LinearMemory() {
  if (pool_)
    pool_->give(space_);
}

bool LinearMemory::grow(uint64_t byBytes) {
  if (byBytes > space_.bytes - size_)
    return false;
  size_ += byBytes;
  return true;
}

} // namespace rune::engine
