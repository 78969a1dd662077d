// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The arena of a run. It comes from the system as zeros, page by page when it
// is touched: a start pays for no more than the first run needs. Large arenas
// lie in huge pages where the system gives them, which saves most of the
// faults.
#pragma once

#include "base/result.h"

#include <cstdint>

namespace rune::device {

class ArenaMemory {
public:
  /// Zeros at a multiple of 64; no memory at all for 0 bytes.
  ///
  /// errors  `machine.out-of-memory`: more than this machine has or gives
  static Result<ArenaMemory> of(uint64_t bytes);

  ArenaMemory() = default;
  ArenaMemory(ArenaMemory &&other) noexcept;
  ArenaMemory &operator=(ArenaMemory &&other) noexcept;
  ~ArenaMemory();

  uint8_t *data() const { return data_; }

private:
  uint8_t *data_ = nullptr;
  uint64_t bytes_ = 0;
};

} // namespace rune::device
