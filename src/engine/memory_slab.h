// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One mapping that many small memories share. Memories whose accesses are
// compared need no untouchable pages behind them, so they may lie side by side:
// thousands of guests then cost the machine one mapping, and a new one costs no
// system call. Pieces are whole pages, so that what one gives back is dropped
// without touching its neighbours.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

namespace rune::engine {

class MemorySlab {
public:
  /// Null if the machine refuses.
  static std::unique_ptr<MemorySlab> make(uint64_t bytes);
  MemorySlab(const MemorySlab &) = delete;
  ~MemorySlab();

  /// Zeros, whole pages; null if no gap is so large. The first gap that fits is
  /// taken: pieces gather at the front, and the rest stays whole.
  uint8_t *take(uint64_t bytes);
  /// What was taken, in any state.
  void give(uint8_t *piece, uint64_t bytes);

  bool holds(const uint8_t *address) const {
    return address >= base_ && address < base_ + bytes_;
  }
  bool isEmpty() const {
    return gaps_.size() == 1 && gaps_.begin()->second == bytes_;
  }

private:
  MemorySlab(uint8_t *base, uint64_t bytes);

  uint8_t *base_;
  uint64_t bytes_;
  /// What nobody has: offset to size; no two of them touch.
  std::map<uint64_t, uint64_t> gaps_;
};

} // namespace rune::engine
