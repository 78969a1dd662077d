// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Address space for linear memories. Reserving and freeing 8 GiB costs more
// than most instances run, so what is given back is kept for the next one: its
// pages are dropped at once, so that it is zero, holds nobody's secrets and
// takes no memory while it waits.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace rune::engine {

/// [base, base + bytes), of which `open` bytes from the base can be touched.
struct Reservation {
  uint8_t *base = nullptr;
  uint64_t bytes = 0;
  uint64_t open = 0;
};

class ReservationPool {
public:
  /// Keeps at most `kept` reservations that nobody uses.
  explicit ReservationPool(size_t kept = 32) : most_(kept) {}
  ReservationPool(const ReservationPool &) = delete;
  ~ReservationPool();

  /// Zeros, as many as are `open`.
  ///
  /// in      `bytes` above 0, `open` a multiple of the machine's pages or all
  /// errors  `engine.out-of-memory`
  Result<Reservation> take(uint64_t bytes, uint64_t open);
  /// In any state.
  void give(Reservation reservation);
  /// Makes more bytes touchable. False, and nothing changed, if the machine
  /// refuses.
  static bool open(Reservation &reservation, uint64_t moreBytes);

  /// Reservations that wait for use.
  size_t kept();

private:
  std::optional<Reservation> takeKept(uint64_t bytes, uint64_t open);
  bool dropKept();

  std::mutex mutex_;
  std::vector<Reservation> free_;
  size_t most_;
};

} // namespace rune::engine
