// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any valid module, run under small limits: every call ends with results or a
// trap. Imports answer zeros, and call back into the guest.
#include "engine/engine.h"
#include "wasm/decode.h"

#include <cstdlib>

namespace {

using namespace rune;
using namespace rune::engine;

Deadline soon() { return Clock::now() + std::chrono::milliseconds(20); }

std::optional<Trap> callAll(Instance &instance, const wasm::Module &module);

/// Answers zeros; calls back, so that activations nest.
std::optional<Trap> callBack(const wasm::Module *module, Instance &caller,
                             std::span<Value> results) {
  std::fill(results.begin(), results.end(), Value{});
  return callAll(caller, *module);
}

/// Whatever the module wants that the store can make.
External made(Store &store, const wasm::Module &module,
              const wasm::Import &wanted) {
  switch (wanted.kind) {
  case wasm::ExternKind::Function:
    return store.makeFunction(module.functionType(wanted.index),
                              [&module](Instance &caller,
                                        std::span<const Value>,
                                        std::span<Value> results) {
                                return callBack(&module, caller, results);
                              });
  case wasm::ExternKind::Table:
    if (auto table = store.makeTable(module.tables[wanted.index].type, {});
        table.ok())
      return *table;
    return {};
  case wasm::ExternKind::Memory:
    if (auto memory = store.makeMemory(module.memories[wanted.index]);
        memory.ok())
      return *memory;
    return {};
  case wasm::ExternKind::Global:
    return store.makeGlobal(module.globals[wanted.index].type, {});
  }
  return {};
}

std::vector<Import> importsOf(Store &store, const wasm::Module &module) {
  std::vector<Import> imports;
  for (const wasm::Import &wanted : module.imports)
    imports.push_back(
        {wanted.module, wanted.name, {}, {}, made(store, module, wanted)});
  return imports;
}

/// The harness's own bug, for `./dev fuzz --selftest`: a guest that leaves its
/// memory, or computes a small number. No seed does.
void plantedBug(const std::optional<Trap> &trap, const wasm::FunctionType &type,
                std::span<const Value> results) {
  static const bool planted = std::getenv("RUNE_FUZZ_PLANTED") != nullptr;
  if (!planted)
    return;
  if (trap && trap->kind == TrapKind::OutOfBoundsMemory)
    __builtin_trap();
  if (trap || type.results.size() != 1 ||
      type.results[0] != wasm::ValueType::I32)
    return;
  auto value = static_cast<int32_t>(results[0].asI32());
  if ((value >= 42 && value < 2048) || (value >= -2048 && value < -8))
    __builtin_trap();
}

std::optional<Trap> callAll(Instance &instance, const wasm::Module &module) {
  for (const wasm::Export &each : module.exports) {
    if (each.kind != wasm::ExternKind::Function)
      continue;
    const wasm::FunctionType &type = instance.functionType(each.index);
    std::vector<Value> arguments(type.parameters.size());
    for (size_t i = 0; i < arguments.size(); ++i)
      if (!wasm::isReference(type.parameters[i]))
        arguments[i] = Value::i32(static_cast<uint32_t>(i) * 3 + 1);
    std::vector<Value> results(type.results.size());
    auto trap = instance.call(each.index, arguments, results, soon());
    plantedBug(trap, type, results);
    if (trap)
      return trap;
  }
  return {};
}

/// Where a file's code section has its content; empty if it has none.
std::span<uint8_t> codeSection(std::span<uint8_t> file) {
  constexpr uint8_t codeId = 10;
  for (size_t at = 8; at + 2 < file.size();) {
    uint8_t id = file[at++];
    uint64_t size = 0;
    for (unsigned shift = 0; at < file.size() && shift < 35; shift += 7) {
      size |= uint64_t{file[at] & 0x7Fu} << shift;
      if ((file[at++] & 0x80) == 0)
        break;
    }
    if (size > file.size() - at)
      return {};
    if (id == codeId)
      return file.subspan(at, size);
    at += size;
  }
  return {};
}

} // namespace

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

/// Every other time one byte of the code becomes another: mostly, the module
/// stays valid, and runs.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,
                                          size_t most, unsigned seed) {
  std::span<uint8_t> code = codeSection({data, size});
  if (code.empty() || seed % 2 == 0)
    return LLVMFuzzerMutate(data, size, most);
  code[seed / 2 % code.size()] = static_cast<uint8_t>(seed * 2654435761u >> 24);
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto module = wasm::load({data, size}, nullptr);
  if (!module.ok())
    return 0;
  Limits limits;
  limits.memoryBytes = 1 << 20;
  limits.tableElements = 1000;
  limits.callDepth = 100;
  limits.stackSlots = 1 << 14;
  limits.hostReentry = 3;
  // Every other input counts fuel, so that both ways to end are tried.
  if (size % 2 == 0)
    limits.fuel = 100'000;
  limits.keepAfterTrap = size % 3 == 0;
  auto store = makeInterpreter()->makeStore(limits);
  auto imports = importsOf(*store, **module);
  // Twice: instances of one store share what is imported.
  for (int i = 0; i < 2; ++i)
    if (auto instance = store->instantiate(*module, imports, soon());
        instance.ok())
      (void)callAll(**instance, **module);
  return 0;
}
