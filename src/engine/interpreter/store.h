// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Owns what instances share, and the machine that runs them all.
#pragma once

#include "engine/interpreter/instance.h"

#include <deque>
#include <map>

namespace rune::engine {

class InterpreterStore final : public Store {
public:
  InterpreterStore(const Limits &limits,
                   std::shared_ptr<ReservationPool> memories,
                   std::shared_ptr<StackPool> stacks);
  ~InterpreterStore() override;

  Result<Instance *> instantiate(std::shared_ptr<const wasm::Module> module,
                                 std::span<const Import> imports,
                                 Deadline deadline) override;
  InterpreterFunction *makeFunction(wasm::FunctionType type,
                                    HostFunction function) override;
  InterpreterGlobal *makeGlobal(wasm::GlobalType type, Value value) override;
  Result<Table *> makeTable(wasm::TableType type, Value element) override;
  Result<Memory *> makeMemory(wasm::MemoryType type) override;
  Function *function(Value reference) const override {
    return InterpreterFunction::of(reference.bits);
  }
  std::optional<uint64_t> fuel() const override;
  void setFuel(std::optional<uint64_t> fuel) override;

  // For instances.

  /// Of who runs.
  Machine &machine() { return *machine_; }
  Machine *exchangeMachine(Machine *next);
  FiberSet &fibers() { return parts_.fibers; }
  /// For a fiber, which gives it back.
  ///
  /// errors  `engine.out-of-memory`
  Result<std::unique_ptr<Machine>> takeMachine();
  void giveMachine(std::unique_ptr<Machine> machine);
  /// The number of a type: the same for equal ones.
  uint32_t typeId(const wasm::FunctionType &type) {
    return numberOf(type)->second;
  }
  /// errors  `engine.limit`, `engine.out-of-memory`
  Result<InterpreterTable *> addTable(const wasm::TableType &type,
                                      uint64_t element);
  Result<InterpreterMemory *> addMemory(const wasm::MemoryType &type);
  /// A guest's function; `type` lives as long as the instance.
  InterpreterFunction *addFunction(InterpreterInstance &instance,
                                   uint32_t index, uint32_t typeId,
                                   const wasm::FunctionType &type);

private:
  using TypeNumbers = std::map<wasm::FunctionType, uint32_t>;
  TypeNumbers::const_iterator numberOf(const wasm::FunctionType &type);

  Limits limits_;
  MachineParts parts_;
  Machine hosts_;
  Machine *machine_ = &hosts_;
  std::vector<std::unique_ptr<Machine>> idle_;
  bool hasStack_ = false;
  Allowance memoryBytes_;
  Allowance tableElements_;
  TypeNumbers types_;
  std::deque<InterpreterFunction> functions_;
  std::deque<InterpreterTable> tables_;
  std::deque<InterpreterMemory> memories_;
  std::deque<InterpreterGlobal> globals_;
  std::deque<InterpreterInstance> instances_;
};

} // namespace rune::engine
