// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Address space for linear memories. Reserving and freeing 8 GiB costs more
// than most instances run, so what is given back is kept for the next one: its
// pages are dropped at once, so that it is zero, holds nobody's secrets and
// takes no memory while it waits. Small memories that need no guard share a
// mapping.
#pragma once

#include "base/result.h"
#include "engine/memory_slab.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace rune::engine {

/// [base, base + bytes), of which `open` bytes from the base can be touched.
struct Reservation {
  uint8_t *base = nullptr;
  uint64_t bytes = 0;
  uint64_t open = 0;
  /// The slab that it is a piece of, if it is one's.
  MemorySlab *slab = nullptr;
};

class ReservationPool {
public:
  /// Keeps at most `kept` reservations that nobody uses. `slabBytes`: of a
  /// mapping that small ones share.
  explicit ReservationPool(size_t kept = 32,
                           uint64_t slabBytes = uint64_t{256} << 20)
      : most_(kept), slabBytes_(slabBytes) {}
  ReservationPool(const ReservationPool &) = delete;
  ~ReservationPool();

  /// Zeros, as many as are `open`.
  ///
  /// in      `bytes` above 0, `open` a multiple of the machine's pages or all
  /// errors  `engine.out-of-memory`
  Result<Reservation> take(uint64_t bytes, uint64_t open);
  /// Zeros, all of which can be touched, and others' next to them: for who
  /// compares before each access. A fourth of a slab or more is a mapping of
  /// its own.
  ///
  /// errors  `engine.out-of-memory`
  Result<Reservation> takePacked(uint64_t bytes);
  /// In any state.
  void give(Reservation reservation);
  /// Makes more bytes touchable. False, and nothing changed, if the machine
  /// refuses.
  static bool open(Reservation &reservation, uint64_t moreBytes);

  /// Reservations that wait for use.
  size_t kept();
  /// Mappings that small memories share.
  size_t slabs();

private:
  std::optional<Reservation> takeKept(uint64_t bytes, uint64_t open);
  bool dropKept();
  std::optional<Reservation> takePiece(uint64_t bytes);
  void givePiece(const Reservation &piece);

  std::mutex mutex_;
  std::vector<Reservation> free_;
  std::vector<std::unique_ptr<MemorySlab>> slabs_;
  size_t most_;
  uint64_t slabBytes_;
};

} // namespace rune::engine
