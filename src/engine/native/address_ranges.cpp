// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/native/address_ranges.h"

namespace rune::engine::native {

AddressRanges::Node *AddressRanges::take() {
  for (Node *node = first_; node; node = node->next)
    if (!node->taken.exchange(true))
      return node;
  auto *node = new Node; // stays for ever, to be used again
  node->taken = true;
  node->next = first_;
  while (!first_.compare_exchange_weak(node->next, node)) {
  }
  return node;
}

void AddressRanges::add(const void *base, size_t bytes) {
  auto begin = reinterpret_cast<uint64_t>(base);
  Node *node = take();
  node->end = begin + bytes;
  node->begin = begin;
}

void AddressRanges::remove(const void *base) {
  auto begin = reinterpret_cast<uint64_t>(base);
  for (Node *node = first_; node; node = node->next)
    if (node->begin == begin) {
      node->begin = 0;
      node->end = 0;
      node->taken = false;
      return;
    }
}

bool AddressRanges::hold(uint64_t address) const {
  for (const Node *node = first_; node; node = node->next) {
    uint64_t begin = node->begin;
    if (begin != 0 && address >= begin && address < node->end)
      return true;
  }
  return false;
}

// Made once and never destroyed: a fault may come while the process ends.
AddressRanges &codeRanges() {
  static auto *ranges = new AddressRanges;
  return *ranges;
}
AddressRanges &memoryRanges() {
  static auto *ranges = new AddressRanges;
  return *ranges;
}

} // namespace rune::engine::native
