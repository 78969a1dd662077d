// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One linear memory: address space for all it may become is reserved at once,
// so its base never moves; pages cost nothing until touched.
#pragma once

#include "engine/reservation_pool.h"

#include <cstdint>
#include <memory>
#include <span>

namespace rune::engine {

class LinearMemory {
public:
  LinearMemory() = default;
  /// `bytes` zeros that can grow to `mostBytes`.
  ///
  /// errors  `engine.out-of-memory`
  static Result<LinearMemory> reserve(uint64_t bytes, uint64_t mostBytes,
                                      std::shared_ptr<ReservationPool> pool);
  /// The same, beside others in one mapping if that is little.
  static Result<LinearMemory> pack(uint64_t bytes, uint64_t mostBytes,
                                   std::shared_ptr<ReservationPool> pool);

  LinearMemory(LinearMemory &&other) noexcept;
  LinearMemory &operator=(LinearMemory &&other) noexcept;
  ~LinearMemory();

  uint8_t *base() const { return space_.base; }
  uint64_t size() const { return size_; }
  uint64_t reserved() const { return space_.bytes; }
  std::span<uint8_t> bytes() const { return {space_.base, size_}; }
  /// False, and unchanged, if that is more than was reserved.
  bool grow(uint64_t byBytes);

private:
  LinearMemory(Reservation space, uint64_t bytes,
               std::shared_ptr<ReservationPool> pool)
      : pool_(std::move(pool)), space_(space), size_(bytes) {}

  std::shared_ptr<ReservationPool> pool_;
  Reservation space_;
  uint64_t size_ = 0;
};

} // namespace rune::engine
