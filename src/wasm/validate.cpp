// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The module as a whole (core 2.0, section 3.4); bodies and constant
// expressions are the FunctionValidator's.
#include "wasm/validate.h"

#include "wasm/function_validator.h"
#include "wasm/limits.h"

#include <algorithm>

namespace rune::wasm {

namespace {

class ModuleValidator {
public:
  explicit ModuleValidator(const Module &module)
      : module_(module), context_{module, {}}, functions_(context_) {}

  Result<> validate() {
    RUNE_TRY(checkFunctionTypes());
    RUNE_TRY(checkTables());
    RUNE_TRY(checkMemories());
    RUNE_TRY(checkExports());
    RUNE_TRY(checkStart());
    RUNE_TRY(checkGlobals());
    for (size_t i = 0; i < module_.elements.size(); ++i)
      RUNE_TRY(checkElements(i));
    for (size_t i = 0; i < module_.data.size(); ++i)
      RUNE_TRY(checkData(i));
    RUNE_TRY(declareReferences());
    for (size_t i = 0; i < module_.bodies.size(); ++i)
      RUNE_TRY(functions_.validateBody(module_.importedFunctions +
                                       static_cast<uint32_t>(i)));
    return {};
  }

private:
  /// Indices carry no place of their own; the message names the user.
  template <class... Args>
  Diagnostic invalid(fmt::format_string<Args...> text, Args &&...args) const {
    return error("wasm.invalid", text, std::forward<Args>(args)...)
        .at({module_.source, {}});
  }

  Result<> checkFunctionTypes() const {
    for (size_t i = 0; i < module_.functions.size(); ++i)
      if (module_.functions[i] >= module_.types.size())
        return invalid("unknown type {} of function {}", module_.functions[i],
                       i);
    return {};
  }

  Result<> checkSize(const SizeLimits &size, std::string_view what,
                     size_t index) const {
    if (size.maximum && size.minimum > *size.maximum)
      return invalid("size minimum must not be greater than maximum: {} {} has "
                     "{} and {}",
                     what, index, size.minimum, *size.maximum);
    return {};
  }

  Result<> checkTables() {
    for (size_t i = 0; i < module_.tables.size(); ++i) {
      const Table &table = module_.tables[i];
      const SizeLimits &elements = table.type.elements;
      RUNE_TRY(checkSize(elements, "table", i));
      if (table.type.address == ValueType::I32 &&
          std::max(elements.minimum, elements.maximum.value_or(0)) > UINT32_MAX)
        return invalid("table size must be at most 2^32-1, table {}", i);
      if (!table.initial.code.empty())
        RUNE_TRY(functions_.validateConstant(table.initial, table.type.element,
                                             module_.importedGlobals));
    }
    return {};
  }

  /// In pages.
  static uint64_t mostPages(const MemoryType &memory) {
    return limits::memoryPages(memory.address == ValueType::I64,
                               memory.pageSizeLog2);
  }

  Result<> checkMemories() const {
    if (module_.memories.size() > 1 && !module_.features.multiMemory)
      return invalid("multiple memories");
    for (size_t i = 0; i < module_.memories.size(); ++i) {
      const MemoryType &memory = module_.memories[i];
      RUNE_TRY(checkSize(memory.pages, "memory", i));
      uint64_t stated =
          std::max(memory.pages.minimum, memory.pages.maximum.value_or(0));
      if (stated > mostPages(memory))
        return invalid("memory size must be at most {} pages{}, memory {} has "
                       "{}",
                       mostPages(memory),
                       memory.address == ValueType::I32 ? " (4GiB)" : "", i,
                       stated);
    }
    return {};
  }

  size_t spaceSize(ExternKind kind) const {
    switch (kind) {
    case ExternKind::Function:
      return module_.functions.size();
    case ExternKind::Table:
      return module_.tables.size();
    case ExternKind::Memory:
      return module_.memories.size();
    case ExternKind::Global:
      return module_.globals.size();
    }
    return 0;
  }

  Result<> checkExports() const {
    std::vector<std::string_view> names;
    for (const Export &entry : module_.exports) {
      if (entry.index >= spaceSize(entry.kind))
        return invalid("unknown {} {} in export `{}`",
                       externKindName(entry.kind), entry.index, entry.name);
      names.push_back(entry.name);
    }
    // Sorted, not hashed: a stranger chooses the names.
    std::sort(names.begin(), names.end());
    auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end())
      return invalid("duplicate export name `{}`", *twice);
    return {};
  }

