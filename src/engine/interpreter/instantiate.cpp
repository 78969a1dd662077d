// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a module to an instance (core 2.0, section 4.5.4).
#include "engine/constant_expression.h"
#include "engine/import_types.h"
#include "engine/interpreter/store.h"

#include <algorithm>

namespace rune::engine {

using wasm::ExternKind;

Result<> InterpreterInstance::start(std::span<const Import> imports,
                                    Deadline deadline) {
  nameTypes();
  RUNE_TRY(link(imports));
  RUNE_TRY(makeFunctions());
  RUNE_TRY(makeMemories());
  makeGlobals();
  RUNE_TRY(makeTables());
  makeElements();
  // From here on every index space is complete; what fails now is the guest's.
  if (MaybeTrap trap = copyActiveSegments())
    return error("engine.trap", "{} while copying segments", trapText(*trap))
        .at({module_->source, {}});
  return runStart(deadline);
}

void InterpreterInstance::nameTypes() {
  for (const wasm::FunctionType &type : module_->types)
    typeIds_.push_back(store_.typeId(type));
}

// Imports.

namespace {

/// What the host gives for `wanted`, as our own `Object`, or what is wrong.
template <class Object, class Type>
Result<Object *> chosen(const External &given, const wasm::Import &wanted,
                        const Type &type) {
  using Base = std::conditional_t<
      std::is_same_v<Type, wasm::FunctionType>, Function,
      std::conditional_t<
          std::is_same_v<Type, wasm::TableType>, Table,
          std::conditional_t<std::is_same_v<Type, wasm::MemoryType>, Memory,
                             Global>>>;
  Base *const *found = std::get_if<Base *>(&given);
  Object *own = found ? dynamic_cast<Object *>(*found) : nullptr;
  if (own && fits(own->type(), type))
    return own;
  return error("engine.import-type",
               "incompatible import type: `{}` `{}` needs a {}, the host gives "
               "a {}{}",
               wanted.module, wanted.name, described(type), described(given),
               found && !own ? " of another engine" : "");
}

} // namespace

Result<> InterpreterInstance::link(std::span<const Import> imports) {
  for (const wasm::Import &wanted : module_->imports) {
    Location at{module_->source, {}};
    auto needed = [&](const auto &type) {
      return error("engine.missing-import",
                   "unknown import: `{}` `{}`, a {}, is not given",
                   wanted.module, wanted.name, described(type))
          .at(at);
    };
    const Import *given = findImport(imports, wanted);
    External external = given ? given->external : External{};
    if (given && given->function && external.index() == 0)
      external = store_.makeFunction(given->type, given->function);
    auto add = [&](auto &space, const auto &type) -> Result<> {
      if (!given)
        return needed(type);
      using Object = std::remove_pointer_t<
          typename std::remove_reference_t<decltype(space)>::value_type>;
      auto object = chosen<Object>(external, wanted, type);
      if (!object.ok())
        return std::move(object).error().at(at);
      space.push_back(*object);
      return {};
    };
    switch (wanted.kind) {
    case ExternKind::Function:
      RUNE_TRY(add(functions_, functionType(wanted.index)));
      break;
    case ExternKind::Table:
      RUNE_TRY(add(tables_, module_->tables[wanted.index].type));
      break;
    case ExternKind::Memory:
      RUNE_TRY(add(memories_, module_->memories[wanted.index]));
      break;
    case ExternKind::Global:
      RUNE_TRY(add(globals_, module_->globals[wanted.index].type));
      break;
    }
  }
  return {};
}

// Definitions.

Result<> InterpreterInstance::makeFunctions() {
  for (uint32_t i = module_->importedFunctions; i < module_->functions.size();
       ++i)
    functions_.push_back(store_.addFunction(
        *this, i, typeIds_[module_->functions[i]], functionType(i)));
  return {};
}

Result<> InterpreterInstance::makeMemories() {
  for (size_t i = module_->importedMemories; i < module_->memories.size();
       ++i) {
    auto made = store_.addMemory(module_->memories[i]);
    if (!made.ok())
      return std::move(made).error().at({module_->source, {}});
    memories_.push_back(*made);
  }
  return {};
}

Result<> InterpreterInstance::makeTables() {
  for (size_t i = module_->importedTables; i < module_->tables.size(); ++i) {
    const wasm::Table &table = module_->tables[i];
    Value initial =
        table.initial.code.empty() ? Value{} : evaluate(table.initial);
    auto made = store_.addTable(table.type, initial.bits);
    if (!made.ok())
      return std::move(made).error().at({module_->source, {}});
    tables_.push_back(*made);
  }
  return {};
}

void InterpreterInstance::makeGlobals() {
  for (size_t i = module_->importedGlobals; i < module_->globals.size(); ++i)
    globals_.push_back(store_.makeGlobal(
        module_->globals[i].type, evaluate(module_->globals[i].initial)));
}

void InterpreterInstance::makeElements() {
  for (const wasm::ElementSegment &segment : module_->elements) {
    std::vector<uint64_t> &references = elements_.emplace_back();
    if (segment.mode == wasm::SegmentMode::Declarative)
      continue;
    for (uint32_t function : segment.functions)
      references.push_back(functions_[function]->reference().bits);
    for (const wasm::ConstantExpression &each : segment.expressions)
      references.push_back(evaluate(each).bits);
  }
  for (const wasm::DataSegment &segment : module_->data)
    data_.push_back(segment.bytes);
}

// Segments: each is copied whole or not at all; what came before stays.

/// An offset, as wide as addresses of `address` are.
static uint64_t offsetOf(Value value, wasm::ValueType address) {
  return address == wasm::ValueType::I64 ? value.asI64() : value.asI32();
}

MaybeTrap InterpreterInstance::copyElements(uint32_t index) {
  const wasm::ElementSegment &segment = module_->elements[index];
  InterpreterTable &to = *tables_[segment.table];
  const std::vector<uint64_t> &from = elements_[index];
  uint64_t at = offsetOf(evaluate(segment.offset), to.declared.address);
  uint64_t size = to.elements.size();
  if (at > size || from.size() > size - at)
    return TrapKind::OutOfBoundsTable;
  std::copy(from.begin(), from.end(), to.elements.begin() + at);
  return {};
}

MaybeTrap InterpreterInstance::copyData(uint32_t index) {
  const wasm::DataSegment &segment = module_->data[index];
  InterpreterMemory &to = *memories_[segment.memory];
  uint64_t at = offsetOf(evaluate(segment.offset), to.declared.address);
  uint64_t size = to.linear.size();
  if (at > size || segment.bytes.size() > size - at)
    return TrapKind::OutOfBoundsMemory;
  std::copy(segment.bytes.begin(), segment.bytes.end(), to.linear.base() + at);
  return {};
}

MaybeTrap InterpreterInstance::copyActiveSegments() {
  for (uint32_t i = 0; i < module_->elements.size(); ++i) {
    if (module_->elements[i].mode != wasm::SegmentMode::Active)
      continue;
    if (MaybeTrap trap = copyElements(i))
      return trap;
    elements_[i] = {};
  }
  for (uint32_t i = 0; i < module_->data.size(); ++i) {
    if (module_->data[i].mode != wasm::SegmentMode::Active)
      continue;
    if (MaybeTrap trap = copyData(i))
      return trap;
    data_[i] = {};
  }
  return {};
}

Result<> InterpreterInstance::runStart(Deadline deadline) {
  if (!module_->start)
    return {};
  if (auto trap = call(*module_->start, {}, {}, deadline))
    return error("engine.trap", "{} in the start function", trap->str())
        .at({module_->source, {}});
  return {};
}

// Constant expressions.

Value InterpreterInstance::evaluate(
    const wasm::ConstantExpression &expression) const {
  return evaluateConstant(
      *module_, expression,
      {[&](uint32_t function) { return functions_[function]->reference(); },
       [&](uint32_t global) { return globals_[global]->value; }});
}

} // namespace rune::engine
