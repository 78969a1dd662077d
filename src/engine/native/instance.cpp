// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/native/instance.h"

namespace rune::engine::native {

NativeInstance::NativeInstance(NativeStore &store,
                               std::shared_ptr<const wasm::Module> module,
                               std::shared_ptr<const CodeImage> image)
    : store_(store), module_(std::move(module)), image_(std::move(image)),
      layout_(*module_), sameType_(firstOfEqual(module_->types)) {}

std::optional<uint32_t>
NativeInstance::exportedFunction(std::string_view name) const {
  const wasm::Export *found =
      module_->findExport(wasm::ExternKind::Function, name);
  return found ? std::optional(found->index) : std::nullopt;
}

std::optional<Trap> NativeInstance::call(uint32_t function,
                                         std::span<const Value> arguments,
                                         std::span<Value> results,
                                         Deadline deadline) {
  RUNE_CHECK(function < records_.size(), "no such function");
  const wasm::FunctionType &type = functionType(function);
  RUNE_CHECK(arguments.size() == type.parameters.size() &&
                 results.size() == type.results.size(),
             "arguments or results do not fit the function's type");
  if (!occupancy_.admits(store_.fibers())) [[unlikely]]
    return Occupancy::busy();
  const void *entry = image_->entry(sameType_[module_->functions[function]]);
  const void *before = occupancy_.enter(store_.fibers());
  std::optional<Trap> trap = store_.call(records_[function], entry, type,
                                         arguments, results, deadline);
  occupancy_.leave(before);
  return trap;
}

Result<std::unique_ptr<Fiber>>
NativeInstance::makeFiber(uint32_t function, std::span<const Value> arguments,
                          Deadline deadline) {
  RUNE_CHECK(function < records_.size(), "no such function");
  const wasm::FunctionType &type = functionType(function);
  RUNE_CHECK(arguments.size() == type.parameters.size(),
             "arguments do not fit the function's type");
  RUNE_TRY(store_.fibers().admits(occupancy_));
  Stack stack = RUNE_TRY(store_.fibers().takeStack());
  return std::unique_ptr<Fiber>(new NativeFiber(
      *this, function, stack, arguments, type.results.size(), deadline));
}

std::span<uint8_t> NativeInstance::memory() {
  return memories_.empty() ? std::span<uint8_t>() : memories_[0]->bytes();
}

std::optional<Value>
NativeInstance::exportedGlobal(std::string_view name) const {
  const wasm::Export *found =
      module_->findExport(wasm::ExternKind::Global, name);
  return found ? std::optional(globals_[found->index]->get()) : std::nullopt;
}

External NativeInstance::exported(std::string_view name) const {
  for (const wasm::Export &each : module_->exports) {
    if (each.name != name)
      continue;
    switch (each.kind) {
    case wasm::ExternKind::Function: {
      const FunctionRecord &record = records_[each.index];
      return record.context->instance->functionOf(*record.self);
    }
    case wasm::ExternKind::Table:
      return static_cast<Table *>(tables_[each.index]);
    case wasm::ExternKind::Memory:
      return static_cast<Memory *>(memories_[each.index]);
    case wasm::ExternKind::Global:
      return static_cast<Global *>(globals_[each.index]);
    }
  }
  return {};
}

Function *NativeInstance::functionOf(const FunctionRecord &record) const {
  auto index = static_cast<uint32_t>(&record - records_.data());
  return &functions_.try_emplace(index, module_->functionType(index), record)
              .first->second;
}

} // namespace rune::engine::native
