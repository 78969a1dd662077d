// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/cpu/arena_memory.h"

#include "base/bytes.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace rune::device {

namespace {

constexpr uint64_t pageBytes = 4096;
constexpr uint64_t hugeBytes = uint64_t{2} << 20;

/// All that the machine has, used or not.
uint64_t machineBytes() {
  long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  return pages > 0 && size > 0
             ? static_cast<uint64_t>(pages) * static_cast<uint64_t>(size)
             : UINT64_MAX;
}

void *mapped(uint64_t bytes) {
  return mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/// At a multiple of a huge page, for which more is mapped and given back.
void *mappedHuge(uint64_t bytes) {
  void *at = mapped(bytes + hugeBytes);
  if (at == MAP_FAILED)
    return at;
  auto *begin = static_cast<uint8_t *>(at);
  auto place = reinterpret_cast<uintptr_t>(at);
  uint64_t before = alignTo(place, hugeBytes) - place;
  if (before > 0)
    munmap(begin, before);
  munmap(begin + before + bytes, hugeBytes - before);
  // else in small pages
  (void)madvise(begin + before, bytes, MADV_HUGEPAGE);
  return begin + before;
}

} // namespace

Result<ArenaMemory> ArenaMemory::of(uint64_t bytes) {
  ArenaMemory memory;
  if (bytes == 0)
    return memory;
  // the system would promise it, and end the process that touches it
  if (bytes > machineBytes())
    return error("machine.out-of-memory",
                 "the model needs {} bytes of memory, this machine has {}",
                 bytes, machineBytes());
  bytes = alignTo(bytes, pageBytes);
  void *at = bytes >= hugeBytes ? mappedHuge(bytes) : mapped(bytes);
  if (at == MAP_FAILED)
    return error("machine.out-of-memory",
                 "the model needs {} bytes of memory, which are not to be had: "
                 "{}",
                 bytes, std::strerror(errno));
  memory.data_ = static_cast<uint8_t *>(at);
  memory.bytes_ = bytes;
  return memory;
}

ArenaMemory::ArenaMemory(ArenaMemory &&other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)) {}

ArenaMemory &ArenaMemory::operator=(ArenaMemory &&other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

ArenaMemory::~ArenaMemory() {
  if (data_)
    munmap(data_, bytes_);
}

} // namespace rune::device
