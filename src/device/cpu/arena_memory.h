// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"

#include <cstdint>

namespace rune::device {

/// Zeroed bytes at the begin of a page, which take memory once they are
/// touched.
class ArenaMemory {
public:
  /// errors  `machine.out-of-memory`: more than this machine has
  static Result<ArenaMemory> of(uint64_t bytes);

  ArenaMemory() = default;
  ArenaMemory(ArenaMemory &&other) noexcept;
  ArenaMemory &operator=(ArenaMemory &&other) noexcept;
  ~ArenaMemory();

  uint8_t *data() const { return base_; }

private:
  uint8_t *base_ = nullptr;
  uint64_t bytes_ = 0;
};

} // namespace rune::device
