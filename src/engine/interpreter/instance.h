// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A module that the interpreter runs: its index spaces, each entry an object of
// the store, and what segments are left.
#pragma once

#include "engine/interpreter/machine.h"

namespace rune::engine {

class InterpreterStore;

class InterpreterInstance final : public Instance {
public:
  InterpreterInstance(InterpreterStore &store,
                      std::shared_ptr<const wasm::Module> module)
      : store_(store), module_(std::move(module)) {}

  /// Links imports, makes what the module defines, copies active segments, runs
  /// the start function; once, before anything else.
  ///
  /// errors  as Store::instantiate
  Result<> start(std::span<const Import> imports, Deadline deadline);

  std::optional<uint32_t>
  exportedFunction(std::string_view name) const override;
  const wasm::FunctionType &functionType(uint32_t function) const override {
    return module_->functionType(function);
  }
  std::optional<Trap> call(uint32_t function, std::span<const Value> arguments,
                           std::span<Value> results,
                           Deadline deadline) override;
  std::span<uint8_t> memory() override;
  std::optional<Value> exportedGlobal(std::string_view name) const override;
  External exported(std::string_view name) const override;
  Result<std::unique_ptr<Fiber>> makeFiber(uint32_t function,
                                           std::span<const Value> arguments,
                                           Deadline deadline) override;
  std::optional<Trap> suspend(std::span<Value> answer) override;

  // For the translator and the handlers.

  const wasm::Module &module() const { return *module_; }
  InterpreterFunction *function(uint32_t index) const {
    return functions_[index];
  }
  InterpreterTable *table(uint32_t index) const { return tables_[index]; }
  InterpreterMemory *memoryAt(uint32_t index) const { return memories_[index]; }
  InterpreterGlobal *global(uint32_t index) const { return globals_[index]; }
  uint32_t typeId(uint32_t type) const { return typeIds_[type]; }
  std::span<const uint64_t> elements(uint32_t segment) const {
    return elements_[segment];
  }
  void dropElements(uint32_t segment) { elements_[segment] = {}; }
  ByteSpan data(uint32_t segment) const { return data_[segment]; }
  void dropData(uint32_t segment) { data_[segment] = {}; }
  /// Of memory 0.
  uint8_t *memoryBase() const {
    return memories_.empty() ? nullptr : memories_[0]->linear.base();
  }
  uint64_t memoryBytes() const {
    return memories_.empty() ? 0 : memories_[0]->linear.size();
  }
  void translateNow(InterpreterFunction &function) const {
    function.code = translate(*this, function.index);
    function.translated = true;
  }

private:
  // Instantiation (instantiate.cpp).
  void nameTypes();
  Result<> link(std::span<const Import> imports);
  Result<> makeFunctions();
  Result<> makeMemories();
  Result<> makeTables();
  void makeGlobals();
  void makeElements();
  MaybeTrap copyActiveSegments();
  MaybeTrap copyElements(uint32_t segment);
  MaybeTrap copyData(uint32_t segment);
  Result<> runStart(Deadline deadline);
  Value evaluate(const wasm::ConstantExpression &expression) const;

  InterpreterStore &store_;
  Occupancy occupancy_;
  std::shared_ptr<const wasm::Module> module_;
  /// The store's number of each type.
  std::vector<uint32_t> typeIds_;
  std::vector<InterpreterFunction *> functions_;
  std::vector<InterpreterTable *> tables_;
  std::vector<InterpreterMemory *> memories_;
  std::vector<InterpreterGlobal *> globals_;
  /// Segments that instructions may still copy; empty once dropped.
  std::vector<std::vector<uint64_t>> elements_;
  std::vector<ByteSpan> data_;
};

} // namespace rune::engine