  Result<> checkStart() const {
    if (!module_.start)
      return {};
    if (*module_.start >= module_.functions.size())
      return invalid("unknown function {} as start", *module_.start);
    if (module_.functionType(*module_.start) != FunctionType{})
      return invalid("start function {} must have type () -> (), has {}",
                     *module_.start,
                     module_.functionType(*module_.start).str());
    return {};
  }

  Result<> checkGlobals() {
    for (size_t i = module_.importedGlobals; i < module_.globals.size(); ++i)
      RUNE_TRY(functions_.validateConstant(
          module_.globals[i].initial, module_.globals[i].type.value,
          module_.features.ownGlobalsInConstants ? i
                                                 : module_.importedGlobals));
    return {};
  }

  /// What the constants of segments see: core 2.0 showed them imports only.
  size_t globalsForSegments() const {
    return module_.features.ownGlobalsInConstants ? module_.globals.size()
                                                  : module_.importedGlobals;
  }

  Result<> checkElements(size_t index) {
    const ElementSegment &segment = module_.elements[index];
    if (segment.mode == SegmentMode::Active) {
      if (segment.table >= module_.tables.size())
        return invalid("unknown table {} of elem segment {}", segment.table,
                       index);
      const TableType &table = module_.tables[segment.table].type;
      if (table.element != segment.type)
        return invalid("type mismatch: elem segment {} of {} for table {} of "
                       "{}",
                       index, valueTypeName(segment.type), segment.table,
                       valueTypeName(table.element));
      RUNE_TRY(functions_.validateConstant(segment.offset, table.address,
                                           globalsForSegments()));
    }
    for (uint32_t function : segment.functions)
      if (function >= module_.functions.size())
        return invalid("unknown function {} in elem segment {}", function,
                       index);
    for (const ConstantExpression &expression : segment.expressions)
      RUNE_TRY(functions_.validateConstant(expression, segment.type,
                                           globalsForSegments()));
    return {};
  }

  Result<> checkData(size_t index) {
    const DataSegment &segment = module_.data[index];
    if (segment.mode != SegmentMode::Active)
      return {};
    if (segment.memory >= module_.memories.size())
      return invalid("unknown memory {} of data segment {}", segment.memory,
                     index);
    return functions_.validateConstant(segment.offset,
                                       module_.memories[segment.memory].address,
                                       globalsForSegments());
  }

  /// Functions named in exports, elements and globals (3.4.10).
  Result<> declareReferences() {
    context_.declaredReferences.resize(module_.functions.size());
    for (const Export &entry : module_.exports)
      if (entry.kind == ExternKind::Function)
        context_.declaredReferences[entry.index] = true;
    for (const Global &global : module_.globals)
      RUNE_TRY(declareIn(global.initial));
    for (const Table &table : module_.tables)
      RUNE_TRY(declareIn(table.initial));
    for (const ElementSegment &segment : module_.elements) {
      for (uint32_t function : segment.functions)
        context_.declaredReferences[function] = true;
      for (const ConstantExpression &expression : segment.expressions)
        RUNE_TRY(declareIn(expression));
    }
    return {};
  }

  Result<> declareIn(const ConstantExpression &expression) {
    Reader reader(expression.code, module_.source, expression.offset, true);
    reader.setFeatures(module_.features);
    Instruction instruction;
    while (!reader.atEnd()) {
      RUNE_TRY(readInstruction(reader, instruction));
      if (instruction.opcode == Opcode::RefFunc)
        context_.declaredReferences[instruction.index] = true;
    }
    return {};
  }

  const Module &module_;
  ValidationContext context_;
  FunctionValidator functions_;
};

} // namespace

/// Every instruction of every body, only read.
static Result<> readBodies(const Module &module) {
  Instruction instruction;
  for (size_t i = 0; i < module.bodies.size(); ++i) {
    const FunctionBody &body = module.bodies[i];
    Reader reader(body.code, module.source, body.offset, true);
    reader.setFeatures(module.features);
    while (!reader.atEnd())
      if (auto read = readInstruction(reader, instruction); !read) {
        Diagnostic why = std::move(read).error();
        why.message +=
            fmt::format(" in function {}", module.importedFunctions + i);
        return why;
      }
  }
  return {};
}

Result<> validate(const Module &module) {
  auto judged = ModuleValidator(module).validate();
  // What cannot be read outweighs what is invalid: decoding comes first in the
  // specification, and here bodies are read while they are judged.
  if (!judged && judged.error().code == "wasm.invalid")
    RUNE_TRY(readBodies(module));
  return judged;
}

} // namespace rune::wasm
