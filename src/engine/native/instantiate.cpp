// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a module to an instance (core 2.0, section 4.5.4).
#include "engine/constant_expression.h"
#include "engine/import_types.h"
#include "engine/native/instance.h"

#include <new>

namespace rune::engine::native {

namespace {

constexpr std::align_val_t contextAlignment{64};

Diagnostic missing(const wasm::Import &wanted, std::string_view type) {
  return error("engine.missing-import",
               "unknown import: `{}` `{}`, a {}, is not given", wanted.module,
               wanted.name, type);
}

Diagnostic mistyped(const wasm::Import &wanted) {
  return error("engine.import-type",
               "incompatible import type: `{}` `{}` needs a {} of another "
               "type, or of this engine",
               wanted.module, wanted.name, externKindName(wanted.kind));
}

} // namespace

void NativeInstance::FreeContext::operator()(uint8_t *context) const {
  ::operator delete(context, contextAlignment);
}

void NativeInstance::makeContext() {
  context_.reset(
      static_cast<uint8_t *>(::operator new(layout_.bytes, contextAlignment)));
  std::memset(context_.get(), 0, layout_.bytes);
  auto *made = new (context_.get()) GuestContext;
  made->store = &store_.state();
  made->instance = this;
  fillHelpers(*made);
}

Result<> NativeInstance::start(std::span<const Import> imports,
                               Deadline deadline) {
  if (image_->functionCount() != module_->functions.size() ||
      image_->typeCount() != module_->types.size())
    return error("engine.bad-code", "the machine code is of another module");
  Location at{module_->source, {}};
  auto placed = [&](Result<> result) -> Result<> {
    if (!result && !result.error().where)
      result.error().at(at);
    return result;
  };
  makeContext();
  makeFunctions();
  RUNE_TRY(placed(link(imports)));
  RUNE_TRY(placed(makeMemories()));
  makeGlobals();
  RUNE_TRY(placed(makeTables()));
  fillContext();
  makeSegments();
  // From here on every index space is complete; what fails now is the guest's.
  if (MaybeTrap trap = copyActiveSegments())
    return error("engine.trap", "{} while copying segments", trapText(*trap))
        .at(at);
  if (!module_->start)
    return {};
  if (auto trap = call(*module_->start, {}, {}, deadline))
    return error("engine.trap", "{} in the start function", trap->str()).at(at);
  return {};
}

void NativeInstance::makeFunctions() {
  records_.resize(module_->functions.size());
  for (uint32_t i = 0; i < records_.size(); ++i)
    records_[i] = {image_->function(i), &context(),
                   store_.typeNumber(module_->functionType(i)), &records_[i]};
  hosts_.resize(module_->importedFunctions);
  directHosts_.resize(module_->importedFunctions);
}

Result<> NativeInstance::link(std::span<const Import> imports) {
  for (const wasm::Import &wanted : module_->imports) {
    const Import *found = findImport(imports, wanted);
    if (wanted.kind == wasm::ExternKind::Function) {
      if (!found)
        return missing(wanted,
                       "function of type " + functionType(wanted.index).str());
      RUNE_TRY(linkFunction(wanted, *found));
    } else {
      if (!found)
        return missing(wanted, externKindName(wanted.kind));
      RUNE_TRY(linkOther(wanted, *found));
    }
  }
  return {};
}

Result<> NativeInstance::linkFunction(const wasm::Import &wanted,
                                      const Import &given) {
  const wasm::FunctionType &type = functionType(wanted.index);
  if (std::holds_alternative<std::monostate>(given.external)) {
    if (given.type != type)
      return error("engine.import-type",
                   "incompatible import type: `{}` `{}` needs {}, the host "
                   "gives {}",
                   wanted.module, wanted.name, type.str(), given.type.str());
    hosts_[wanted.index] = given.function;
    const HostFunction::Direct &direct = given.function.direct();
    if (given.function.isLeaf() && direct.code)
      directHosts_[wanted.index] = {direct.code, direct.closure.get(), this};
    return {};
  }
  auto *const *function = std::get_if<Function *>(&given.external);
  if (!function || !dynamic_cast<NativeFunction *>(*function))
    return mistyped(wanted);
  if ((*function)->type() != type)
    return error("engine.import-type",
                 "incompatible import type: `{}` `{}` needs {}, the host "
                 "gives {}",
                 wanted.module, wanted.name, type.str(),
                 (*function)->type().str());
  records_[wanted.index] = recordOf((*function)->reference().bits);
  return {};
}

Result<> NativeInstance::linkOther(const wasm::Import &wanted,
                                   const Import &given) {
  switch (wanted.kind) {
  case wasm::ExternKind::Table: {
    auto *const *table = std::get_if<Table *>(&given.external);
    auto *own = table ? dynamic_cast<NativeTable *>(*table) : nullptr;
    if (!own || !fits(own->type(), module_->tables[wanted.index].type))
      return mistyped(wanted);
    tables_.push_back(own);
    return {};
  }
  case wasm::ExternKind::Memory: {
    auto *const *memory = std::get_if<Memory *>(&given.external);
    auto *own = memory ? dynamic_cast<NativeMemory *>(*memory) : nullptr;
    if (!own || !fits(own->type(), module_->memories[wanted.index]))
      return mistyped(wanted);
    memories_.push_back(own);
    return {};
  }
  default: {
    auto *const *global = std::get_if<Global *>(&given.external);
    auto *own = global ? dynamic_cast<NativeGlobal *>(*global) : nullptr;
    if (!own || !fits(own->type(), module_->globals[wanted.index].type))
      return mistyped(wanted);
    globals_.push_back(own);
    return {};
  }
  }
}

Result<> NativeInstance::makeMemories() {
  for (size_t i = memories_.size(); i < module_->memories.size(); ++i)
    memories_.push_back(RUNE_TRY(store_.newMemory(module_->memories[i])));
  return {};
}

Result<> NativeInstance::makeTables() {
  for (size_t i = tables_.size(); i < module_->tables.size(); ++i) {
    const wasm::Table &table = module_->tables[i];
    uint64_t initial =
        table.initial.code.empty() ? 0 : evaluate(table.initial).bits;
    tables_.push_back(RUNE_TRY(store_.newTable(table.type, initial)));
  }
  return {};
}

void NativeInstance::makeGlobals() {
  for (auto i = static_cast<uint32_t>(globals_.size());
       i < module_->globals.size(); ++i) {
    const wasm::Global &global = module_->globals[i];
    ownGlobals_.push_back(
        std::make_unique<NativeGlobal>(global.type, field(layout_.global(i))));
    ownGlobals_.back()->set(evaluate(global.initial));
    globals_.push_back(ownGlobals_.back().get());
  }
}

void NativeInstance::fillContext() {
  context().functions = records_.data();
  context().hosts = directHosts_.data();
  auto put = [&](uint32_t offset, auto value) {
    storeUnaligned(field(offset), value);
  };
  for (uint32_t i = 0; i < memories_.size(); ++i)
    put(layout_.memory(i),
        MemorySlot{memories_[i]->base(), memories_[i]->state()});
  for (uint32_t i = 0; i < tables_.size(); ++i)
    put(layout_.table(i), tables_[i]->state());
  for (uint32_t i = 0; i < module_->importedGlobals; ++i)
    put(layout_.global(i), globals_[i]->cell());
  for (uint32_t i = 0; i < module_->types.size(); ++i)
    put(layout_.type(i), store_.typeNumber(module_->types[i]));
}

void NativeInstance::makeSegments() {
  for (const wasm::ElementSegment &segment : module_->elements) {
    std::vector<uint64_t> &references = elements_.emplace_back();
    if (segment.mode == wasm::SegmentMode::Declarative)
      continue;
    for (uint32_t function : segment.functions)
      references.push_back(reinterpret_cast<uint64_t>(records_[function].self));
    for (const wasm::ConstantExpression &each : segment.expressions)
      references.push_back(evaluate(each).bits);
  }
  for (const wasm::DataSegment &segment : module_->data)
    data_.push_back(segment.bytes);
}

MaybeTrap NativeInstance::copyActiveSegments() {
  for (uint32_t i = 0; i < module_->elements.size(); ++i) {
    const wasm::ElementSegment &segment = module_->elements[i];
    if (segment.mode != wasm::SegmentMode::Active)
      continue;
    uint64_t to = evaluate(segment.offset).bits;
    if (MaybeTrap trap =
            initTable(*this, segment.table, i, to, 0, elements_[i].size()))
      return trap;
    elements_[i] = {};
  }
  for (uint32_t i = 0; i < module_->data.size(); ++i) {
    const wasm::DataSegment &segment = module_->data[i];
    if (segment.mode != wasm::SegmentMode::Active)
      continue;
    uint64_t to = evaluate(segment.offset).bits;
    if (MaybeTrap trap =
            initMemory(*this, segment.memory, i, to, 0, segment.bytes.size()))
      return trap;
    data_[i] = {};
  }
  return {};
}

Value NativeInstance::evaluate(
    const wasm::ConstantExpression &expression) const {
  return evaluateConstant(
      *module_, expression,
      {[&](uint32_t function) {
         return Value{reinterpret_cast<uint64_t>(records_[function].self)};
       },
       [&](uint32_t global) { return globals_[global]->get(); }});
}

} // namespace rune::engine::native
