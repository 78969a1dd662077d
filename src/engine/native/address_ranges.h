// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where machine code and guest memories lie, for a signal handler to ask. It
// may interrupt anything, so looking takes no lock and follows no pointer that
// anyone frees: ranges live in a list of nodes that are used again and stay.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace rune::engine::native {

class AddressRanges {
public:
  void add(const void *base, size_t bytes);
  /// Of a range that was added.
  void remove(const void *base);
  /// Safe in a signal handler.
  bool hold(uint64_t address) const;

private:
  struct Node {
    /// 0: free.
    std::atomic<uint64_t> begin = 0;
    std::atomic<uint64_t> end = 0;
    std::atomic<bool> taken = false;
    Node *next = nullptr;
  };

  Node *take();

  std::atomic<Node *> first_ = nullptr;
};

/// Of this process: signals belong to it as a whole.
AddressRanges &codeRanges();
AddressRanges &memoryRanges();

} // namespace rune::engine::native
