// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Instructions whose types depend on more than the opcode: references,
// variables, tables, memory (core 2.0, sections 3.3.2 to 3.3.7).
#include "wasm/function_validator.h"

#include <algorithm>

namespace rune::wasm {

Result<ValueType> FunctionValidator::local(uint32_t index) const {
  auto run = std::upper_bound(
      locals_.begin(), locals_.end(), index,
      [](uint32_t wanted, const LocalsEnd &run) { return wanted < run.end; });
  if (run == locals_.end())
    return unknown("local", index);
  return run->type;
}

Result<const TableType *> FunctionValidator::table(uint32_t index) const {
  if (index >= module_.tables.size())
    return unknown("table", index);
  return &module_.tables[index];
}

Result<> FunctionValidator::checkMemory() const {
  if (module_.memories.empty())
    return unknown("memory", 0);
  return {};
}

Result<> FunctionValidator::select() {
  RUNE_TRY(pop(ValueType::I32));
  ValueType second = RUNE_TRY(pop());
  ValueType first = RUNE_TRY(pop(second));
  ValueType type = first == unknownType ? second : first;
  if (isReference(first) || isReference(second))
    return mismatch("numbers", "a reference");
  return push(type);
}

Result<> FunctionValidator::selectTyped() {
  if (instruction_.types.size() != 1)
    return fail("invalid result arity",
                fmt::format("`select` of {} types", instruction_.types.size()));
  ValueType type = instruction_.types[0];
  RUNE_TRY(pop(ValueType::I32));
  RUNE_TRY(pop(type));
  RUNE_TRY(pop(type));
  return push(type);
}

Result<> FunctionValidator::localAccess() {
  ValueType type = RUNE_TRY(local(instruction_.index));
  if (instruction_.opcode != Opcode::LocalGet)
    RUNE_TRY(pop(type));
  if (instruction_.opcode != Opcode::LocalSet)
    return push(type);
  return {};
}

Result<> FunctionValidator::globalGet() {
  // Constant expressions see imported globals only (3.4.4).
  size_t visible = function_ ? module_.globals.size() : module_.importedGlobals;
  if (instruction_.index >= visible)
    return unknown("global", instruction_.index);
  const GlobalType &type = module_.globals[instruction_.index].type;
  if (!function_ && type.isMutable)
    return fail("constant expression required", "the global is mutable");
  return push(type.value);
}

Result<> FunctionValidator::globalSet() {
  if (instruction_.index >= module_.globals.size())
    return unknown("global", instruction_.index);
  const GlobalType &type = module_.globals[instruction_.index].type;
  if (!type.isMutable)
    return fail("global is immutable",
                fmt::format("global {}", instruction_.index));
  RUNE_TRY(pop(type.value));
  return {};
}

Result<> FunctionValidator::refIsNull() {
  ValueType type = RUNE_TRY(pop());
  if (type != unknownType && !isReference(type))
    return mismatch("a reference", valueTypeName(type));
  return push(ValueType::I32);
}

Result<> FunctionValidator::refFunc() {
  if (instruction_.index >= module_.functions.size())
    return unknown("function", instruction_.index);
  if (function_ && !context_.declaredReferences[instruction_.index])
    return fail("undeclared function reference",
                fmt::format("function {}", instruction_.index));
  return push(ValueType::FuncRef);
}

Result<> FunctionValidator::tableAccess() {
  ValueType element = RUNE_TRY(table(instruction_.index))->element;
  switch (instruction_.opcode) {
  case Opcode::TableGet:
    RUNE_TRY(pop(ValueType::I32));
    return push(element);
  case Opcode::TableSet:
    RUNE_TRY(pop(element));
    RUNE_TRY(pop(ValueType::I32));
    return {};
  case Opcode::TableGrow:
    RUNE_TRY(pop(ValueType::I32));
    RUNE_TRY(pop(element));
    return push(ValueType::I32);
  case Opcode::TableFill:
    RUNE_TRY(pop(ValueType::I32));
    RUNE_TRY(pop(element));
    RUNE_TRY(pop(ValueType::I32));
    return {};
  default: // table.size
    return push(ValueType::I32);
  }
}

static constexpr ValueType threeWords[] = {ValueType::I32, ValueType::I32,
                                           ValueType::I32};

Result<> FunctionValidator::elementDrop() {
  if (instruction_.index >= module_.elements.size())
    return unknown("elem segment", instruction_.index);
  return {};
}

Result<> FunctionValidator::tableInit() {
  const TableType &target = *RUNE_TRY(table(instruction_.secondIndex));
  RUNE_TRY(elementDrop());
  ValueType given = module_.elements[instruction_.index].type;
  if (given != target.element)
    return mismatch(valueTypeName(target.element), valueTypeName(given));
  return pop(threeWords);
}

Result<> FunctionValidator::tableCopy() {
  const TableType &target = *RUNE_TRY(table(instruction_.index));
  const TableType &from = *RUNE_TRY(table(instruction_.secondIndex));
  if (target.element != from.element)
    return mismatch(valueTypeName(target.element), valueTypeName(from.element));
  return pop(threeWords);
}

Result<> FunctionValidator::dataAccess() {
  if (!module_.dataCount)
    return placed(
        error("wasm.malformed", "data count section required").at(here()));
  if (instruction_.opcode == Opcode::MemoryInit)
    RUNE_TRY(checkMemory());
  if (instruction_.index >= *module_.dataCount)
    return unknown("data segment", instruction_.index);
  return {};
}

Result<> FunctionValidator::memoryAccess() {
  RUNE_TRY(checkMemory());
  if (instruction_.info->immediates == Immediates::MemoryArgument &&
      instruction_.alignment > instruction_.info->naturalAlignment)
    return fail("alignment must not be larger than natural",
                fmt::format("`{}` at 2^{}", instruction_.info->text,
                            instruction_.alignment));
  return {};
}

/// source  core 2.0, section 3.3.10, and the extended-const proposal
Result<> FunctionValidator::stepConstant() {
  switch (instruction_.opcode) {
  case Opcode::I32Const:
  case Opcode::I64Const:
  case Opcode::F32Const:
  case Opcode::F64Const:
  case Opcode::RefNull:
  case Opcode::RefFunc:
  case Opcode::GlobalGet:
  case Opcode::End:
  case Opcode::I32Add:
  case Opcode::I32Sub:
  case Opcode::I32Mul:
  case Opcode::I64Add:
  case Opcode::I64Sub:
  case Opcode::I64Mul:
    return {};
  default:
    return fail("constant expression required",
                fmt::format("found `{}`", instruction_.info->text));
  }
}

Result<> FunctionValidator::stepSpecial() {
  switch (instruction_.opcode) {
  case Opcode::Unreachable:
    setUnreachable();
    return {};
  case Opcode::Block:
  case Opcode::Loop:
  case Opcode::If:
    return openBlock();
  case Opcode::Else:
    return stepElse();
  case Opcode::End:
    return stepEnd();
  case Opcode::Br:
    return branch();
  case Opcode::BrIf:
    return branchIf();
  case Opcode::BrTable:
    return branchTable();
  case Opcode::Return:
    RUNE_TRY(pop(controls_.front().end));
    setUnreachable();
    return {};
  case Opcode::Call:
    return call();
  case Opcode::CallIndirect:
    return callIndirect();
  case Opcode::RefNull:
    return push(instruction_.type);
  case Opcode::RefIsNull:
    return refIsNull();
  case Opcode::RefFunc:
    return refFunc();
  case Opcode::Drop:
    RUNE_TRY(pop());
    return {};
  case Opcode::Select:
    return select();
  case Opcode::SelectTyped:
    return selectTyped();
  case Opcode::LocalGet:
  case Opcode::LocalSet:
  case Opcode::LocalTee:
    return localAccess();
  case Opcode::GlobalGet:
    return globalGet();
  case Opcode::GlobalSet:
    return globalSet();
  case Opcode::TableInit:
    return tableInit();
  case Opcode::TableCopy:
    return tableCopy();
  case Opcode::ElemDrop:
    return elementDrop();
  default:
    return tableAccess();
  }
}

} // namespace rune::wasm
