// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A table for machine code. One of functions holds a copy of each function's
// record, so that an indirect call finds type, code and context side by side.
#pragma once

#include "engine/native/context.h"

namespace rune::engine::native {

class NativeTable final : public Table {
public:
  /// `type.elements.minimum` times `initial`, a reference as code has it.
  NativeTable(const wasm::TableType &type, uint64_t initial);
  NativeTable(const NativeTable &) = delete;

  wasm::TableType type() const override;
  uint64_t size() const override { return state_.size; }
  std::optional<Value> get(uint64_t index) const override;
  bool set(uint64_t index, Value element) override;

  const wasm::TableType &declared() const { return type_; }
  TableState *state() { return &state_; }
  /// How many more elements the type allows.
  uint64_t room() const;
  void grow(uint64_t count, uint64_t reference);
  uint64_t reference(uint64_t index) const;
  void fill(uint64_t at, uint64_t count, uint64_t reference);
  void copy(uint64_t to, const NativeTable &from, uint64_t at, uint64_t count);

private:
  bool ofFunctions() const { return type_.element == wasm::ValueType::FuncRef; }
  void refresh();

  wasm::TableType type_;
  TableState state_;
  std::vector<FunctionRecord> functions_;
  std::vector<uint64_t> references_;
};

/// The record that a reference to a function names; an empty one for null.
FunctionRecord recordOf(uint64_t reference);

} // namespace rune::engine::native
