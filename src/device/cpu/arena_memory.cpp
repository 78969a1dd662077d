// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/cpu/arena_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace rune::device {

namespace {

/// All that the machine has, used or not.
uint64_t machineBytes() {
  long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  return pages > 0 && size > 0
             ? static_cast<uint64_t>(pages) * static_cast<uint64_t>(size)
             : UINT64_MAX;
}

} // namespace

Result<ArenaMemory> ArenaMemory::of(uint64_t bytes) {
  bytes = std::max<uint64_t>(bytes, 1);
  // the system would promise it, and end the process that touches it
  if (bytes > machineBytes())
    return error("machine.out-of-memory",
                 "the model needs {} bytes of memory, this machine has {}",
                 bytes, machineBytes());
  void *at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED)
    return error("machine.out-of-memory",
                 "the model needs {} bytes of memory, which are not to be had",
                 bytes);
  ArenaMemory memory;
  memory.base_ = static_cast<uint8_t *>(at);
  memory.bytes_ = bytes;
  return memory;
}

ArenaMemory::ArenaMemory(ArenaMemory &&other) noexcept
    : base_(std::exchange(other.base_, nullptr)), bytes_(other.bytes_) {}

ArenaMemory &ArenaMemory::operator=(ArenaMemory &&other) noexcept {
  std::swap(base_, other.base_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

ArenaMemory::~ArenaMemory() {
  if (base_)
    munmap(base_, bytes_);
}

} // namespace rune::device
