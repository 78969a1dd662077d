// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the embedder sees of an instance.
#include "engine/interpreter/store.h"

namespace rune::engine {

std::optional<uint32_t>
InterpreterInstance::exportedFunction(std::string_view name) const {
  const wasm::Export *found =
      module_->findExport(wasm::ExternKind::Function, name);
  return found ? std::optional(found->index) : std::nullopt;
}

std::optional<Value>
InterpreterInstance::exportedGlobal(std::string_view name) const {
  const wasm::Export *found =
      module_->findExport(wasm::ExternKind::Global, name);
  return found ? std::optional(globals_[found->index]->value) : std::nullopt;
}

External InterpreterInstance::exported(std::string_view name) const {
  for (const wasm::Export &each : module_->exports) {
    if (each.name != name)
      continue;
    switch (each.kind) {
    case wasm::ExternKind::Function:
      return functions_[each.index];
    case wasm::ExternKind::Table:
      return tables_[each.index];
    case wasm::ExternKind::Memory:
      return memories_[each.index];
    case wasm::ExternKind::Global:
      return globals_[each.index];
    }
  }
  return {};
}

std::span<uint8_t> InterpreterInstance::memory() {
  return {memoryBase(), memoryBytes()};
}

std::optional<Trap> InterpreterInstance::call(uint32_t function,
                                              std::span<const Value> arguments,
                                              std::span<Value> results,
                                              Deadline deadline) {
  RUNE_CHECK(function < functions_.size(), "no such function");
  const wasm::FunctionType &type = functionType(function);
  RUNE_CHECK(arguments.size() == type.parameters.size() &&
                 results.size() == type.results.size(),
             "arguments or results do not fit the function's type");
  if (!occupancy_.admits(store_.fibers()))
    return Occupancy::busy();
  const void *before = occupancy_.enter(store_.fibers());
  std::optional<Trap> trap = store_.machine().call(
      *functions_[function], *this, arguments, results, deadline);
  occupancy_.leave(before);
  return trap;
}

// Fibers.

namespace {

/// A call on a stack and a machine of its own.
class InterpreterFiber final : public GuestFiber {
public:
  InterpreterFiber(InterpreterStore &store, InterpreterInstance &instance,
                   Occupancy &occupancy, uint32_t function, Stack stack,
                   std::unique_ptr<Machine> machine,
                   std::span<const Value> arguments, Deadline deadline)
      : GuestFiber(store.fibers(), stack, occupancy, arguments,
                   instance.functionType(function).results.size()),
        store_(store), instance_(instance), function_(function),
        deadline_(deadline), machine_(std::move(machine)) {}
  ~InterpreterFiber() override { endBeforeDestruction(); }

private:
  std::optional<Trap> run(std::span<const Value> arguments,
                          std::span<Value> results) override {
    return instance_.call(function_, arguments, results, deadline_);
  }
  std::optional<Trap> swapIn() override {
    hosts_ = store_.exchangeMachine(machine_.get());
    return machine_->refuses();
  }
  void swapOut() override { store_.exchangeMachine(hosts_); }
  void hasEnded() override { store_.giveMachine(std::move(machine_)); }

  InterpreterStore &store_;
  InterpreterInstance &instance_;
  uint32_t function_;
  Deadline deadline_;
  std::unique_ptr<Machine> machine_;
  /// Of who resumed.
  Machine *hosts_ = nullptr;
};

} // namespace

Result<std::unique_ptr<Fiber>> InterpreterInstance::makeFiber(
    uint32_t function, std::span<const Value> arguments, Deadline deadline) {
  RUNE_CHECK(function < functions_.size(), "no such function");
  RUNE_CHECK(arguments.size() == functionType(function).parameters.size(),
             "arguments do not fit the function's type");
  RUNE_TRY(store_.fibers().admits(occupancy_));
  std::unique_ptr<Machine> machine = RUNE_TRY(store_.takeMachine());
  Stack stack = RUNE_TRY(store_.fibers().takeStack());
  return std::unique_ptr<Fiber>(
      new InterpreterFiber(store_, *this, occupancy_, function, stack,
                           std::move(machine), arguments, deadline));
}

std::optional<Trap> InterpreterInstance::suspend(std::span<Value> answer) {
  GuestFiber *fiber = store_.fibers().running();
  return fiber ? fiber->suspend(answer) : Instance::suspend(answer);
}

} // namespace rune::engine
