// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Stacks for fibers. Each has a page below it that cannot be touched, so that
// what runs over its end faults. A stack that is given back is kept for the
// next fiber, up to a bound; only pages that were touched take memory.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <mutex>
#include <vector>

namespace rune::engine {

struct Stack {
  /// The least address that may be used.
  uint8_t *base = nullptr;
  uint64_t bytes = 0;

  uint8_t *top() const { return base + bytes; }
};

class StackPool {
public:
  /// Keeps at most `kept` stacks that nobody uses.
  explicit StackPool(size_t kept = 64) : most_(kept) {}
  StackPool(const StackPool &) = delete;
  ~StackPool();

  /// At least `bytes`.
  ///
  /// errors  `engine.out-of-memory`
  Result<Stack> take(uint64_t bytes);
  void give(Stack stack);
  /// Stacks that wait for use.
  size_t kept();

private:
  std::mutex mutex_;
  std::vector<Stack> free_;
  size_t most_;
};

} // namespace rune::engine
