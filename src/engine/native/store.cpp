// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/native/store.h"

#include "engine/native/instance.h"
#include "engine/native/signals.h"
#include "wasm/decode.h"
#include "wasm/text/encoder.h"

#include <algorithm>

namespace rune::engine::native {

NativeStore::NativeStore(CodeSource source, Bounds bounds, EngineParts parts,
                         const Limits &limits)
    : source_(std::move(source)), bounds_(bounds), parts_(std::move(parts)),
      limits_(limits), fibers_(parts_.stacks, limits) {
  setFuel(limits.fuel);
  parts_.watch->add(alarm_);
}

NativeStore::~NativeStore() {
  fibers_.endAll();
  parts_.watch->remove(alarm_);
}

Result<Instance *>
NativeStore::instantiate(std::shared_ptr<const wasm::Module> module,
                         std::span<const Import> imports, Deadline deadline) {
  if (instances_.size() >= limits_.instances)
    return error("engine.limit", "more than {} instances", limits_.instances);
  std::shared_ptr<const CodeImage> image =
      RUNE_TRY(source_(module, countsFuel_));
  hasUncounted_ = hasUncounted_ || !image->countsFuel();
  instances_.push_back(std::make_unique<NativeInstance>(
      *this, std::move(module), std::move(image)));
  size_t memories = memories_.size(), tables = tables_.size();
  Result<> started = instances_.back()->start(imports, deadline);
  if (started)
    return instances_.back().get();
  // Kept if it trapped: what it wrote into tables may name it.
  if (started.error().code != "engine.trap") {
    instances_.pop_back();
    forgetSince(memories, tables);
  }
  return std::move(started).error();
}

/// Gives back what an instance made that was never linked.
void NativeStore::forgetSince(size_t memories, size_t tables) {
  for (; memories_.size() > memories; memories_.pop_back())
    memoryBytes_ -= memories_.back()->size();
  for (; tables_.size() > tables; tables_.pop_back())
    tableElements_ -= tables_.back()->size();
}

/// A module that only imports a function of this type and exports it.
static std::shared_ptr<const wasm::Module>
moduleAround(const wasm::FunctionType &type) {
  wasm::text::Encoder types, file;
  types.raw(asBytes({"\1\x60", 2}));
  for (const auto *list : {&type.parameters, &type.results}) {
    types.u(list->size());
    for (wasm::ValueType each : *list)
      types.byte(static_cast<uint8_t>(each));
  }
  file.raw(asBytes({"\0asm\1\0\0\0\1", 9}));
  file.sized(types);
  file.raw(asBytes({"\2\5\1\0\0\0\0", 7})); // imports "" ""
  file.raw(asBytes({"\7\4\1\0\0\0", 6}));   // exports ""
  auto bytes = std::make_shared<Bytes>(file.take());
  auto module = wasm::load(*bytes, Source::binary("host function"), bytes);
  RUNE_CHECK(module.ok(), "the module is well-formed");
  return std::move(module).value();
}

Function *NativeStore::makeFunction(wasm::FunctionType type,
                                    HostFunction function) {
  auto module = moduleAround(type);
  Import import{"", "", std::move(type), std::move(function), {}};
  auto made = instantiate(std::move(module), {&import, 1}, {});
  return made ? std::get<Function *>((*made)->exported("")) : nullptr;
}

Global *NativeStore::makeGlobal(wasm::GlobalType type, Value value) {
  uint8_t *cell = cells_.emplace_back().data();
  storeUnaligned(cell, value);
  globals_.push_back(std::make_unique<NativeGlobal>(type, cell));
  return globals_.back().get();
}

Result<engine::Table *> NativeStore::makeTable(wasm::TableType type,
                                               Value element) {
  return RUNE_TRY(newTable(type, element.bits));
}

Result<engine::Memory *> NativeStore::makeMemory(wasm::MemoryType type) {
  return RUNE_TRY(newMemory(type));
}

Function *NativeStore::function(Value reference) const {
  if (reference.isNull())
    return nullptr;
  FunctionRecord record = recordOf(reference.bits);
  return record.context->instance->functionOf(*record.self);
}

std::optional<uint64_t> NativeStore::fuel() const {
  if (!countsFuel_)
    return {};
  return static_cast<uint64_t>(std::max<int64_t>(state_.fuel, 0));
}

void NativeStore::setFuel(std::optional<uint64_t> fuel) {
  countsFuel_ = fuel.has_value();
  state_.fuel = fuel
                    ? static_cast<int64_t>(std::min<uint64_t>(*fuel, INT64_MAX))
                    : INT64_MAX;
}

uint64_t NativeStore::typeNumber(const wasm::FunctionType &type) {
  return types_.emplace(type, types_.size() + 1).first->second;
}

std::optional<uint32_t> NativeStore::functionAt(uint64_t address) const {
  for (const auto &instance : instances_)
    if (instance->image().holds(address))
      return instance->image().functionAt(address);
  return {};
}

Result<NativeMemory *> NativeStore::newMemory(const wasm::MemoryType &type) {
  uint64_t left = limits_.memoryBytes - memoryBytes_;
  if (type.pages.minimum > left >> type.pageSizeLog2)
    return error("engine.limit",
                 "the guest needs {} pages of {} bytes of memory, at most {} "
                 "bytes are allowed",
                 type.pages.minimum, type.pageBytes(), left);
  memories_.push_back(
      RUNE_TRY(NativeMemory::make(type, bounds_, left, parts_.memories)));
  memoryBytes_ += memories_.back()->size();
  return memories_.back().get();
}

Result<NativeTable *> NativeStore::newTable(const wasm::TableType &type,
                                            uint64_t initial) {
  uint64_t left = limits_.tableElements - tableElements_;
  if (type.elements.minimum > left)
    return error("engine.limit",
                 "the guest needs {} table elements, at most {} are allowed",
                 type.elements.minimum, left);
  tables_.push_back(std::make_unique<NativeTable>(type, initial));
  tableElements_ += type.elements.minimum;
  return tables_.back().get();
}

uint64_t NativeStore::growMemory(NativeMemory &memory, uint64_t pages) {
  uint64_t before = memory.pages();
  std::optional<uint64_t> bytes = memory.bytesToGrow(pages);
  if (!bytes || *bytes > limits_.memoryBytes - memoryBytes_ ||
      !memory.grow(*bytes))
    return UINT64_MAX;
  memoryBytes_ += *bytes;
  return before;
}

uint64_t NativeStore::growTable(NativeTable &table, uint64_t reference,
                                uint64_t count) {
  uint64_t before = table.size();
  if (count > table.room() || count > limits_.tableElements - tableElements_)
    return UINT64_MAX;
  table.grow(count, reference);
  tableElements_ += count;
  return before;
}

std::optional<TrapKind> NativeStore::mustEnd(uint64_t work) {
  constexpr uint64_t perFuel = 1024;
  if (countsFuel_) {
    state_.fuel -= static_cast<int64_t>(work / perFuel);
    if (state_.fuel < 0)
      return TrapKind::OutOfFuel;
  }
  if (__atomic_load_n(&state_.interrupt, __ATOMIC_RELAXED))
    return TrapKind::DeadlineExceeded;
  return {};
}

void NativeStore::die(TrapKind kind, std::string detail,
                      std::optional<CodePlace> place) {
  trap_.emplace(kind, std::move(detail), std::vector<uint32_t>());
  if (place && currentActivation())
    trap_->backtrace = backtrace(*this, *currentActivation(), *place);
  if (limits_.keepAfterTrap)
    return;
  dead_ = trap_;
  state_.ended = 1;
}

} // namespace rune::engine::native
