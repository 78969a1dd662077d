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
  return store_.machine().call(*functions_[function], *this, arguments, results,
                               deadline);
}

} // namespace rune::engine
