// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Guest memory as host code sees it: an address and a length that a guest made
// up become a span, or an error. Spans are valid until the guest runs again.
#pragma once

#include "base/bytes.h"
#include "engine/engine.h"

#include <concepts>

namespace rune::engine {

/// The `length` bytes at `address`.
///
/// in      `alignment`: a power of two that `address` must be a multiple of
/// errors  `engine.out-of-bounds`, `engine.misaligned`
Result<std::span<uint8_t>> slice(Instance &guest, uint64_t address,
                                 uint64_t length, uint64_t alignment = 1);

/// `count` elements of `elementBytes` each; the product is checked too.
///
/// errors  as `slice`
Result<std::span<uint8_t>> sliceOf(Instance &guest, uint64_t address,
                                   uint64_t count, uint64_t elementBytes,
                                   uint64_t alignment = 1);

/// One little-endian number, of any alignment.
///
/// errors  `engine.out-of-bounds`
template <class T>
  requires std::is_arithmetic_v<T>
Result<T> read(Instance &guest, uint64_t address) {
  std::span<uint8_t> bytes = RUNE_TRY(slice(guest, address, sizeof(T)));
  return loadUnaligned<T>(bytes.data());
}
template <class T>
  requires std::is_arithmetic_v<T>
Result<> write(Instance &guest, uint64_t address, T value) {
  std::span<uint8_t> bytes = RUNE_TRY(slice(guest, address, sizeof(T)));
  storeUnaligned(bytes.data(), value);
  return {};
}

/// Copies `bytes` into the guest.
///
/// errors  `engine.out-of-bounds`
Result<> writeBytes(Instance &guest, uint64_t address, ByteSpan bytes);

/// The trap a host function answers with when a guest's address was refused.
Trap memoryTrap(const Diagnostic &why);

} // namespace rune::engine
