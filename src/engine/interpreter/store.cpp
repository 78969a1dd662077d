// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/interpreter/store.h"

#include "wasm/limits.h"

#include <algorithm>

namespace rune::engine {

InterpreterStore::InterpreterStore(const Limits &limits,
                                   std::shared_ptr<ReservationPool> memories,
                                   std::shared_ptr<StackPool> stacks)
    : limits_(limits), parts_{limits_,
                              std::move(memories),
                              FiberSet(std::move(stacks), limits),
                              {}},
      hosts_(parts_), memoryBytes_{limits.memoryBytes},
      tableElements_{limits.tableElements} {}

InterpreterStore::~InterpreterStore() { parts_.fibers.endAll(); }

Machine *InterpreterStore::exchangeMachine(Machine *next) {
  next->takeTurnAfter(*machine_);
  return std::exchange(machine_, next);
}

Result<std::unique_ptr<Machine>> InterpreterStore::takeMachine() {
  if (!idle_.empty()) {
    std::unique_ptr<Machine> machine = std::move(idle_.back());
    idle_.pop_back();
    return machine;
  }
  auto machine = std::make_unique<Machine>(parts_);
  RUNE_TRY(machine->makeStack());
  return machine;
}

void InterpreterStore::giveMachine(std::unique_ptr<Machine> machine) {
  constexpr size_t most = 16;
  if (idle_.size() < most)
    idle_.push_back(std::move(machine));
}

Result<Instance *>
InterpreterStore::instantiate(std::shared_ptr<const wasm::Module> module,
                              std::span<const Import> imports,
                              Deadline deadline) {
  if (instances_.size() >= limits_.instances)
    return error("engine.limit", "more than {} instances", limits_.instances)
        .at({module->source, {}});
  if (!hasStack_)
    RUNE_TRY(hosts_.makeStack());
  hasStack_ = true;
  InterpreterInstance &instance =
      instances_.emplace_back(*this, std::move(module));
  auto started = instance.start(imports, deadline);
  if (started.ok())
    return &instance;
  // Before segments are copied nobody else knows of it.
  if (started.error().code != "engine.trap")
    instances_.pop_back();
  return std::move(started).error();
}

InterpreterStore::TypeNumbers::const_iterator
InterpreterStore::numberOf(const wasm::FunctionType &type) {
  return types_.try_emplace(type, static_cast<uint32_t>(types_.size())).first;
}

InterpreterFunction *InterpreterStore::makeFunction(wasm::FunctionType type,
                                                    HostFunction function) {
  auto number = numberOf(type);
  InterpreterFunction &made = functions_.emplace_back();
  made.signature = &number->first;
  made.typeId = number->second;
  made.host = std::move(function);
  return &made;
}

InterpreterFunction *
InterpreterStore::addFunction(InterpreterInstance &instance, uint32_t index,
                              uint32_t typeId, const wasm::FunctionType &type) {
  InterpreterFunction &made = functions_.emplace_back();
  made.signature = &type;
  made.typeId = typeId;
  made.index = index;
  made.instance = &instance;
  return &made;
}

InterpreterGlobal *InterpreterStore::makeGlobal(wasm::GlobalType type,
                                                Value value) {
  return &globals_.emplace_back(type, value);
}

Result<InterpreterTable *>
InterpreterStore::addTable(const wasm::TableType &type, uint64_t element) {
  InterpreterTable &made = tables_.emplace_back(type, tableElements_);
  if (!made.grow(type.elements.minimum, element))
    return error(
        "engine.limit", "the guest needs {} table elements, {} of {} are left",
        type.elements.minimum, tableElements_.left, limits_.tableElements);
  return &made;
}

Result<InterpreterMemory *>
InterpreterStore::addMemory(const wasm::MemoryType &type) {
  InterpreterMemory &made = memories_.emplace_back(type, memoryBytes_);
  // Pages beyond what any memory may have are never reserved.
  uint64_t cap = limits_.memoryBytes >> type.pageSizeLog2;
  uint64_t widest = wasm::limits::memoryPages(
      type.address == wasm::ValueType::I64, type.pageSizeLog2);
  uint64_t most = std::min({type.pages.maximum.value_or(widest), widest, cap});
  if (type.pages.minimum <= most)
    made.linear = RUNE_TRY(
        LinearMemory::pack(0, most << type.pageSizeLog2, parts_.memories));
  if (!made.grow(type.pages.minimum))
    return error("engine.limit",
                 "the guest needs {} pages of {} bytes of memory, at most {} "
                 "bytes are allowed",
                 type.pages.minimum, type.pageBytes(), memoryBytes_.left);
  return &made;
}

Result<Table *> InterpreterStore::makeTable(wasm::TableType type,
                                            Value element) {
  return RUNE_TRY(addTable(type, element.bits));
}
Result<Memory *> InterpreterStore::makeMemory(wasm::MemoryType type) {
  return RUNE_TRY(addMemory(type));
}

std::optional<uint64_t> InterpreterStore::fuel() const {
  return machine_->fueled ? std::optional(machine_->fuel) : std::nullopt;
}
void InterpreterStore::setFuel(std::optional<uint64_t> fuel) {
  machine_->fueled = fuel.has_value();
  machine_->fuel = fuel.value_or(0);
}

} // namespace rune::engine
