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
  return &module_.tables[index].type;
}

Result<const MemoryType *> FunctionValidator::memory(uint32_t index) const {
  if (index >= module_.memories.size())
    return unknown("memory", index);
  return &module_.memories[index];
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
  size_t visible = function_ ? module_.globals.size() : visibleGlobals_;
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
  const TableType &accessed = *RUNE_TRY(table(instruction_.index));
  ValueType element = accessed.element, address = accessed.address;
  switch (instruction_.opcode) {
  case Opcode::TableGet:
    RUNE_TRY(pop(address));
    return push(element);
  case Opcode::TableSet:
    RUNE_TRY(pop(element));
    RUNE_TRY(pop(address));
    return {};
  case Opcode::TableGrow:
    RUNE_TRY(pop(address));
    RUNE_TRY(pop(element));
    return push(address);
  case Opcode::TableFill:
    RUNE_TRY(pop(address));
    RUNE_TRY(pop(element));
    RUNE_TRY(pop(address));
    return {};
  default: // table.size
    return push(address);
  }
}

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
  const ValueType operands[] = {target.address, ValueType::I32, ValueType::I32};
  return pop(operands);
}

/// The length of a copy fits both ends.
static ValueType narrower(ValueType a, ValueType b) {
  return a == ValueType::I32 ? a : b;
}

Result<> FunctionValidator::tableCopy() {
  const TableType &target = *RUNE_TRY(table(instruction_.index));
  const TableType &from = *RUNE_TRY(table(instruction_.secondIndex));
  if (target.element != from.element)
    return mismatch(valueTypeName(target.element), valueTypeName(from.element));
  const ValueType operands[] = {target.address, from.address,
                                narrower(target.address, from.address)};
  return pop(operands);
}

Result<> FunctionValidator::memoryCopy() {
  ValueType target = RUNE_TRY(memory(instruction_.index))->address;
  ValueType from = RUNE_TRY(memory(instruction_.secondIndex))->address;
  const ValueType operands[] = {target, from, narrower(target, from)};
  return pop(operands);
}

Result<> FunctionValidator::dataAccess() {
  if (!module_.dataCount)
    return placed(
        error("wasm.malformed", "data count section required").at(here()));
  if (instruction_.opcode == Opcode::MemoryInit)
    RUNE_TRY(memory(instruction_.secondIndex));
  if (instruction_.index >= *module_.dataCount)
    return unknown("data segment", instruction_.index);
  return {};
}

Result<> FunctionValidator::memoryAccess() {
  const MemoryType &accessed = *RUNE_TRY(memory(instruction_.index));
  if (instruction_.info->immediates == Immediates::MemoryIndex)
    return {};
  if (instruction_.alignment > instruction_.info->naturalAlignment)
    return fail("alignment must not be larger than natural",
                fmt::format("`{}` at 2^{}", instruction_.info->text,
                            instruction_.alignment));
  if (accessed.address == ValueType::I32 && instruction_.bits > UINT32_MAX)
    return fail("offset out of range", fmt::format("{}", instruction_.bits));
  return {};
}

/// How many lanes the instruction's vector has, from the shape in its name or
/// the width of the access.
static uint32_t laneCount(const OpcodeInfo &info) {
  if (info.immediates == Immediates::MemoryArgumentLane)
    return 16u >> info.naturalAlignment;
  size_t times = info.text.find('x');
  return info.text.substr(times + 1, 2) == "16"
             ? 16
             : static_cast<uint32_t>(info.text[times + 1] - '0');
}

Result<> FunctionValidator::laneAccess() const {
  uint32_t lane = instruction_.lane, lanes = laneCount(*instruction_.info);
  if (instruction_.info->immediates == Immediates::Lanes) {
    lane =
        *std::max_element(instruction_.bytes.begin(), instruction_.bytes.end());
    lanes = 32;
  }
  if (lane >= lanes)
    return fail(
        "invalid lane index",
        fmt::format("{} of {} in `{}`", lane, lanes, instruction_.info->text));
  return {};
}

/// source  core 2.0, section 3.3.10, and the extended-const proposal
Result<> FunctionValidator::stepConstant() {
  switch (instruction_.opcode) {
  case Opcode::I32Const:
  case Opcode::I64Const:
  case Opcode::F32Const:
  case Opcode::F64Const:
  case Opcode::V128Const:
  case Opcode::RefNull:
  case Opcode::RefFunc:
  case Opcode::GlobalGet:
  case Opcode::End:
    return {};
  case Opcode::I32Add:
  case Opcode::I32Sub:
  case Opcode::I32Mul:
  case Opcode::I64Add:
  case Opcode::I64Sub:
  case Opcode::I64Mul:
    if (module_.features.extendedConst)
      return {};
    [[fallthrough]];
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
  case Opcode::ReturnCall:
    return call();
  case Opcode::CallIndirect:
  case Opcode::ReturnCallIndirect:
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
  case Opcode::MemoryCopy:
    return memoryCopy();
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
