// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Control instructions (core 2.0, sections 3.3.8 and 5.4.1).
#include "wasm/function_validator.h"

#include <algorithm>

namespace rune::wasm {

Result<> FunctionValidator::openBlock() {
  if (instruction_.opcode == Opcode::If)
    RUNE_TRY(pop(ValueType::I32));
  const BlockType &block = instruction_.block;
  if (block.kind == BlockType::Kind::Index &&
      block.index >= module_.types.size())
    return unknown("type", block.index);
  Types start = blockParameters(module_, block);
  Types end = blockResults(module_, block);
  RUNE_TRY(pop(start));
  return open(instruction_.opcode, start, end);
}

Result<> FunctionValidator::stepElse() {
  if (controls_.back().opcode != Opcode::If)
    return placed(error("wasm.malformed", "illegal opcode 05: `else` without "
                                          "its `if`")
                      .at(here()));
  Control control = RUNE_TRY(close());
  return open(Opcode::Else, control.start, control.end);
}

Result<> FunctionValidator::stepEnd() {
  Control control = RUNE_TRY(close());
  if (control.opcode == Opcode::If &&
      !std::equal(control.start.begin(), control.start.end(),
                  control.end.begin(), control.end.end()))
    return fail("type mismatch", "`if` without `else` must leave what it took");
  if (controls_.empty())
    return {};
  return push(control.end);
}

Result<> FunctionValidator::branch() {
  const Control &target = *RUNE_TRY(label(instruction_.index));
  RUNE_TRY(pop(target.label()));
  setUnreachable();
  return {};
}

Result<> FunctionValidator::branchIf() {
  RUNE_TRY(pop(ValueType::I32));
  Types types = RUNE_TRY(label(instruction_.index))->label();
  RUNE_TRY(pop(types));
  return push(types);
}

Result<> FunctionValidator::branchTable() {
  RUNE_TRY(pop(ValueType::I32));
  Types standard = RUNE_TRY(label(instruction_.labels.back()))->label();
  const ValueType *checked = nullptr;
  for (uint32_t depth : instruction_.labels) {
    Types types = RUNE_TRY(label(depth))->label();
    if (types.size() != standard.size())
      return mismatch(fmt::format("labels of {} operands", standard.size()),
                      fmt::format("one of {}", types.size()));
    // Long tables name few labels: the same list is judged once in a row.
    if (types.data() != checked)
      RUNE_TRY(checkTop(types));
    checked = types.data();
  }
  RUNE_TRY(pop(standard));
  setUnreachable();
  return {};
}

Result<> FunctionValidator::call() {
  if (instruction_.index >= module_.functions.size())
    return unknown("function", instruction_.index);
  const FunctionType &type = module_.functionType(instruction_.index);
  RUNE_TRY(pop(type.parameters));
  if (instruction_.opcode == Opcode::ReturnCall)
    return returnAfterCall(type);
  return push(type.results);
}

/// A tail call's results are the function's own.
Result<> FunctionValidator::returnAfterCall(const FunctionType &type) {
  Types own = controls_.front().end;
  if (!std::equal(own.begin(), own.end(), type.results.begin(),
                  type.results.end()))
    return mismatch("the results of the function it is in", type.str());
  setUnreachable();
  return {};
}

Result<> FunctionValidator::callIndirect() {
  const TableType &called = *RUNE_TRY(table(instruction_.secondIndex));
  if (called.element != ValueType::FuncRef)
    return mismatch("a table of funcref", "one of externref");
  if (instruction_.index >= module_.types.size())
    return unknown("type", instruction_.index);
  const FunctionType &type = module_.types[instruction_.index];
  RUNE_TRY(pop(called.address));
  RUNE_TRY(pop(type.parameters));
  if (instruction_.opcode == Opcode::ReturnCallIndirect)
    return returnAfterCall(type);
  return push(type.results);
}

} // namespace rune::wasm
