// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/memory_access.h"

namespace rune::engine {

static Diagnostic outOfBounds(uint64_t address, uint64_t length,
                              uint64_t memoryBytes) {
  return error("engine.out-of-bounds",
               "{} bytes at address {} leave the guest's memory of {} bytes",
               length, address, memoryBytes);
}

Result<std::span<uint8_t>> slice(Instance &guest, uint64_t address,
                                 uint64_t length, uint64_t alignment) {
  std::span<uint8_t> memory = guest.memory();
  if (address > memory.size() || length > memory.size() - address)
    return outOfBounds(address, length, memory.size());
  if (address & (alignment - 1))
    return error("engine.misaligned", "address {} is not a multiple of {}",
                 address, alignment);
  return memory.subspan(address, length);
}

Result<std::span<uint8_t>> sliceOf(Instance &guest, uint64_t address,
                                   uint64_t count, uint64_t elementBytes,
                                   uint64_t alignment) {
  uint64_t length = 0;
  if (__builtin_mul_overflow(count, elementBytes, &length))
    return error("engine.out-of-bounds",
                 "{} elements of {} bytes are more than any memory holds",
                 count, elementBytes);
  return slice(guest, address, length, alignment);
}

Result<> writeBytes(Instance &guest, uint64_t address, ByteSpan bytes) {
  std::span<uint8_t> target = RUNE_TRY(slice(guest, address, bytes.size()));
  if (!bytes.empty())
    std::memcpy(target.data(), bytes.data(), bytes.size());
  return {};
}

Trap memoryTrap(const Diagnostic &why) {
  return {TrapKind::OutOfBoundsMemory, why.message, {}};
}

} // namespace rune::engine
