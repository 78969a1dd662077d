// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/linear_memory.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace rune::engine {

Result<LinearMemory> LinearMemory::reserve(uint64_t bytes, uint64_t mostBytes) {
  LinearMemory memory;
  if (mostBytes == 0)
    return memory;
  void *base = mmap(nullptr, mostBytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED)
    return error("engine.out-of-memory",
                 "cannot reserve {} bytes of address space for a guest: {}",
                 mostBytes, std::strerror(errno));
  memory.base_ = static_cast<uint8_t *>(base);
  memory.size_ = bytes;
  memory.reserved_ = mostBytes;
  return memory;
}

LinearMemory::LinearMemory(LinearMemory &&other) noexcept
    : base_(std::exchange(other.base_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      reserved_(std::exchange(other.reserved_, 0)) {}

LinearMemory &LinearMemory::operator=(LinearMemory &&other) noexcept {
  std::swap(base_, other.base_);
  std::swap(size_, other.size_);
  std::swap(reserved_, other.reserved_);
  return *this;
}

LinearMemory::~LinearMemory() {
  if (base_)
    munmap(base_, reserved_);
}

bool LinearMemory::grow(uint64_t byBytes) {
  if (byBytes > reserved_ - size_)
    return false;
  size_ += byBytes;
  return true;
}

} // namespace rune::engine
