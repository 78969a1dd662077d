// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One linear memory: address space for all it may become is reserved at once,
// so its base never moves; pages cost nothing until touched.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <span>

namespace rune::engine {

class LinearMemory {
public:
  LinearMemory() = default;
  /// `bytes` zeros that can grow to `mostBytes`.
  ///
  /// errors  `engine.out-of-memory`
  static Result<LinearMemory> reserve(uint64_t bytes, uint64_t mostBytes);

  LinearMemory(LinearMemory &&other) noexcept;
  LinearMemory &operator=(LinearMemory &&other) noexcept;
  ~LinearMemory();

  uint8_t *base() const { return base_; }
  uint64_t size() const { return size_; }
  uint64_t reserved() const { return reserved_; }
  std::span<uint8_t> bytes() const { return {base_, size_}; }
  /// False, and unchanged, if that is more than was reserved.
  bool grow(uint64_t byBytes);

private:
  uint8_t *base_ = nullptr;
  uint64_t size_ = 0;
  uint64_t reserved_ = 0;
};

} // namespace rune::engine
