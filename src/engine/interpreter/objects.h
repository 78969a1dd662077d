// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What instances of one store share: functions, tables, memories, globals. The
// interpreter's code holds pointers to them, so none of them moves.
#pragma once

#include "engine/engine.h"
#include "engine/interpreter/code.h"
#include "engine/linear_memory.h"

namespace rune::engine {

class InterpreterInstance;

/// A reference to a function is its address.
struct InterpreterFunction final : Function {
  const wasm::FunctionType *signature = nullptr;
  /// Equal for equal types, in the whole store.
  uint32_t typeId = 0;
  /// Its index in the module that defines it.
  uint32_t index = 0;
  /// Null for a function of the host.
  InterpreterInstance *instance = nullptr;
  HostFunction host;
  bool translated = false;
  Code code;

  const wasm::FunctionType &type() const override { return *signature; }
  Value reference() const override {
    return {reinterpret_cast<uint64_t>(static_cast<const void *>(this))};
  }
  static InterpreterFunction *of(uint64_t reference) {
    return static_cast<InterpreterFunction *>(
        reinterpret_cast<void *>(reference));
  }
};

/// What is left of a cap that several objects share.
struct Allowance {
  uint64_t left;

  bool take(uint64_t amount) {
    if (amount > left)
      return false;
    left -= amount;
    return true;
  }
};

struct InterpreterTable final : Table {
  InterpreterTable(const wasm::TableType &stated, Allowance &allowance)
      : declared(stated), allowance(&allowance) {}

  wasm::TableType declared;
  Allowance *allowance;
  std::vector<uint64_t> elements;

  /// The size before, or nothing if it cannot grow so much.
  std::optional<uint64_t> grow(uint64_t count, uint64_t value);

  wasm::TableType type() const override;
  uint64_t size() const override { return elements.size(); }
  std::optional<Value> get(uint64_t index) const override;
  bool set(uint64_t index, Value element) override;
};

struct InterpreterMemory final : Memory {
  InterpreterMemory(const wasm::MemoryType &stated, Allowance &allowance)
      : declared(stated), allowance(&allowance) {}

  wasm::MemoryType declared;
  Allowance *allowance;
  LinearMemory linear;

  uint64_t pages() const { return linear.size() >> declared.pageSizeLog2; }
  /// The pages before, or nothing if it cannot grow so much.
  std::optional<uint64_t> grow(uint64_t pages);

  wasm::MemoryType type() const override;
  std::span<uint8_t> bytes() override { return linear.bytes(); }
};

struct InterpreterGlobal final : Global {
  InterpreterGlobal(const wasm::GlobalType &stated, Value initial)
      : value(initial), declared(stated) {}

  Value value;
  wasm::GlobalType declared;

  wasm::GlobalType type() const override { return declared; }
  Value get() const override { return value; }
  void set(Value next) override { value = next; }
};

} // namespace rune::engine
