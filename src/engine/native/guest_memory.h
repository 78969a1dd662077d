// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A linear memory for machine code. Its base never moves. A guarded one takes
// 8 GiB of address space, of which only the guest's bytes can be touched: any
// sum of an address and an offset of 32 bits each stays inside. Others take
// what they may grow to, and code compares before each access.
#pragma once

#include "engine/native/artifact.h"
#include "engine/native/context.h"
#include "engine/reservation_pool.h"

#include <memory>

namespace rune::engine::native {

/// Whether code relies on pages for a memory of this type, instead of comparing
/// addresses: compiler and engine must agree.
constexpr bool isGuarded(const wasm::MemoryType &type, Bounds bounds) {
  return bounds == Bounds::Guard && type.address == wasm::ValueType::I32 &&
         type.pageSizeLog2 == 16;
}

class NativeMemory final : public Memory {
public:
  /// Zeros; grows to the type's maximum, but never beyond `mostBytes`.
  ///
  /// errors  `engine.out-of-memory`
  static Result<std::unique_ptr<NativeMemory>>
  make(const wasm::MemoryType &type, Bounds bounds, uint64_t mostBytes,
       std::shared_ptr<ReservationPool> pool);

  NativeMemory(const NativeMemory &) = delete;
  ~NativeMemory() override;

  wasm::MemoryType type() const override;
  std::span<uint8_t> bytes() override { return {state_.base, state_.bytes}; }

  uint64_t size() const { return state_.bytes; }
  uint8_t *base() const { return state_.base; }
  uint64_t pages() const { return state_.bytes >> type_.pageSizeLog2; }
  MemoryState *state() { return &state_; }
  const wasm::MemoryType &declared() const { return type_; }
  /// Bytes that so many pages would add, if it may grow by them.
  std::optional<uint64_t> bytesToGrow(uint64_t pages) const;
  /// False, and nothing changed, if the machine refuses.
  bool grow(uint64_t byBytes);

private:
  NativeMemory(const wasm::MemoryType &type,
               std::shared_ptr<ReservationPool> pool)
      : type_(type), pool_(std::move(pool)) {}

  wasm::MemoryType type_;
  std::shared_ptr<ReservationPool> pool_;
  Reservation space_;
  MemoryState state_;
  uint64_t mostBytes_ = 0;
  bool guarded_ = false;
};

} // namespace rune::engine::native
