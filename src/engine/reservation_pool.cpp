// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/reservation_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace rune::engine {

static void unmap(const Reservation &reservation) {
  munmap(reservation.base, reservation.bytes);
}

ReservationPool::~ReservationPool() { dropKept(); }

bool ReservationPool::dropKept() {
  std::lock_guard lock(mutex_);
  std::for_each(free_.begin(), free_.end(), unmap);
  return !std::exchange(free_, {}).empty();
}

size_t ReservationPool::kept() {
  std::lock_guard lock(mutex_);
  return free_.size();
}

size_t ReservationPool::slabs() {
  std::lock_guard lock(mutex_);
  return slabs_.size();
}

bool ReservationPool::open(Reservation &reservation, uint64_t moreBytes) {
  if (moreBytes > 0 && mprotect(reservation.base + reservation.open, moreBytes,
                                PROT_READ | PROT_WRITE) != 0)
    return false;
  reservation.open += moreBytes;
  return true;
}

/// Of the right size; best one that is open as far as it should be.
std::optional<Reservation> ReservationPool::takeKept(uint64_t bytes,
                                                     uint64_t open) {
  std::lock_guard lock(mutex_);
  auto best = free_.end();
  for (auto each = free_.begin(); each != free_.end(); ++each)
    if (each->bytes == bytes && (best == free_.end() || each->open == open))
      best = each;
  if (best == free_.end())
    return {};
  Reservation found = *best;
  free_.erase(best);
  return found;
}

/// What is open becomes what should be.
static bool resize(Reservation &reservation, uint64_t open) {
  if (reservation.open <= open)
    return ReservationPool::open(reservation, open - reservation.open);
  if (mprotect(reservation.base + open, reservation.open - open, PROT_NONE) !=
      0)
    return false;
  reservation.open = open;
  return true;
}

Result<Reservation> ReservationPool::take(uint64_t bytes, uint64_t open) {
  if (std::optional<Reservation> kept = takeKept(bytes, open)) {
    if (resize(*kept, open))
      return *kept;
    unmap(*kept);
  }
  bool all = open == bytes;
  auto map = [&] {
    return mmap(nullptr, bytes, all ? PROT_READ | PROT_WRITE : PROT_NONE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  };
  void *base = map();
  if (base == MAP_FAILED && dropKept()) // they may be what takes the room
    base = map();
  if (base == MAP_FAILED)
    return error("engine.out-of-memory",
                 "cannot reserve {} bytes of address space for a guest: {}",
                 bytes, std::strerror(errno));
  Reservation made{static_cast<uint8_t *>(base), bytes, all ? bytes : 0};
  if (resize(made, open))
    return made;
  int why = errno;
  unmap(made);
  return error("engine.out-of-memory",
               "cannot give a guest {} bytes of memory: {}", open,
               std::strerror(why));
}

/// Of the first slab that has room, or of a new one.
std::optional<Reservation> ReservationPool::takePiece(uint64_t bytes) {
  std::lock_guard lock(mutex_);
  for (const auto &each : slabs_)
    if (uint8_t *base = each->take(bytes))
      return Reservation{base, bytes, bytes, each.get()};
  std::unique_ptr<MemorySlab> made = MemorySlab::make(slabBytes_);
  if (!made)
    return {};
  MemorySlab &slab = *slabs_.emplace_back(std::move(made));
  return Reservation{slab.take(bytes), bytes, bytes, &slab};
}

Result<Reservation> ReservationPool::takePacked(uint64_t bytes) {
  if (bytes < slabBytes_ / 4)
    if (std::optional<Reservation> piece = takePiece(bytes))
      return *piece;
  return take(bytes, bytes);
}

/// One empty slab is kept.
void ReservationPool::givePiece(const Reservation &piece) {
  std::lock_guard lock(mutex_);
  piece.slab->give(piece.base, piece.bytes);
  auto isEmpty = [](const auto &each) { return each->isEmpty(); };
  if (std::count_if(slabs_.begin(), slabs_.end(), isEmpty) > 1)
    slabs_.erase(std::find_if(slabs_.begin(), slabs_.end(), isEmpty));
}

void ReservationPool::give(Reservation reservation) {
  if (reservation.slab)
    return givePiece(reservation);
  if (most_ == 0 ||
      (reservation.open > 0 &&
       madvise(reservation.base, reservation.open, MADV_DONTNEED) != 0))
    return unmap(reservation);
  std::lock_guard lock(mutex_);
  if (free_.size() == most_) {
    unmap(free_.front());
    free_.erase(free_.begin());
  }
  free_.push_back(reservation);
}

} // namespace rune::engine
