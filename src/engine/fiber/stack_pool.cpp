// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/fiber/stack_pool.h"

#include "base/bytes.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace rune::engine {

static uint64_t pageBytes() {
  static const auto bytes = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

static Result<Stack> makeStack(uint64_t bytes) {
  uint64_t guard = pageBytes();
  void *base =
      mmap(nullptr, guard + bytes, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (base == MAP_FAILED)
    return error("engine.out-of-memory",
                 "cannot reserve a stack of {} bytes for a fiber: {}", bytes,
                 std::strerror(errno));
  if (mprotect(base, guard, PROT_NONE) != 0) {
    int why = errno;
    munmap(base, guard + bytes);
    return error("engine.out-of-memory",
                 "cannot guard the stack of a fiber: {}", std::strerror(why));
  }
  return Stack{static_cast<uint8_t *>(base) + guard, bytes};
}

static void freeStack(Stack stack) {
  munmap(stack.base - pageBytes(), stack.bytes + pageBytes());
}

StackPool::~StackPool() {
  for (Stack stack : free_)
    freeStack(stack);
}

Result<Stack> StackPool::take(uint64_t bytes) {
  bytes = alignTo(bytes, pageBytes());
  {
    std::lock_guard lock(mutex_);
    // The last one given back is the warmest.
    auto found =
        std::find_if(free_.rbegin(), free_.rend(),
                     [&](const Stack &each) { return each.bytes == bytes; });
    if (found != free_.rend()) {
      Stack stack = *found;
      free_.erase(std::next(found).base());
      return stack;
    }
  }
  return makeStack(bytes);
}

/// What lies deeper than most calls go is given back to the machine.
static void forgetDepths(Stack stack) {
  constexpr uint64_t warm = 64 << 10;
  if (stack.bytes > warm)
    madvise(stack.base, stack.bytes - warm, MADV_DONTNEED);
}

void StackPool::give(Stack stack) {
  if (most_ == 0)
    return freeStack(stack);
  forgetDepths(stack);
  Stack oldest;
  {
    std::lock_guard lock(mutex_);
    if (free_.size() == most_) {
      oldest = free_.front();
      free_.erase(free_.begin());
    }
    free_.push_back(stack);
  }
  if (oldest.base)
    freeStack(oldest);
}

size_t StackPool::kept() {
  std::lock_guard lock(mutex_);
  return free_.size();
}

} // namespace rune::engine
