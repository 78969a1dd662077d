// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/memory_slab.h"

#include "base/bytes.h"
#include "base/result.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <iterator>

namespace rune::engine {

static uint64_t wholePages(uint64_t bytes) {
  static const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return alignTo(bytes, page);
}

MemorySlab::MemorySlab(uint8_t *base, uint64_t bytes)
    : base_(base), bytes_(bytes), gaps_{{0, bytes}} {}

MemorySlab::~MemorySlab() { munmap(base_, bytes_); }

std::unique_ptr<MemorySlab> MemorySlab::make(uint64_t bytes) {
  void *base = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED)
    return nullptr;
  // A huge page would be many guests', and stay as long as one of them. Where
  // the kernel has none there is nothing to forbid.
  (void)madvise(base, bytes, MADV_NOHUGEPAGE);
  return std::unique_ptr<MemorySlab>(
      new MemorySlab(static_cast<uint8_t *>(base), bytes));
}

uint8_t *MemorySlab::take(uint64_t bytes) {
  bytes = wholePages(bytes);
  auto gap = std::find_if(gaps_.begin(), gaps_.end(), [&](const auto &each) {
    return each.second >= bytes;
  });
  if (gap == gaps_.end())
    return nullptr;
  auto [at, size] = *gap;
  gaps_.erase(gap);
  if (size > bytes)
    gaps_.emplace(at + bytes, size - bytes);
  return base_ + at;
}

void MemorySlab::give(uint8_t *piece, uint64_t bytes) {
  bytes = wholePages(bytes);
  RUNE_CHECK(holds(piece), "the piece is of another slab");
  // Dropped now, not when it is taken: nobody's data waits here. Locked pages
  // cannot be dropped.
  if (madvise(piece, bytes, MADV_DONTNEED) != 0)
    std::memset(piece, 0, bytes);
  auto at = static_cast<uint64_t>(piece - base_);
  auto next = gaps_.lower_bound(at);
  if (next != gaps_.end() && at + bytes == next->first) {
    bytes += next->second;
    next = gaps_.erase(next);
  }
  if (next != gaps_.begin()) {
    auto before = std::prev(next);
    if (before->first + before->second == at) {
      before->second += bytes;
      return;
    }
  }
  gaps_.emplace_hint(next, at, bytes);
}

} // namespace rune::engine
